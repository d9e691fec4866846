"""FallbackClassifier: the intent nlu_fallback where no intent is sure enough, or two are too close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message

FALLBACK_INTENT = "nlu_fallback"


class FallbackClassifier:
    """Puts ``nlu_fallback`` first, its confidence being the threshold. Nothing is learned."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._threshold: float = options["threshold"]
        self._ambiguity_threshold: float = options["ambiguity_threshold"]

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            if self._is_unsure(message):
                message.intent = {"name": FALLBACK_INTENT, "confidence": self._threshold}
                message.intent_ranking.insert(0, dict(message.intent))

    def _is_unsure(self, message: Message) -> bool:
        if message.intent is None or message.intent["confidence"] < self._threshold:
            return True
        if len(message.intent_ranking) < 2:
            return False
        first, second = (entry["confidence"] for entry in message.intent_ranking[:2])
        return bool(first - second < self._ambiguity_threshold)

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)
