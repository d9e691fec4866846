"""One entry of the pipeline or of the policies, in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rebake.assistant.model import ComponentSpec
from rebake.errors import DataError
from rebake.registry.component_type import ComponentType


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


@contextmanager
def located(node: Node) -> Iterator[None]:
    """Give errors that have no place the line of the node in config.yml."""
    try:
        yield
    except DataError as error:
        if error.location is None:
            error.location = node.spec.location
        raise
