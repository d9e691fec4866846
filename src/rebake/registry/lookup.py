"""Look-ups of components and policies by the names that config.yml and metadata.json give them.

Reading the registry imports neither TensorFlow nor the components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from rebake.assistant.model import ComponentSpec
from rebake.assistant.reading import did_you_mean
from rebake.errors import DataError, UnsupportedError
from rebake.registry import policies
from rebake.registry.entry import Entry, Section
from rebake.registry.nlu import classifiers, extractors, featurizers, providers, tokenizers

_TABLES: Final[dict[Section, dict[str, Entry]]] = {"pipeline": {}, "policies": {}}
_NOUNS: Final[Mapping[Section, str]] = {"pipeline": "component", "policies": "policy"}
_WITH_RASA: Final = "let your own Rasa train this part (`rebake train --rasa PATH`)."

COMPONENTS: Final[Mapping[str, Entry]] = MappingProxyType(_TABLES["pipeline"])
POLICIES: Final[Mapping[str, Entry]] = MappingProxyType(_TABLES["policies"])


def register(entry: Entry) -> None:
    """Make an entry known; its name must be new."""
    if entry.name in COMPONENTS or entry.name in POLICIES:
        raise ValueError(f"the registry has {entry.name} already")
    _TABLES[entry.section][entry.name] = entry


for _module in (providers, tokenizers, featurizers, classifiers, extractors, policies):
    for _entry in _module.ENTRIES:
        register(_entry)


@contextmanager
def registered(entry: Entry) -> Iterator[Entry]:
    """Register an entry for a while, as tests do."""
    register(entry)
    try:
        yield entry
    finally:
        del _TABLES[entry.section][entry.name]


def find(name: str, section: Section = "pipeline") -> Entry | None:
    """Find the entry of a short name or of the dotted path of Rasa's class; None where Rasa 3.6 does not know it."""
    table = _TABLES[section]
    if name in table or "." not in name:
        return table.get(name)
    return next((entry for entry in table.values() if entry.rasa_class == name), None)


def require(spec: ComponentSpec, section: Section) -> Entry:
    """Return the entry of one line of ``pipeline:`` or ``policies:``, whether or not it can be trained here.

    Raises:
        DataError: a name that Rasa 3.6 does not know, misspelt or of an older version.
        UnsupportedError: a custom component or policy (a dotted path that is not Rasa's).
    """
    entry = find(spec.name, section)
    if entry is not None:
        return entry
    noun = _NOUNS[section]
    if "." in spec.name:
        raise UnsupportedError(
            f"{section}: '{spec.name}' is a custom {noun}, and rebake runs no code of the assistant.",
            location=spec.location,
            fix=f"Remove it, or use {_supported(section)}; {_WITH_RASA}",
        )
    raise DataError(
        f"{section}: there is no {noun} '{spec.name}' in Rasa 3.6.{did_you_mean(spec.name, _TABLES[section])}",
        location=spec.location,
        fix=f"Use {_supported(section)}.",
    )


def require_trainable(spec: ComponentSpec, section: Section) -> Entry:
    """As :func:`require`, for what is to be trained or run here.

    Raises:
        DataError: as :func:`require`.
        UnsupportedError: Rasa has it, rebake does not (yet, or ever: the message says why).
    """
    entry = require(spec, section)
    if entry.refusal is not None:
        reason, instead = entry.refusal
        message = f"{section}: {entry.name} is not supported: {reason}"
        raise UnsupportedError(message, location=spec.location, fix=f"{instead} Otherwise {_WITH_RASA}")
    if entry.implementation is None:
        raise UnsupportedError(
            f"{section}: rebake does not train {entry.name} yet.",
            location=spec.location,
            fix=f"Remove it, or use {_supported(section)}; {_WITH_RASA}",
        )
    return entry


def needs_rasa(spec: ComponentSpec, section: Section) -> bool:
    """Return whether only Rasa itself may be able to train it: a custom class, or one that is not trained here."""
    entry = find(spec.name, section)
    if entry is None:
        return "." in spec.name
    return entry.refusal is not None or entry.implementation is None


def supported_names(section: Section) -> tuple[str, ...]:
    """Return the names of what can be trained and run here, in the order in which components stand in a pipeline."""
    return tuple(entry.name for entry in _TABLES[section].values() if entry.implementation is not None)


def closing_component() -> Entry:
    """Return the component that ends every pipeline by itself."""
    return next(entry for entry in COMPONENTS.values() if entry.closes_pipeline)


def known_or_assumed(spec: ComponentSpec, section: Section) -> Entry:
    """As :func:`require`, and for custom code what :func:`assumed` returns.

    Raises:
        DataError: a name that Rasa 3.6 does not know.
    """
    try:
        return require(spec, section)
    except UnsupportedError:
        return assumed(spec, section)


def assumed(spec: ComponentSpec, section: Section) -> Entry:
    """Return an entry for custom code of the assistant, assuming that it reads everything and feeds all after it."""
    is_custom = not spec.name.startswith("rasa.")  # else of another version of Rasa, of whose kind it is then
    return Entry(
        name=spec.name,
        rasa_class=spec.name,
        kind="featurizer" if section == "pipeline" else "policy",
        is_custom=is_custom,
        reads=frozenset({"intents", "entities", "synonyms", "regexes", "lookups", "responses", "domain"}),
        learns_from_rules=is_custom,
    )


def _supported(section: Section) -> str:
    return ", ".join(supported_names(section))
