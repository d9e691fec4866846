"""RegexMessageHandler: reads intent and entities from a text such as ``/intent@0.9{"entity": "value"}``.

The last step of every pipeline; it is not written in config.yml.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import Any

from rebake.assistant.domain.names import entity_names, intent_names
from rebake.assistant.model import Domain
from rebake.nlu.message import INTENT, TEXT, Message

logger = logging.getLogger("rebake")

_PATTERN = re.compile(r"^/(?P<intent>[^{@]+)(?P<confidence>@[0-9.]+)?(?P<entities>{.+})?(?P<rest>.*)")


class RegexMessageHandler:
    """Replaces intent, ranking and entities of these messages, and drops what else was found.

    With a domain, an unknown intent leaves the message as it is, and unknown entities are left out.
    """

    def __init__(self, domain: Domain | None = None) -> None:
        self._intents = None if domain is None else frozenset(intent_names(domain))
        self._entities = None if domain is None else frozenset(entity_names(domain))

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages, with those that start with a slash replaced by what they say."""
        return [self._unpacked(message) or message for message in messages]

    def _unpacked(self, message: Message) -> Message | None:
        text = message.text.strip()
        match = _PATTERN.match(text)
        if match is None:
            return None
        intent = match["intent"].strip()
        if self._intents is not None and intent not in self._intents:
            logger.warning("%r: the domain has no intent %r, so this is read as a text.", text, intent)
            return None
        if match["rest"]:
            logger.warning("%r: the part %r is ignored.", text, match["rest"])
        confidence = _confidence(match)
        return Message(
            {TEXT: text, INTENT: intent},
            intent={"name": intent, "confidence": confidence},
            intent_ranking=[{"name": intent, "confidence": confidence}],
            entities=self._found_entities(match),
        )

    def _found_entities(self, match: re.Match[str]) -> list[dict[str, Any]]:
        if match["entities"] is None:
            return []
        try:
            content = json.loads(match["entities"])
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            logger.warning("%r: the entities are not a JSON object, so they are ignored.", match.string)
            return []
        start, end = match.span("entities")
        return [
            {"entity": name, "value": value, "start": start, "end": end, "extractor": "RegexMessageHandler"}
            for name, values in content.items()
            if self._entities is None or name in self._entities
            for value in (values if isinstance(values, list) else [values])
        ]


def _confidence(match: re.Match[str]) -> float:
    """1 where none is written, at most 1, and 0 for what is not a number."""
    if match["confidence"] is None:
        return 1.0
    try:
        return min(1.0, float(match["confidence"][1:]))
    except ValueError:
        return 0.0
