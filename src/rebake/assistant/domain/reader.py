"""One domain file (or the domain of an archive's metadata.json) -> Domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.assistant.model import Domain, Entity, Form, Intent, Response, SessionConfig, Slot
from rebake.assistant.reading import FileSource
from rebake.assistant.schemas.domain import DOMAIN, slot_type
from rebake.assistant.schemas.kinds import check
from rebake.assistant.yaml.values import plain
from rebake.base.location import Location

DOMAIN_KEYS = ("intents", "entities", "slots", "forms", "responses", "actions", "e2e_actions", "session_config")
OTHER_DOMAIN_KEYS = ("version", "config")


def read_domain_mapping(content: Mapping[str, Any], source: FileSource) -> Domain:
    """Read the content of one domain file. ``is_empty`` says that there is nothing but a version.

    Raises:
        DataError: for all mistakes in the file, each with its line.
    """
    check(DOMAIN, content, source, "The domain")
    actions, send_domain, places = _actions(content, source)
    config = content.get("config") or {}
    version = content.get("version")
    return Domain(
        version=version if isinstance(version, str) and version else "3.1",
        intents=_intents(content, source),
        entities=_entities(content, source),
        slots=_slots(content, source),
        forms=_forms(content, source),
        responses=read_responses(content, source),
        actions=actions,
        actions_send_domain=send_domain,
        e2e_actions=tuple(content.get("e2e_actions") or ()),
        session_config=_session_config(content),
        store_entities_as_slots=_flag(config, "store_entities_as_slots", True),
        action_locations=places,
        location=source.at(content),
        is_empty=not any(content.get(key) for key in DOMAIN_KEYS),
    )


def _flag(written: Mapping[str, Any], key: str, default: bool) -> bool:
    return bool(written.get(key, default))  # null counts as false, as for Rasa


def _named(content: Mapping[str, Any], key: str, source: FileSource) -> list[tuple[str, Mapping[str, Any] | None, Any]]:
    """Entries of a list of names and ``name: {properties}``: (name, properties or None, place)."""
    items = content.get(key) or ()
    result: list[tuple[str, Mapping[str, Any] | None, Any]] = []
    for index, item in enumerate(items):
        place = source.at(items, index)
        entries = item.items() if isinstance(item, Mapping) else ((item, None),)
        result += [(name, properties, place) for name, properties in entries]
    return result


def _intents(content: Mapping[str, Any], source: FileSource) -> tuple[Intent, ...]:
    result = []
    for name, properties, place in _named(content, "intents", source):
        if properties is None:
            result.append(Intent(name, location=place))
            continue
        use = properties.get("use_entities", True)
        result.append(
            Intent(
                name,
                use_entities=True if use is True else tuple(use or ()),
                ignore_entities=tuple(properties["ignore_entities"] or ()) if "ignore_entities" in properties else None,
                is_retrieval=properties.get("is_retrieval_intent") is True,
                properties=plain(properties),
                location=place,
            )
        )
    return tuple(result)


def _entities(content: Mapping[str, Any], source: FileSource) -> tuple[Entity, ...]:
    result = []
    for name, properties, place in _named(content, "entities", source):
        written = properties or {}
        result.append(
            Entity(
                name,
                roles=tuple(map(str, written.get("roles") or ())),
                groups=tuple(map(str, written.get("groups") or ())),
                influence_conversation=_flag(written, "influence_conversation", True),
                properties=None if properties is None else plain(properties),
                location=place,
            )
        )
    return tuple(result)


def _actions(
    content: Mapping[str, Any], source: FileSource
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Location]]:
    named = _named(content, "actions", source)
    send_domain = tuple(name for name, properties, _ in named if properties and _flag(properties, "send_domain", False))
    places = {name: place for name, _, place in named if place is not None}
    return tuple(name for name, _, _ in named), send_domain, places


def _slots(content: Mapping[str, Any], source: FileSource) -> tuple[Slot, ...]:
    slots = content.get("slots") or {}
    return tuple(_slot(name, written, source.at(slots, name)) for name, written in slots.items())


def _slot(name: str, written: Mapping[str, Any], place: Location | None) -> Slot:
    kind = slot_type(written["type"])
    return Slot(
        name,
        written["type"],
        initial_value=plain(written.get("initial_value")),
        influence_conversation=_flag(written, "influence_conversation", True),
        values=tuple(str(value) for value in written.get("values") or () if value is not None)
        if kind == "categorical"
        else (),
        min_value=written.get("min_value", 0.0) if kind == "float" else 0.0,
        max_value=written.get("max_value", 1.0) if kind == "float" else 1.0,
        mappings=tuple(plain(written.get("mappings") or ())),
        properties=plain(written),
        location=place,
    )


def _forms(content: Mapping[str, Any], source: FileSource) -> tuple[Form, ...]:
    forms = content.get("forms") or {}
    return tuple(
        Form(
            name,
            tuple(written.get("required_slots") or ()),
            _one_or_more(written.get("ignored_intents")),
            properties=plain(written) or None,
            location=source.at(forms, name),
        )
        for name, written in forms.items()
    )


def _one_or_more(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def read_responses(content: Mapping[str, Any], source: FileSource) -> tuple[Response, ...]:
    """Read the ``responses:`` of a domain file or of a data file, which fit the schema."""
    responses = content.get("responses") or {}
    return tuple(
        Response(
            name,
            tuple(plain(variations)),
            location=source.at(responses, name),
            places=tuple(source.at(variations, index) for index in range(len(variations))),
        )
        for name, variations in responses.items()
    )


def _session_config(content: Mapping[str, Any]) -> SessionConfig:
    written = content.get("session_config") or {}
    minutes: float | None = written.get("session_expiration_time")
    return SessionConfig(60 if minutes is None else minutes, _flag(written, "carry_over_slots_to_new_session", True))
