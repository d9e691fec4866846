"""What EntitySynonymMapper learns of the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rebake.assistant.model import NluData


def learn_synonyms(data: NluData, on_conflict: Callable[[str, str, str], None] | None = None) -> dict[str, str]:
    """Lowercase surface -> value: synonyms as written, then every annotated entity; the last one counts.

    Values stand for themselves in any case, unless they are a surface of something else.

    Args:
        data: the training data.
        on_conflict: called with the surface, the value so far and the value from now on.
    """
    targets: dict[str, str] = {}
    for surface, value in _pairs(data):
        if surface != value:
            key = surface.lower()
            known = targets.get(key)
            if on_conflict is not None and known is not None and known != value:
                on_conflict(key, known, value)
            targets[key] = value
        targets.setdefault(value.lower(), value)
    return targets


def _pairs(data: NluData) -> Iterator[tuple[str, str]]:
    written = {synonym.surface: synonym.value for synonym in data.synonyms}
    yield from written.items()
    for example in data.examples:
        for entity in example.entities:
            yield example.text[entity.start : entity.end], entity.value
