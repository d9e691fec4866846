"""Every NLU component that Rasa 3.6.21 knows, as data: reading it imports neither TensorFlow nor the components.

Components without ``implementation`` can be fingerprinted and checked, but not trained here yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from rebake.assistant.model import ComponentSpec
from rebake.errors import DataError, UnsupportedError
from rebake.registry.component_table import ENTRIES
from rebake.registry.component_type import ComponentType

COMPONENTS: Mapping[str, ComponentType] = MappingProxyType({entry.name: entry for entry in ENTRIES})
_BY_CLASS: Mapping[str, ComponentType] = MappingProxyType({entry.rasa_class: entry for entry in ENTRIES})


def find_component(name: str) -> ComponentType | None:
    """The entry of a name as written in config.yml: short, or the dotted path of Rasa's own class; None = unknown."""
    return COMPONENTS.get(name) or _BY_CLASS.get(name)


def component_type(spec: ComponentSpec) -> ComponentType:
    """The entry of one line of ``pipeline:``, whether or not it can be trained here.

    Raises:
        UnsupportedError: a custom component (a dotted path that is not Rasa's).
        DataError: a name that Rasa does not know either.
    """
    entry = find_component(spec.name)
    if entry is not None:
        return entry
    if "." in spec.name:
        raise UnsupportedError(
            f"pipeline: {spec.name!r} is a custom component, and rebake never runs code of the assistant.",
            location=spec.location,
            fix=f"Take it out of the pipeline; supported are {_listed(supported_components())}.",
        )
    close = get_close_matches(spec.name, COMPONENTS, n=1)
    raise DataError(
        f"pipeline: there is no component {spec.name!r} in Rasa 3.6.",
        location=spec.location,
        fix=f"Did you mean {close[0]!r}?" if close else f"Supported are {_listed(supported_components())}.",
    )


def trainable_type(spec: ComponentSpec) -> ComponentType:
    """As :func:`component_type`, for a component that is to be trained or run here.

    Raises:
        UnsupportedError: Rasa has the component, rebake does not (yet, or ever: the message says why).
    """
    entry = component_type(spec)
    if entry.refusal is not None:
        reason, instead = entry.refusal
        raise UnsupportedError(
            f"pipeline: {entry.name} is not supported: {reason}", location=spec.location, fix=instead
        )
    if entry.implementation is None:
        raise UnsupportedError(
            f"pipeline: {entry.name} cannot be trained by rebake yet.",
            location=spec.location,
            fix=f"Use one of the supported components: {_listed(supported_components())}.",
        )
    return entry


def supported_components() -> tuple[str, ...]:
    """Names of the components that are implemented in full, in the order in which they stand in a pipeline."""
    return tuple(entry.name for entry in ENTRIES if entry.implementation)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
