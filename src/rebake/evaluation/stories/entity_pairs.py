"""Entities of test stories as labels, each beside what was found at its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

NONE = "None"  # as Rasa's report has it
Entity = Mapping[str, Any]


def entity_pairs(turns: Iterable[tuple[str, Sequence[Entity], Sequence[Entity]]]) -> Iterator[tuple[str, str]]:
    """Yield (expected, found) labels such as ``[Rome](city)``.

    Args:
        turns: (text, expected entities, found entities). All turns of one text are compared together, as in Rasa.
    """
    by_text: dict[str, tuple[list[Entity], list[Entity]]] = {}
    for text, expected, found in turns:
        both = by_text.setdefault(text, ([], []))
        both[0].extend(expected)
        both[1].extend(found)
    for text, (expected, found) in sorted(by_text.items()):
        yield from _aligned(text, *(sorted(side, key=lambda entity: entity["start"]) for side in (expected, found)))


def _aligned(text: str, expected: list[Entity], found: list[Entity]) -> Iterator[tuple[str, str]]:
    while expected or found:
        places = [(side[0]["start"], side[0]["end"]) if side else None for side in (expected, found)]
        if places[0] == places[1]:
            yield entity_label(text, expected.pop(0)), entity_label(text, found.pop(0))
        elif places[0] is None or (places[1] is not None and places[1] < places[0]):
            yield NONE, entity_label(text, found.pop(0))
        else:
            yield entity_label(text, expected.pop(0)), NONE


def entity_label(text: str, entity: Entity) -> str:
    """Return the entity as training data has it, with its value where that is not the text."""
    surface = text[entity["start"] : entity["end"]]
    if entity["value"] and entity["value"] == surface:
        return f"[{surface}]({entity['entity']})"
    written = {key: entity[key] for key in ("entity", "role", "group", "value") if entity.get(key) is not None}
    return f"[{surface}]{json.dumps(written)}"
