"""The items of each part: one digest for each thing that it is trained from, with its name and place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rebake.archive.manifest import Item
from rebake.assistant.domain.names import DEFAULT_ACTIONS, action_names
from rebake.assistant.model import Domain, NluData, Response, Story
from rebake.base.location import Location
from rebake.staleness.meaning import (
    ITEM_DIGITS,
    digest,
    entity_meaning,
    example_meaning,
    form_meaning,
    intent_meaning,
    slot_meaning,
    story_meaning,
)

BOT_TEXT = "bot text"  # stands for an end-to-end action, whose name is a text


def nlu_items(data: NluData) -> tuple[Item, ...]:
    """Examples, synonyms, regexes, lookup tables."""
    items = [_item("example", e.intent or "", example_meaning(e), e.location) for e in data.examples]
    annotated = {(e.text[span.start : span.end], span.value) for e in data.examples for span in e.entities}
    values = {s.surface: s for s in data.synonyms}  # a later one replaces an earlier one
    listed = [s for s in values.values() if (s.surface, s.value) not in annotated]  # others are part of their example
    items += [_item("synonym", s.value, [s.surface, s.value], s.location) for s in listed]
    items += [_item("regex", r.name, [r.name, r.pattern], r.location) for r in data.regexes]
    items += [_item("lookup", t.name, [t.name, t.elements], t.location) for t in data.lookups]
    return _sorted(items)


def retrieval_items(texts: Mapping[str, str], responses: tuple[Response, ...]) -> tuple[Item, ...]:
    """Responses that a ResponseSelector trains on by their texts; ``texts`` are these, by name."""
    return _sorted(
        [_item("retrieval response", r.name, [r.name, texts[r.name]], r.location) for r in responses if r.name in texts]
    )


def domain_items(domain: Domain) -> tuple[Item, ...]:
    """Intents, entities, slots, forms and actions (responses are actions by their names)."""
    items = [_item("intent", i.name, intent_meaning(domain, i), i.location) for i in domain.intents]
    items += [_item("entity", e.name, entity_meaning(e), e.location) for e in domain.entities]
    items += [_item("slot", s.name, slot_meaning(s), s.location) for s in domain.slots]
    items += [_item("form", f.name, form_meaning(f), f.location) for f in domain.forms]
    places = {**{r.name: r.location for r in domain.responses}, **domain.action_locations}
    texts, forms = set(domain.e2e_actions), {form.name for form in domain.forms}
    for name in action_names(domain)[len(DEFAULT_ACTIONS) :]:
        if name not in forms:
            label = BOT_TEXT if name in texts else name
            items.append(_item("action", label, [name, name in domain.actions_send_domain], places.get(name)))
    return _sorted(items)


def story_items(stories: tuple[Story, ...]) -> tuple[Item, ...]:
    """Stories and rules."""
    return _sorted([_item("rule" if s.is_rule else "story", s.name, story_meaning(s), s.location) for s in stories])


def response_items(responses: tuple[Response, ...]) -> tuple[Item, ...]:
    """Responses with everything that is said: texts, buttons, images, conditions, channels."""
    return _sorted([_item("response", r.name, [r.name, list(r.variations)], r.location) for r in responses])


def _item(kind: str, name: str, meaning: Any, location: Location | None) -> Item:
    file, line = ("", 0) if location is None else (file_name(location.file), location.line)
    return Item(kind, name, digest([kind, meaning])[:ITEM_DIGITS], file, line)


def _sorted(items: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.kind, item.file, item.line, item.name, item.digest)))


@lru_cache(maxsize=4096)
def file_name(file: str) -> str:
    """Below the working directory where it can be, with forward slashes: the same on every machine."""
    relative = os.path.relpath(file)
    name = (file if relative.startswith("..") else relative).replace(os.sep, "/")
    return name.encode("utf-8", "backslashreplace").decode("utf-8")  # a name may be any bytes, and JSON is Unicode
