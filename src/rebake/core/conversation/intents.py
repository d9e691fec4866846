"""Texts such as ``/greet{"name": "Ada"}`` for a model without NLU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rebake.assistant.model import Domain
from rebake.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rebake.nlu.message import TEXT, Message


def intent_parser(domain: Domain) -> Callable[[str], Mapping[str, Any]]:
    """Return what reads such texts; any other text has no intent."""
    handler = RegexMessageHandler(domain)

    def parse(text: str) -> Mapping[str, Any]:
        [message] = handler.process([Message({TEXT: text.strip()})])
        intent = message.intent or {"name": None, "confidence": 0.0}
        return {"text": text.strip(), "intent": intent, "entities": message.entities, "intent_ranking": [intent]}

    return parse
