"""What the bot says: a variation of a response, chosen by its conditions, with the values of slots put in."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebake.assistant.model import Domain

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^\n{}]+?)\}")  # a brace that is written twice is a brace
_CONTENT = ("image", "attachment", "custom", "quick_replies", "elements")  # beside text and buttons


@dataclass(frozen=True, slots=True)
class Button:
    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class BotMessage:
    """What a user sees: ``content`` has what is neither text nor a button (``image``, ``custom``, ...)."""

    text: str | None = None
    buttons: tuple[Button, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)


class BotResponses:
    """The responses of a domain. Of several variations that suit, one is drawn, from ``seed``."""

    def __init__(self, domain: Domain, *, channel: str = "cmdline", seed: int = 42) -> None:
        self._variations = {response.name: response.variations for response in domain.responses}
        self._channel = channel
        self._random = random.Random(seed)  # noqa: S311 (no secret depends on it)

    def __contains__(self, name: str) -> bool:
        return name in self._variations

    def message(self, name: str, slots: Mapping[str, Any]) -> BotMessage | None:
        """Return the message, or None where the response does not exist or none of its variations suits."""
        suitable = _suitable(self._variations.get(name, ()), self._channel, slots)
        return _message(self._random.choice(suitable), slots) if suitable else None


def _suitable(
    variations: Sequence[Mapping[str, Any]], channel: str, slots: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """Conditions come before none, but the channel's own variations before all others, as in Rasa."""
    default = [variation for variation in variations if variation.get("condition") is None]
    conditional = [variation for variation in variations if _is_met(variation.get("condition"), slots)]
    for group, wanted in ((conditional, channel), (default, channel), (conditional, None), (default, None)):
        if found := [variation for variation in group if variation.get("channel") == wanted]:
            return found
    return ()


def _is_met(condition: Sequence[Mapping[str, Any]] | None, slots: Mapping[str, Any]) -> bool:
    return bool(condition) and all(_same(slots.get(one["name"]), one["value"]) for one in condition or ())


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.casefold() == wanted.casefold()
    return bool(value == wanted)


def _message(variation: Mapping[str, Any], slots: Mapping[str, Any]) -> BotMessage:
    filled = _filled({key: value for key, value in variation.items() if key not in ("condition", "channel")}, slots)
    buttons = tuple(
        Button(str(button.get("title", "")), str(button.get("payload", ""))) for button in filled.get("buttons") or ()
    )
    return BotMessage(filled.get("text"), buttons, {key: filled[key] for key in _CONTENT if key in filled})


def _filled(value: Any, slots: Mapping[str, Any]) -> Any:
    """The value with ``{slot}`` replaced in every text of it; a text with an unknown name stays as it is."""
    if isinstance(value, str):
        if not all(name in slots for name in _PLACEHOLDER.findall(value) if name):
            return value
        return _PLACEHOLDER.sub(lambda found: str(slots[found[1]]) if found[1] else found[0][0], value)
    if isinstance(value, Mapping):
        return {key: _filled(item, slots) for key, item in value.items()}
    return [_filled(item, slots) for item in value] if isinstance(value, list) else value
