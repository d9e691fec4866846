"""The schema of ``responses:``, in domain files and in data files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.schemas.containers import Entries, Fields, Items
from rebake.assistant.schemas.kinds import Anything, Fault, Kind, String

_TEXT = String(nullable=True)
_OPEN = Fields({}, open=True)
_VARIATION_FIX = "Add 'text:' to it; Rasa sends other content beside a text alone, or all of it as 'custom:'."


def _has_content(variation: Mapping[str, Any]) -> Iterator[Fault]:
    if variation.get("text") is None and not variation.get("custom"):
        found = "has an empty 'text'" if "text" in variation else "has neither 'text' nor 'custom'"
        yield Fault(f"A variation {found}", _VARIATION_FIX)


def _buttons(name: str) -> Kind:
    return Items(Fields({"title": _TEXT, "payload": _TEXT}, open=True), name, "title: ...", nullable=True)


_CONDITION = Fields({"type": _TEXT, "name": _TEXT, "value": Anything()})

_VARIATION = Fields(
    {
        "text": _TEXT,
        "image": _TEXT,
        "custom": _OPEN,
        "buttons": _buttons("A button"),
        "quick_replies": _buttons("A quick reply"),
        "attachment": _OPEN,
        "elements": Items(Anything(), "An element", "title: ...", nullable=True),
        "channel": _TEXT,
        "condition": Items(_CONDITION, "A condition", "type: slot", nullable=True),
        "metadata": Anything(),
        "button_type": _TEXT,
        "id": _TEXT,
    },
    checks=(_has_content,),
    example="- text: ...",
)

RESPONSES = Entries(Items(_VARIATION, "A variation", "text: ...", least=1), "response")
