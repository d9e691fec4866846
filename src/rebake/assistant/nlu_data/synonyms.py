"""What EntitySynonymMapper learns of the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rebake.assistant.model import NluData
from rebake.base.location import Location

OnConflict = Callable[[str, str, str, Location | None], None]


def learn_synonyms(data: NluData, on_conflict: OnConflict | None = None) -> dict[str, str]:
    """Lowercase surface -> value: synonyms as written, then every annotated entity; the last one counts.

    Values stand for themselves in any case, unless they are a surface of something else.

    Args:
        data: the training data.
        on_conflict: called with the surface, the value so far, the value from now on, and where that is written.
    """
    targets: dict[str, str] = {}
    for surface, value, place in _pairs(data):
        if surface != value:
            key = surface.lower()
            known = targets.get(key)
            if on_conflict is not None and known is not None and known != value:
                on_conflict(key, known, value, place)
            targets[key] = value
        targets.setdefault(value.lower(), value)
    return targets


def _pairs(data: NluData) -> Iterator[tuple[str, str, Location | None]]:
    written = {synonym.surface: synonym for synonym in data.synonyms}
    for surface, synonym in written.items():
        yield surface, synonym.value, synonym.location
    for example in data.examples:
        for entity in example.entities:
            yield example.text[entity.start : entity.end], entity.value, example.location
