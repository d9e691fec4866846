"""Slots that fill themselves from the entities of a user turn while training data is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rebake.assistant.model import Domain
from rebake.core.dialogue.events import EntityValue, SlotSet


def slots_from_entities(domain: Domain, entities: Iterable[EntityValue]) -> list[SlotSet]:
    """One event per slot with a ``from_entity`` mapping that an entity of the turn meets.

    A mapping counts only if entity, role and group are the same. Mappings whose first condition names a loop are
    left out, as loops are unknown here; intents are not looked at. A list slot takes all values, any other the last.
    """
    if not domain.store_entities_as_slots:
        return []
    present = list(entities)
    events: list[SlotSet] = []
    for slot in domain.slots if present else ():
        values = [
            entity.value
            for mapping in slot.mappings
            if _counts(mapping)
            for entity in present
            if (entity.entity, entity.role, entity.group)
            == (mapping.get("entity"), mapping.get("role"), mapping.get("group"))
        ]
        if values:
            events.append(SlotSet(slot.name, values if slot.type == "list" else values[-1]))
    return events


def _counts(mapping: Mapping[str, Any]) -> bool:
    conditions = mapping.get("conditions")
    return mapping.get("type") == "from_entity" and not (conditions and conditions[0].get("active_loop") is not None)
