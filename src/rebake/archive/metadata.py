"""metadata.json: the graph of Rasa 3.6 that an archive is loaded by, written and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebake.assistant.location import Location
from rebake.assistant.model import ComponentSpec
from rebake.component import ComponentType

METADATA_NAME = "metadata.json"
COMPONENTS_NAME = "components"


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
    type: ComponentType

    @property
    def resource(self) -> bool:
        """Whether the graph refers to a directory ``components/train_<id>`` (which may be missing: nothing learned)."""
        return self.type.trained

    @property
    def directory(self) -> str:
        """Name of its directory under ``components/``."""
        return f"train_{self.id}"


@dataclass(frozen=True, slots=True)
class StoredNode:
    """A node as metadata.json holds it: ``options`` as the user wrote them, ``resource`` a directory name or None."""

    id: str
    rasa_class: str
    options: Mapping[str, Any]
    resource: str | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What metadata.json says; ``raw`` is the whole of it.

    Attributes:
        domain: as ``Domain.as_dict`` of Rasa gives it; defines the order of actions.
        nlu: the pipeline, in order.
        core: the policies, in order.
        training_type: 1 NLU, 2 Core, 3 both, 4 end to end.
    """

    domain: Mapping[str, Any]
    nlu: tuple[StoredNode, ...]
    core: tuple[StoredNode, ...]
    training_type: int
    language: str | None
    assistant_id: str | None
    model_id: str
    trained_at: str
    raw: Mapping[str, Any] = field(repr=False)


def resolve(nodes: Sequence[StoredNode], lookup: Callable[[ComponentSpec], ComponentType]) -> tuple[Node, ...]:
    """Stored nodes with their registry entries; ``lookup`` is ``component_type`` of the NLU or the Core registry.

    ``spec.name`` of the result is the entry's name, not the dotted class that the archive holds.
    """
    resolved = []
    for node in nodes:
        place = Location(METADATA_NAME, 1)
        found = lookup(ComponentSpec(node.rasa_class, node.options, place))
        resolved.append(Node(node.id, ComponentSpec(found.name, node.options, place), found))
    return tuple(resolved)
