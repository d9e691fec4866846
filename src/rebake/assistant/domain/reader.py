"""One domain file (or the domain of an archive's metadata.json) -> Domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.assistant.model import Domain, Entity, Form, Intent, Response, SessionConfig, Slot
from rebake.assistant.reading import FileSource, describe, did_you_mean
from rebake.assistant.yaml.values import plain
from rebake.base.location import Location

DOMAIN_KEYS = ("intents", "entities", "slots", "forms", "responses", "actions", "e2e_actions", "session_config")
OTHER_DOMAIN_KEYS = ("version", "config")
SLOT_TYPES = ("text", "bool", "float", "list", "categorical", "any")
MAPPING_TYPES: Mapping[str, tuple[str, ...]] = {  # with the keys that each needs
    "from_entity": ("entity",),
    "from_intent": ("value",),
    "from_trigger_intent": ("value",),
    "from_text": (),
    "custom": (),
}
_SLOT_KEYS = ("type", "mappings", "initial_value", "influence_conversation", "values", "min_value", "max_value")
_MIGRATE = "Run `rebake migrate` to turn a domain of Rasa 2 into one of Rasa 3."
_RESPONSE_CONTENT = ("text", "image", "custom", "buttons", "quick_replies", "attachment", "elements")


def read_domain_mapping(content: Mapping[str, Any], source: FileSource) -> Domain:
    """Read the content of one domain file. Raises DataError with the line of the first mistake.

    ``is_empty`` says that there is nothing but a version.
    """
    actions, send_domain, places = _actions(content, source)
    config = source.mapping(content, "config")
    version = content.get("version")
    domain = Domain(
        version=version if isinstance(version, str) and version else "3.1",
        intents=_intents(content, source),
        entities=_entities(content, source),
        slots=_slots(content, source),
        forms=_forms(content, source),
        responses=read_responses(content, source),
        actions=actions,
        actions_send_domain=send_domain,
        e2e_actions=source.names(content, "e2e_actions"),
        session_config=_session_config(content, source),
        store_entities_as_slots=source.flag(config, "store_entities_as_slots", True),
        action_locations=places,
        location=source.at(content),
        is_empty=not any(content.get(key) for key in DOMAIN_KEYS),
    )
    _refuse_twice("intents", domain.intents, content, source)
    _refuse_twice("entities", domain.entities, content, source)
    return domain


def _refuse_twice(key: str, items: tuple[Intent | Entity, ...], content: Mapping[str, Any], source: FileSource) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        if item.name in seen:
            raise source.error(
                f"'{item.name}' is listed twice under '{key}'.", content[key], index, "Remove one of the two."
            )
        seen[item.name] = index


def _named(content: Mapping[str, Any], key: str, source: FileSource) -> list[tuple[str, Mapping[str, Any] | None, Any]]:
    """Entries of a list of names and ``name: {properties}``: (name, properties or None, place)."""
    items = source.sequence(content, key)
    result: list[tuple[str, Mapping[str, Any] | None, Any]] = []
    for index, item in enumerate(items):
        place = source.at(items, index)
        if isinstance(item, str) and item:
            result.append((item, None, place))
            continue
        if not isinstance(item, Mapping) or not item:
            raise source.error(
                f"'{key}' must list names, but contains {describe(item)}.", items, index, "Quote the name."
            )
        for name, properties in item.items():
            if not isinstance(name, str):
                raise source.error(
                    f"'{key}' must list names, but contains {describe(name)}.", items, index, "Quote it."
                )
            if not isinstance(properties, Mapping) or not properties:
                raise source.error(
                    f"'{name}' under '{key}' ends with a colon, but its settings are {describe(properties)}.",
                    items,
                    index,
                    "Remove the colon, or indent its settings below it.",
                )
            result.append((name, properties, place))
    return result


def _intents(content: Mapping[str, Any], source: FileSource) -> tuple[Intent, ...]:
    result = []
    for name, properties, place in _named(content, "intents", source):
        if properties is None:
            result.append(Intent(name, location=place))
            continue
        use = properties.get("use_entities", True)
        retrieval = properties.get("is_retrieval_intent") is True
        result.append(
            Intent(
                name,
                use_entities=True if use is True else source.names(properties, "use_entities") if use else (),
                ignore_entities=_ignored(properties, source),
                is_retrieval=retrieval,
                properties=plain(properties),
                location=place,
            )
        )
    return tuple(result)


def _ignored(properties: Mapping[str, Any], source: FileSource) -> tuple[str, ...] | None:
    if "ignore_entities" not in properties:
        return None
    return source.names(properties, "ignore_entities") if properties["ignore_entities"] else ()


def _entities(content: Mapping[str, Any], source: FileSource) -> tuple[Entity, ...]:
    result = []
    for name, properties, place in _named(content, "entities", source):
        written = properties or {}
        result.append(
            Entity(
                name,
                roles=source.names(written, "roles"),
                groups=source.names(written, "groups"),
                influence_conversation=source.flag(written, "influence_conversation", True),
                properties=None if properties is None else plain(properties),
                location=place,
            )
        )
    return tuple(result)


def _actions(
    content: Mapping[str, Any], source: FileSource
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Location]]:
    names: list[str] = []
    send_domain: list[str] = []
    places: dict[str, Location] = {}
    items = content.get("actions")
    for name, properties, place in _named(content, "actions", source):
        if name in names:
            index = len(names)
            raise source.error(f"The action '{name}' is listed twice.", items, index, "Remove one of the two.")
        names.append(name)
        if properties is not None and source.flag(properties, "send_domain", False):
            send_domain.append(name)
        if place is not None:
            places[name] = place
    return tuple(names), tuple(send_domain), places


def _slots(content: Mapping[str, Any], source: FileSource) -> tuple[Slot, ...]:
    slots = source.mapping(content, "slots")
    return tuple(_slot(slots, name, source) for name in slots)


def _slot(slots: Mapping[str, Any], name: str, source: FileSource) -> Slot:
    written = slots[name]
    if not isinstance(written, Mapping):
        raise source.error(f"The slot '{name}' has no settings.", slots, name, "Give it a type and mappings.")
    for key in written:
        if key not in (*_SLOT_KEYS, "value_reset_delay") and "." not in str(written.get("type")):
            raise source.error(
                f"The slot '{name}' has the unknown setting '{key}'.{did_you_mean(str(key), _SLOT_KEYS)}",
                written,
                key,
                f"Rasa 3 fills slots by 'mappings' alone. {_MIGRATE}" if key == "auto_fill" else "Remove it.",
            )
    kind = written.get("type")
    if not isinstance(kind, str) or (kind not in SLOT_TYPES and "." not in kind):
        raise source.error(
            f"The slot '{name}' has the type {describe(kind)}.",
            written,
            "type",
            f"Use one of {', '.join(SLOT_TYPES)}.{did_you_mean(str(kind), SLOT_TYPES)}",
        )
    return Slot(
        name,
        kind,
        initial_value=plain(written.get("initial_value")),
        influence_conversation=source.flag(written, "influence_conversation", True),
        values=tuple(str(value) for value in source.sequence(written, "values")),
        min_value=_number(written, "min_value", 0.0, source),
        max_value=_number(written, "max_value", 1.0, source),
        mappings=_slot_mappings(slots, name, source),
        properties=plain(written),
        location=source.at(slots, name),
    )


def _slot_mappings(slots: Mapping[str, Any], name: str, source: FileSource) -> tuple[Mapping[str, Any], ...]:
    written = slots[name]
    if written.get("mappings") is None:
        raise source.error(
            f"The slot '{name}' has no mappings; Rasa 3 does not fill slots by their name any more.",
            slots,
            name,
            f"{_MIGRATE} Or give it 'mappings:' with '- type: from_entity' and 'entity: {name}', or '- type: custom' "
            "where an action sets it.",
        )
    mappings = source.sequence(written, "mappings")
    for index, mapping in enumerate(mappings):
        kind = mapping.get("type") if isinstance(mapping, Mapping) else None
        if not isinstance(mapping, Mapping) or not isinstance(kind, str) or kind not in MAPPING_TYPES:
            raise source.error(
                f"The slot '{name}' has a mapping of the type {describe(kind)}.",
                mappings,
                index,
                f"Use one of {', '.join(MAPPING_TYPES)}.{did_you_mean(str(kind), MAPPING_TYPES)}",
            )
        for needed in MAPPING_TYPES[kind]:
            if mapping.get(needed) is None:
                raise source.error(
                    f"The {kind} mapping of the slot '{name}' does not say which '{needed}'.",
                    mappings,
                    index,
                    f"Add '{needed}:' to it.",
                )
        for condition in source.sequence(mapping, "conditions"):
            if not isinstance(condition, Mapping):
                raise source.error(
                    f"A condition of the slot '{name}' is {describe(condition)}.",
                    mappings,
                    index,
                    "Write '- active_loop: <form>'.",
                )
    return tuple(plain(mappings))


def _number(written: Mapping[str, Any], key: str, default: float, source: FileSource) -> float:
    value = written.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise source.error(f"'{key}' must be a number, not {describe(value)}.", written, key, "Write a number.")
    return value


def _forms(content: Mapping[str, Any], source: FileSource) -> tuple[Form, ...]:
    forms = source.mapping(content, "forms")
    result = []
    for name, entry in forms.items():
        written = entry
        if entry is None:  # Rasa refuses it too
            raise source.error(f"The form '{name}' has no settings.", forms, name, f"Write '{name}: {{}}'.")
        migrate = f"{_MIGRATE} Or list the slots' names under 'required_slots:' and move the mappings to the slots."
        if not isinstance(written, Mapping):
            raise source.error(f"The form '{name}' is {describe(written)}.", forms, name, migrate)
        if set(written) - {"required_slots", "ignored_intents"} or isinstance(written.get("required_slots"), Mapping):
            raise source.error(f"The form '{name}' has slot mappings, as forms did in Rasa 2.", forms, name, migrate)
        if "ignored_intents" in written and "required_slots" not in written:
            raise source.error(f"The form '{name}' has no 'required_slots'.", forms, name, "Add them.")
        result.append(
            Form(
                name,
                source.names(written, "required_slots"),
                source.names(written, "ignored_intents"),
                properties=plain(written) or None,
                location=source.at(forms, name),
            )
        )
    return tuple(result)


def read_responses(content: Mapping[str, Any], source: FileSource) -> tuple[Response, ...]:
    """Read the ``responses:`` of a domain file or of a data file. Raises DataError."""
    responses = source.mapping(content, "responses")
    result = []
    for name, variations in responses.items():
        fix = "List variations below it, each starting with '- text: ...'."
        if not isinstance(variations, list) or not variations:
            raise source.error(f"The response '{name}' is {describe(variations)}.", responses, name, fix)
        for index, variation in enumerate(variations):
            if not isinstance(variation, Mapping) or not any(key in variation for key in _RESPONSE_CONTENT):
                raise source.error(f"The response '{name}' has a variation with no content.", variations, index, fix)
            text = variation.get("text", "")
            if not isinstance(text, str):
                raise source.error(
                    f"The response '{name}' has {describe(text)} as text.", variation, "text", "Quote it."
                )
        result.append(Response(name, tuple(plain(variations)), location=source.at(responses, name)))
    return tuple(result)


def _session_config(content: Mapping[str, Any], source: FileSource) -> SessionConfig:
    written = source.mapping(content, "session_config")
    minutes: Any = written.get("session_expiration_time")
    if minutes is None:
        minutes = 60
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not minutes >= 0:
        raise source.error(
            f"'session_expiration_time' is {describe(minutes)}.",
            written,
            "session_expiration_time",
            "Write minutes, 0 for sessions that never end.",
        )
    return SessionConfig(minutes, source.flag(written, "carry_over_slots_to_new_session", True))
