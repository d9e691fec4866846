"""What buttons of responses send: a text, or ``/intent{"entity": "value"}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rebake.assistant.domain.names import entity_names, intent_names
from rebake.assistant.model import Domain, Response
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind

# of a stripped payload; no two \s* meet, since many blanks would then take hours
_PAYLOAD = re.compile(r"/\s*(\{[^{}\s]+\}|[^{@\s]+)\s*(?:@[0-9.]+\s*)?(\{.*\})?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Button:
    response: Response
    place: Location | None
    payload: str


def _buttons(domain: Domain) -> Iterator[_Button]:
    """Yield the buttons whose payload is an intent; others send a text, as if the user had written it."""
    for response in domain.responses:
        for index, variation in enumerate(response.variations):
            for button in (*_listed(variation.get("buttons")), *_listed(variation.get("quick_replies"))):
                payload = button.get("payload") if isinstance(button, Mapping) else None
                if isinstance(payload, str) and payload.lstrip().startswith("/"):
                    yield _Button(response, response.place(index), payload.strip())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def intents_of_payloads(domain: Domain) -> frozenset[str]:
    """Return the intents that buttons send."""
    matches = (_PAYLOAD.fullmatch(button.payload) for button in _buttons(domain))
    return frozenset(match[1].split("/")[0] for match in matches if match is not None)


def check_payloads(domain: Domain) -> Iterator[Notice]:
    """Report payloads of buttons that name no intent or no entity of the domain, or that nobody can read."""
    intents, entities = intent_names(domain), entity_names(domain)
    for button in _buttons(domain):
        match = _PAYLOAD.fullmatch(button.payload)
        if match is None:
            yield _notice(button, "cannot be read", "")
            continue
        if "{" not in match[1] and (name := match[1].split("/")[0]) not in intents:
            what = f"names the intent '{name}', which the domain does not have"
            yield _notice(button, what, did_you_mean(name, intents))
        values = _entities(match[2])
        if values is None:
            yield _notice(button, "has no valid JSON behind the intent", "")
            continue
        for name in values:
            if name not in entities and "{" not in name:
                what = f"names the entity '{name}', which the domain does not have"
                yield _notice(button, what, did_you_mean(name, entities))


def _entities(written: str | None) -> Mapping[str, Any] | None:
    """Read the JSON behind an intent; a response's own braces are doubled, since it may have ``{slot}``.

    None for what is no JSON and has no slot in it either.
    """
    if written is None:
        return {}
    for text in (written, written.replace("{{", "{").replace("}}", "}")):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        return value if isinstance(value, dict) else None
    return {} if re.search(r"[^{]\{[^{}\"]+\}|^\{[^{}\"]+\}", written) else None


def _notice(button: _Button, what: str, hint: str) -> Notice:
    message = f"The payload '{button.payload}' of a button of '{button.response.name}' {what}.{hint}"
    return Notice(message, button.place, NoticeKind.INVALID_PAYLOAD, subject=button.payload)
