"""Serialize a domain as an archive has it: in metadata.json and as domain.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.assistant.domain.reader import read_domain_mapping
from rebake.assistant.model import Domain, Entity, Form, Intent, Slot
from rebake.assistant.reading import FileSource
from rebake.assistant.yaml.values import plain
from rebake.assistant.yaml.writer import dump_yaml


def domain_as_dict(domain: Domain) -> dict[str, Any]:
    """Serialize the domain as in metadata.json: what ``Domain.as_dict()`` of Rasa 3.6.21 returns.

    Empty sections are left out. A fresh value: the caller may change it.
    """
    result: dict[str, Any] = {"version": domain.version}
    intents = sorted(domain.intents, key=lambda intent: intent.name)
    sections: dict[str, Any] = {
        "intents": [_intent_entry(intent) for intent in intents],
        "entities": [_entity_entry(entity) for entity in domain.entities],
        "slots": {slot.name: _slot_entry(slot) for slot in domain.slots},
        "forms": {form.name: _form_entry(form) for form in domain.forms},
        "responses": {response.name: plain(list(response.variations)) for response in domain.responses},
        "actions": [
            {name: {"send_domain": True}} if name in domain.actions_send_domain else name for name in domain.actions
        ],
        "e2e_actions": list(domain.e2e_actions),
        "config": {} if domain.store_entities_as_slots else {"store_entities_as_slots": False},
    }
    result.update({key: value for key, value in sections.items() if value})
    result["session_config"] = {
        "session_expiration_time": domain.session_config.session_expiration_time,
        "carry_over_slots_to_new_session": domain.session_config.carry_over_slots_to_new_session,
    }
    return result


def _intent_entry(intent: Intent) -> Any:
    properties: dict[str, Any] = plain(dict(intent.properties or {}))
    for key in ("use_entities", "ignore_entities"):
        if key in properties and not properties[key]:
            properties[key] = []
    if intent.properties is None:
        if intent.use_entities is not True:
            properties["use_entities"] = list(intent.use_entities or ())
        if intent.ignore_entities is not None:
            properties["ignore_entities"] = list(intent.ignore_entities)
        if intent.is_retrieval:
            properties["is_retrieval_intent"] = True
    return {intent.name: properties} if properties else intent.name


def _entity_entry(entity: Entity) -> Any:
    properties: dict[str, Any] = plain(dict(entity.properties or {}))
    if entity.properties is None:
        properties = {
            **({"roles": list(entity.roles)} if entity.roles else {}),
            **({"groups": list(entity.groups)} if entity.groups else {}),
            **({} if entity.influence_conversation else {"influence_conversation": False}),
        }
    return {entity.name: properties} if properties else entity.name


def _slot_entry(slot: Slot) -> dict[str, Any]:
    if slot.properties is not None:
        result: dict[str, Any] = plain(dict(slot.properties))
        return result
    return {
        "type": slot.type,
        **({} if slot.initial_value is None else {"initial_value": slot.initial_value}),
        **({} if slot.influence_conversation else {"influence_conversation": False}),
        **({"values": list(slot.values)} if slot.values else {}),
        **({"min_value": slot.min_value, "max_value": slot.max_value} if slot.type == "float" else {}),
        "mappings": plain([dict(mapping) for mapping in slot.mappings]),
    }


def _form_entry(form: Form) -> Any:
    if form.properties is not None:
        return plain(dict(form.properties))
    ignored = {"ignored_intents": list(form.ignored_intents)} if form.ignored_intents else {}
    return {**ignored, "required_slots": list(form.required_slots)}


def domain_from_dict(content: Mapping[str, Any]) -> Domain:
    """Return the domain of an archive's metadata.json (``{}`` is an empty one). Raises DataError."""
    return read_domain_mapping(content, FileSource(None))


def domain_as_yaml(domain: Domain) -> str:
    """The content of an archive's ``components/domain_provider/domain.yml``, which Rasa reads again as the domain."""
    return dump_yaml(domain_as_dict(domain))
