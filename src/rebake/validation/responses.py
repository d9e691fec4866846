"""Responses that have no text, or none for some conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rebake.assistant.domain.names import action_names
from rebake.assistant.model import ActionStep, Assistant, Domain, Response, Slot
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.validation.payloads import check_payloads
from rebake.validation.steps import all_steps, automatic_slots

_IN_CHANNELS = "in channels"  # the assistant may have no others, which no file says


def check_responses(assistant: Assistant) -> Iterator[Notice]:
    """Report responses of stories without a text, variations that leave conversations out, and wrong payloads."""
    domain = assistant.domain
    if domain.is_empty:
        return
    yield from _missing(assistant)
    slots = {slot.name: slot for slot in domain.slots}
    for response in domain.responses:
        yield from _unknown_slots(response, domain, slots)
        if (gap := _gap(response.variations, slots)) is not None:
            message = f"The response '{response.name}' says nothing {gap}."
            level = Severity.INFO if gap.startswith(_IN_CHANNELS) else None
            yield Notice(message, response.location, NoticeKind.NO_DEFAULT_VARIATION, level, response.name)
    yield from check_payloads(domain)


def _missing(assistant: Assistant) -> Iterator[Notice]:
    known = {response.name.split("/")[0] for response in assistant.domain.responses}
    actions = set(action_names(assistant.domain))
    seen = set()
    for step in all_steps(assistant.stories):
        name = step.name if isinstance(step, ActionStep) and step.name is not None else ""
        if name.startswith("utter_") and name in actions and name not in known and name not in seen:
            seen.add(name)
            message = f"There is no text for the response '{name}'.{did_you_mean(name, known)}"
            yield Notice(message, step.location, NoticeKind.MISSING_RESPONSE, subject=name)


def _conditions(variation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    written = variation.get("condition")
    return [item for item in written if isinstance(item, Mapping)] if isinstance(written, list) else []


def _unknown_slots(response: Response, domain: Domain, slots: Mapping[str, Slot]) -> Iterator[Notice]:
    known = {*slots, *automatic_slots(domain)}
    for index, variation in enumerate(response.variations):
        for condition in _conditions(variation):
            name = condition.get("name")
            if isinstance(name, str) and name not in known:
                message = f"The domain has no slot '{name}' (in a condition of the response '{response.name}')."
                place = response.place(index)
                hint = did_you_mean(name, known)
                yield Notice(message + hint, place, NoticeKind.UNKNOWN_SLOT, subject=name)


def _gap(variations: Iterable[Mapping[str, Any]], slots: Mapping[str, Slot]) -> str | None:
    """Describe the conversations for which there is no variation; None where each has one."""
    written = list(variations)
    if any(not _conditions(variation) and not variation.get("channel") for variation in written):
        return None
    conditional = [variation for variation in written if not variation.get("channel")]
    if not conditional:
        channels = ", ".join(sorted({str(variation.get("channel")) for variation in written}))
        return f"{_IN_CHANNELS} other than {channels}"
    if not any(_conditions(variation) for variation in written):
        return None
    return _values_left(conditional, slots)


def _values_left(variations: list[Mapping[str, Any]], slots: Mapping[str, Slot]) -> str | None:
    """Describe what is left of a single slot's values; where several slots decide, conversations are left out."""
    conditions = [_conditions(variation) for variation in variations]
    names = {condition.get("name") for group in conditions for condition in group}
    slot = slots.get(str(next(iter(names)))) if len(names) == 1 else None
    possible = (
        {"bool": ["true", "false"], "categorical": [value.lower() for value in slot.values]}.get(slot.type, [])
        if slot is not None
        else []
    )
    if slot is None or not possible or any(len(group) != 1 for group in conditions):
        return "where none of its conditions is met"
    covered = {str(group[0].get("value")).lower() for group in conditions}
    left = [value for value in possible if value not in covered]
    if left:
        return f"where the slot '{slot.name}' is {' or '.join(left)}, or is not set"
    if slot.initial_value is None and "none" not in covered:
        return f"where the slot '{slot.name}' is not set"
    return None
