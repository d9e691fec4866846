"""What a component of the pipeline is, and what it is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from rebake.assistant.model import Domain, NluData
from rebake.base.training_context import TrainingContext
from rebake.nlu.message import Message
from rebake.nlu.training_messages import training_messages


@dataclass
class TrainingData:
    """The messages to train on, already processed by the earlier components, and the data they came from.

    Pipelines learn from ``messages`` in the order of :mod:`rebake.staleness.canonical_order`; ``data`` is as written.
    ``domain`` is empty when NLU is trained alone. ``stories`` is what end-to-end stories add to the vocabularies of
    featurizers: messages of one name or text each, which no classifier or extractor learns from.
    """

    messages: list[Message]
    data: NluData
    domain: Domain
    stories: list[Message] = field(default_factory=list)

    @property
    def as_written(self) -> list[Message]:
        """The messages in the order of the files, as they were before any component processed them."""
        return training_messages(self.data.examples, {})

    @property
    def featurized(self) -> list[Message]:
        """All messages that featurizers learn from."""
        return [*self.messages, *self.stories]


class Component(Protocol):
    """One step of the pipeline. ``options`` are merged with the defaults; ``node`` is the id, e.g. DIETClassifier5."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None: ...

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Learn from the messages and return the training metrics (may be empty)."""

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Add to the messages, in place; ``training`` says that labels are present and to be featurized too."""

    def save(self, directory: Path) -> None:
        """Write the files that Rasa 3.6.21 reads into an existing, empty directory."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what ``save`` or Rasa wrote; ``directory`` is None for components without files, and also where Rasa
        wrote none because nothing was learned. Raises ModelError on incomplete or broken files."""


@runtime_checkable
class ContinuingComponent(Protocol):
    """A component whose training can continue an earlier one; fine-tuning trains the others from scratch."""

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Make the next ``train`` go on from what ``save`` or Rasa wrote; None where nothing was learned.

        Called before any component processes the messages, so that what cannot be fine-tuned is refused at once.

        Raises:
            FinetuningError: the data has other labels, or the component learned nothing.
            ModelError: the files are incomplete or broken.
        """
