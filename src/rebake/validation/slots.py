"""What is odd about slots: values that they do not know, and mappings for forms that do not ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.model import Assistant, CheckpointStep, Domain, Slot, SlotStep
from rebake.assistant.reading import did_you_mean
from rebake.assistant.schemas.domain import slot_type
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.core.dialogue.states import OTHER_CATEGORY
from rebake.validation.steps import all_steps

_SHOWN = 5  # values that a message lists


def check_slots(assistant: Assistant) -> Iterator[Notice]:
    """Report values that a slot does not know, and mappings whose form does not require the slot."""
    domain = assistant.domain
    yield from _forms(domain)
    yield from _triggers(domain)
    slots = {slot.name: slot for slot in domain.slots}
    seen = set()
    for name, value, place, owner in _values(assistant):
        slot = slots.get(name)
        if slot is None or value is None or (name, str(value)) in seen or _knows(slot, value):
            continue
        seen.add((name, str(value)))
        yield _unknown_value(slot, value, place, owner)


def _forms(domain: Domain) -> Iterator[Notice]:
    required = {form.name: form.required_slots for form in domain.forms}
    for slot in domain.slots:
        seen = set()
        for mapping in slot.mappings:
            for condition in mapping.get("conditions") or ():
                form = condition.get("active_loop")
                asks_for = required.get(form)
                if not asks_for or slot.name in asks_for or mapping["type"] == "from_trigger_intent" or form in seen:
                    continue
                seen.add(form)
                message = (
                    f"The slot '{slot.name}' has a mapping for the form '{form}', which does not require it. Add it to "
                    "the form's 'required_slots:', or remove the condition."
                )
                yield Notice(message, slot.location, NoticeKind.FORM_WITHOUT_SLOT, subject=slot.name)


def _triggers(domain: Domain) -> Iterator[Notice]:
    for intent in domain.intents:
        if intent.properties is not None and "triggers" in intent.properties:
            message = (
                f"The intent '{intent.name}' has 'triggers', which Rasa 3 does not read. Write a rule for the intent."
            )
            yield Notice(message, intent.location, NoticeKind.MAPPING_POLICY, subject=intent.name)


def _values(assistant: Assistant) -> Iterator[tuple[str, Any, Location | None, str]]:
    """Yield (slot, value, place, owner) wherever a file gives a slot a value or asks for one."""
    for story in (*assistant.stories, *assistant.test_stories):
        owner = f"{'rule' if story.is_rule else 'story'} '{story.name}'"
        conditions = [step for item in story.steps if isinstance(item, CheckpointStep) for step in item.conditions]
        for step in (*all_steps([story]), *conditions):
            if isinstance(step, SlotStep) and step.has_value:
                yield step.name, step.value, step.location, owner
    for slot in assistant.domain.slots:
        yield slot.name, slot.initial_value, slot.location, "its initial_value"
        for mapping in slot.mappings:
            yield slot.name, mapping.get("value"), slot.location, f"in a mapping {mapping['type']}"
    for response in assistant.domain.responses:
        for index, variation in enumerate(response.variations):
            for condition in variation.get("condition") or ():
                if isinstance(condition, Mapping) and isinstance(condition.get("name"), str):
                    owner = f"in a condition of the response '{response.name}'"
                    yield condition["name"], condition.get("value"), response.place(index), owner


def _knows(slot: Slot, value: Any) -> bool:
    match slot_type(slot.type):
        case "categorical":
            return str(value).lower() in {OTHER_CATEGORY, *(known.lower() for known in slot.values)}
        case "bool":
            return str(value).strip().lower() in ("true", "false", "0", "1", "0.0", "1.0")
    return True


def _unknown_value(slot: Slot, value: Any, place: Location | None, owner: str) -> Notice:
    known = list(slot.values) or ["true", "false"]
    listed = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    hint = did_you_mean(str(value), known) or f" It knows {listed}."
    message = f"The slot '{slot.name}' does not know the value '{value}' ({owner}).{hint}"
    return Notice(message, place, NoticeKind.UNKNOWN_SLOT_VALUE, subject=str(value))
