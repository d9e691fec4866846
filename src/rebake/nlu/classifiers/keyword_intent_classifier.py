"""KeywordIntentClassifier: the first example found in the text, as whole words, gives the intent.

Examples are regular expressions, as Rasa leaves them unescaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.archive.json_files import read_json, write_json
from rebake.base.location import Location
from rebake.base.names import named
from rebake.base.notice_kinds import NoticeKind
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import INTENT, Message

_FILE = "KeywordIntentClassifier.json"


class KeywordIntentClassifier:
    """Sets the intent with confidence 1; without a hit it leaves the intent of an earlier classifier alone."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._flags = 0 if options["case_sensitive"] else re.IGNORECASE
        self._set({})

    def _set(self, intents: dict[str, str]) -> None:
        self._intents = intents
        self._patterns = [(re.compile(rf"\b{keyword}\b", self._flags), intent) for keyword, intent in intents.items()]

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Keep the examples that mean one intent alone, and that occur in no example of another intent."""
        intents: dict[str, str] = {}
        doubtful: set[str] = set()
        places: dict[str, Location | None] = {}
        for message in training.as_written:
            intent = message.attributes.get(INTENT)
            if intent is None:
                continue
            place = None if message.example is None else message.example.location
            places.setdefault(message.text, place)
            if intents.setdefault(message.text, intent) != intent:
                doubtful.add(message.text)
                places[message.text] = place  # where the second intent comes in
            self._check(message)
        kept = {keyword: intent for keyword, intent in intents.items() if keyword not in doubtful}
        inside = {keyword for keyword in kept if self._stands_in_another_intent(keyword, kept)}
        for keyword in sorted(doubtful | inside):
            message_text = f"{named(self.node)}: {keyword!r} belongs to several intents, so it is no keyword."
            context.warn(message_text, places[keyword], NoticeKind.KEYWORD_OF_SEVERAL_INTENTS)
        self._set({keyword: intent for keyword, intent in kept.items() if keyword not in inside})
        return {}

    def _check(self, message: Message) -> None:
        try:
            re.compile(rf"\b{message.text}\b", self._flags)
        except re.error as error:
            raise DataError(
                f"KeywordIntentClassifier reads examples as regular expressions; {message.text!r} is none: {error}.",
                location=message.example.location if message.example is not None else None,
                fix="Escape the character with a backslash, or leave the example out.",
            ) from error

    def _stands_in_another_intent(self, keyword: str, intents: Mapping[str, str]) -> bool:
        pattern = re.compile(rf"\b{keyword}\b", self._flags)
        own = intents[keyword]
        return any(intent != own and pattern.search(other) for other, intent in intents.items())

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            found = next((intent for pattern, intent in self._patterns if pattern.search(message.text)), None)
            if found is not None or message.intent is None:
                message.intent = {"name": found, "confidence": 0.0 if found is None else 1.0}

    def save(self, directory: Path) -> None:
        write_json(directory / _FILE, self._intents)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is not None:
            component._set(read_json(directory / _FILE, dict))
        return component
