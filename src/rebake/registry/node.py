"""Entries of the pipeline and of the policies, each in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rebake.assistant.model import ComponentSpec, Config
from rebake.errors import DataError
from rebake.registry.entry import Entry, Section
from rebake.registry.lookup import known_or_assumed, require, require_trainable


@dataclass(frozen=True, slots=True)
class Node:
    """One entry of the pipeline or of the policies in its place.

    Attributes:
        id: name as written in config.yml plus its position in its list: ``DIETClassifier5``.
        spec: the entry as written.
        type: its registry entry.
    """

    id: str
    spec: ComponentSpec
    type: Entry

    @property
    def resource(self) -> bool:
        """Whether the graph refers to a directory ``components/train_<id>`` (which may be missing: nothing learned)."""
        return self.type.trained

    @property
    def directory(self) -> str:
        """Name of its directory under ``components/``."""
        return f"train_{self.id}"


@contextmanager
def located(node: Node) -> Iterator[None]:
    """Give errors that have no place the line of the node in config.yml."""
    try:
        yield
    except DataError as error:
        if error.location is None:
            error.location = node.spec.location
        raise


def nodes_of(specs: Sequence[ComponentSpec], section: Section, *, by_rasa: bool = False) -> tuple[Node, ...]:
    """The nodes of a list, whether or not rebake can train them; custom ones only if Rasa trains them (``by_rasa``).

    Raises:
        DataError, UnsupportedError: as :func:`rebake.registry.lookup.require`.
    """
    entry = known_or_assumed if by_rasa else require
    return tuple(Node(f"{spec.name}{place}", spec, entry(spec, section)) for place, spec in enumerate(specs))


def pipeline_nodes(config: Config, *, by_rasa: bool = False) -> tuple[Node, ...]:
    """The components that a model of this configuration has."""
    return nodes_of(config.pipeline, "pipeline", by_rasa=by_rasa)


def policy_nodes(config: Config, *, by_rasa: bool = False) -> tuple[Node, ...]:
    """The policies that a model of this configuration has, with ids as Rasa gives them (name and position).

    Of Rasa's default policies those that rebake does not train are left out.

    Raises:
        DataError: a policy that Rasa does not know.
        UnsupportedError: a custom policy, or one that is not trained yet and was asked for, unless Rasa trains them.
    """
    entry = known_or_assumed if by_rasa else require_trainable
    return tuple(
        Node(f"{spec.name}{place}", spec, entry(spec, "policies"))
        for place, spec in enumerate(config.policies)
        if not is_left_out(spec, config)
    )


def is_left_out(policy: ComponentSpec, config: Config) -> bool:
    """Whether it is one of Rasa's default policies that rebake does not train."""
    return config.policies_is_default and require(policy, "policies").implementation is None
