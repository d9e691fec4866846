"""ResponseSelector of an assistant without retrieval intents: there is nothing to learn, and nothing is selected.

Rasa's default pipeline names it whether or not there are retrieval intents, and its parse results show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.errors import UnsupportedError
from rebake.nlu.component import TrainingContext, TrainingData
from rebake.nlu.message import Message


class ResponseSelector:
    """Adds to ``response_selector`` of the parse result what Rasa's untrained selector says."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._key: str = options["retrieval_intent"] or "default"

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Nothing is learned; the pipeline refuses retrieval intents before it comes to training."""
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            selection = message.extra.setdefault("response_selector", {"all_retrieval_intents": []})
            selection[self._key] = {
                "response": {
                    "responses": None,
                    "confidence": 0.0,
                    "intent_response_key": None,
                    "utter_action": "utter_None",
                },
                "ranking": [],
            }

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        if directory is not None:
            raise UnsupportedError(
                f"{node} of this model was trained on retrieval intents; rebake does not read ResponseSelector yet.",
                fix="Use Rasa to run this model.",
            )
        return cls(options, node)
