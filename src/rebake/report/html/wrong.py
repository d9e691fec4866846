"""The examples that the model gets wrong, and those that it gets right now, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rebake.base.location import Location
from rebake.differences.model import Link
from rebake.evaluation.comparison.result import ChangedPrediction, KindComparison
from rebake.evaluation.entities import EntityExample, label_of
from rebake.evaluation.labels import LabelTest
from rebake.report.comparison.words import TITLES
from rebake.report.quality import Quality

_Key = tuple[str, str, Location | None]


@dataclass(frozen=True, slots=True)
class WrongRow:
    """One example.

    Attributes:
        kind: "Intents", "Responses" or "Entities".
        status: "turned wrong", "wrong as before" (where there is a base), "wrong" or "turned right".
        before: what the base predicts; None where that is not known.
        confidence: of the prediction; None for entities.
        url: of the example's line on the web.
    """

    kind: str
    status: str
    text: str
    expected: str
    predicted: str
    before: str | None
    confidence: float | None
    place: str
    url: str | None


def wrong_rows(quality: Quality, link: Link | None) -> list[WrongRow]:
    """Return those that turned wrong first, then the other wrong ones, then those that turned right."""
    kinds = quality.comparison.kinds if quality.comparison is not None else ()
    compared = {kind.kind: kind for kind in kinds if kind.compared}
    nlu = quality.test.nlu
    if nlu is None:
        return []
    rows: list[WrongRow] = []
    if nlu.intents is not None:
        rows += _labelled(TITLES["intents"], nlu.intents, compared.get("intents"), link)
    if nlu.responses is not None:
        rows += _labelled(TITLES["responses"], nlu.responses, compared.get("responses"), link)
    if nlu.entities is not None:
        rows += _annotated(nlu.entities.examples, compared.get("entities"), link)
    order = ("turned wrong", "wrong", "wrong as before", "turned right")
    return sorted(rows, key=lambda row: order.index(row.status))


def _labelled(kind: str, test: LabelTest, compared: KindComparison | None, link: Link | None) -> Iterator[WrongRow]:
    broken = _by_key(compared.broken) if compared is not None else {}
    for one in test.errors:
        change = broken.get((one.text, one.expected, one.location))
        yield WrongRow(
            kind, _status(change, compared), one.text, one.expected, one.predicted,
            change.before if change is not None else None, one.confidence, *_place(one.location, link),
        )  # fmt: skip
    yield from _fixed(kind, compared, link)


def _annotated(
    examples: tuple[EntityExample, ...], compared: KindComparison | None, link: Link | None
) -> Iterator[WrongRow]:
    kind = TITLES["entities"]
    broken = _by_key(compared.broken) if compared is not None else {}
    for example in examples:
        names = {entity.get("extractor") for entity in example.predicted}
        found = {(one.start, one.end, label_of(one)) for name in names if name for one in example.found(str(name))}
        wanted = {(one.start, one.end, label_of(one)) for one in example.expected}
        if found == wanted:
            continue
        expected, predicted = _written(example.text, wanted), _written(example.text, found)
        change = broken.get((example.text, expected, example.location))
        yield WrongRow(
            kind, _status(change, compared), example.text, expected, predicted,
            change.before if change is not None else None, None, *_place(example.location, link),
        )  # fmt: skip
    yield from _fixed(kind, compared, link)


def _written(text: str, spans: set[tuple[int, int, str]]) -> str:
    """As in training data: ``[Rome](city)``."""
    return ", ".join(f"[{text[start:end]}]({label})" for start, end, label in sorted(spans))


def _fixed(kind: str, compared: KindComparison | None, link: Link | None) -> Iterator[WrongRow]:
    for one in compared.fixed if compared is not None else ():
        yield WrongRow(
            kind, "turned right", one.text, one.expected, one.after, one.before, one.confidence_after,
            *_place(one.location, link),
        )  # fmt: skip


def _status(change: ChangedPrediction | None, compared: KindComparison | None) -> str:
    if change is not None:
        return "turned wrong"
    return "wrong as before" if compared is not None else "wrong"


def _by_key(changes: tuple[ChangedPrediction, ...]) -> dict[_Key, ChangedPrediction]:
    return {(one.text, one.expected, one.location): one for one in changes}


def _place(location: Location | None, link: Link | None) -> tuple[str, str | None]:
    if location is None:
        return "", None
    url = link(location, "head") if link is not None else None
    return str(location), url if url is not None and url.startswith(("https://", "http://")) else None
