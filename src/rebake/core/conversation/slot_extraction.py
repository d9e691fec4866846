"""Which slots a user turn fills by the mappings of the domain, as Rasa's ``action_extract_slots`` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rebake.assistant.domain.names import entity_names, intent_names
from rebake.assistant.model import Domain, Form
from rebake.assistant.schemas.domain import slot_type
from rebake.core.dialogue.events import EntityValue, SlotSet
from rebake.core.dialogue.tracker import Tracker

REQUESTED_SLOT = "requested_slot"


class SlotExtraction:
    """The mappings of a domain. A mapping of the type ``custom`` needs an action server, and fills nothing here."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._entities = frozenset(entity_names(domain))
        self._intents = frozenset(intent_names(domain))
        self._forms = {form.name: form for form in domain.forms}
        self._unique = {form.name: self._unique_mappings(form) for form in domain.forms}

    def slots(self, tracker: Tracker) -> list[SlotSet]:
        """Return what the latest user turn sets, one event per slot at most: the first mapping that applies."""
        events: list[SlotSet] = []
        for slot in self._domain.slots:
            for mapping in slot.mappings:
                if not self._applies(slot.name, mapping, tracker):
                    continue
                values = self._values(mapping, tracker)
                if not values:
                    continue
                value = values if slot_type(slot.type) == "list" else values[-1]
                if value is not None or tracker.now.values.get(slot.name) is not None:
                    events.append(SlotSet(slot.name, value))
                    break
        return events

    def _applies(self, slot: str, mapping: Mapping[str, Any], tracker: Tracker) -> bool:
        kind = mapping.get("type")
        if kind == "from_entity" and mapping.get("entity") not in self._entities:
            return False
        if kind == "from_intent" and not self._intents.issuperset(filter(None, _listed(mapping.get("intent")))):
            return False
        return (
            self._is_desired(mapping, tracker)
            and (kind == "from_trigger_intent" or _meets_conditions(slot, mapping, tracker))
            and not self._is_ambiguous(slot, mapping, tracker)
        )

    def _is_desired(self, mapping: Mapping[str, Any], tracker: Tracker) -> bool:
        wanted, unwanted = _listed(mapping.get("intent")), _listed(mapping.get("not_intent"))
        loop = tracker.now.active_loop
        conditions = mapping.get("conditions") or ()
        if loop in self._forms and (
            not conditions or any(condition.get("active_loop") == loop for condition in conditions)
        ):
            unwanted = [*unwanted, *self._forms[loop].ignored_intents]
        message = tracker.now.message
        intent = None if message is None else message.intent
        return intent in wanted or (not wanted and intent not in unwanted)

    def _is_ambiguous(self, slot: str, mapping: Mapping[str, Any], tracker: Tracker) -> bool:
        """Whether the entity could fill another slot of the active form just as well, and this one is not asked for."""
        loop = tracker.now.active_loop
        if mapping.get("type") != "from_entity" or loop not in self._forms:
            return False
        if tracker.now.values.get(REQUESTED_SLOT) == slot or slot not in self._forms[loop].required_slots:
            return False
        return _text(mapping) not in self._unique[loop]

    def _unique_mappings(self, form: Form) -> frozenset[str]:
        """The mappings from entities that only one slot of the form has."""
        mappings = {slot.name: slot.mappings for slot in self._domain.slots}
        texts = [
            _text(mapping)
            for slot in form.required_slots
            for mapping in mappings.get(slot, ())
            if mapping.get("type") == "from_entity"
        ]
        return frozenset(text for text in texts if texts.count(text) == 1)

    def _values(self, mapping: Mapping[str, Any], tracker: Tracker) -> list[Any]:
        message = tracker.now.message
        match mapping.get("type"):
            case "from_entity":
                return [] if message is None else _entity_values(mapping, message.entities)
            case "from_intent":
                return [mapping.get("value")]
            case "from_trigger_intent":
                return [mapping.get("value")] if _is_triggered(mapping, tracker) else []
            case "from_text":
                return [None if message is None else message.text]
        return []


def _entity_values(mapping: Mapping[str, Any], entities: Sequence[EntityValue]) -> list[Any]:
    wanted = (mapping.get("entity"), mapping.get("role"), mapping.get("group"))
    return [entity.value for entity in entities if (entity.entity, entity.role, entity.group) == wanted]


def _meets_conditions(slot: str, mapping: Mapping[str, Any], tracker: Tracker) -> bool:
    conditions = mapping.get("conditions")
    if not conditions:
        return True
    loop, requested = tracker.now.active_loop, tracker.now.values.get(REQUESTED_SLOT)
    if tracker.now.loop_rejected and requested == slot:
        return False
    for condition in conditions:
        wanted = condition.get("active_loop")
        if wanted and wanted == loop and condition.get(REQUESTED_SLOT) in (None, "", requested):
            return True
        if wanted is None and loop is None:
            return True
    return False


def _is_triggered(mapping: Mapping[str, Any], tracker: Tracker) -> bool:
    loops = [condition.get("active_loop") for condition in mapping.get("conditions") or ()]
    loop = tracker.now.active_loop
    return loop is not None and (not loops or loop in loops)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _text(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping, sort_keys=True)
