"""SpacyEntityExtractor: the named entities that a spaCy model finds by itself (nothing is learned from the data)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message


class SpacyEntityExtractor:
    """Adds entities without a confidence; ``dimensions`` names those that are wanted (empty or null: all)."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._dimensions: list[str] = options["dimensions"] or []

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Run spaCy once more: it recognizes names by their case, and SpacyNLP may have lowercased the texts."""
        if not messages:
            return
        nlp = messages[0].spacy.nlp
        for message, doc in zip(messages, nlp.pipe(message.text for message in messages), strict=True):
            message.entities += [
                {
                    "entity": found.label_,
                    "value": found.text,
                    "start": found.start_char,
                    "confidence": None,
                    "end": found.end_char,
                    "extractor": "SpacyEntityExtractor",
                }
                for found in doc.ents
                if not self._dimensions or found.label_ in self._dimensions
            ]

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)
