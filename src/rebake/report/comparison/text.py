"""The tests of two models compared, as plain text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rebake.base.location import Location
from rebake.base.visible import one_line
from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    ChangedStory,
    KindComparison,
    LabelChange,
    ModelComparison,
)
from rebake.report.comparison.words import (
    METHOD,
    OUTCOMES,
    TITLES,
    chance,
    confidence,
    counted,
    metric_name,
    signed,
    verdict,
    wrong_turn,
)

MOST = 20  # of a list; the JSON has all
_WIDEST = 40  # characters of a label
_METHODS = {"mcnemar": "exact McNemar", "bootstrap": "paired bootstrap"}


def comparison_text(comparison: ModelComparison) -> str:
    """Format the verdict, the metrics of each kind, and what turned wrong or right."""
    lines = [
        one_line(verdict(comparison)),
        f"  base: {one_line(comparison.base)}",
        f"  head: {one_line(comparison.head)}",
    ]
    for kind in comparison.kinds:
        lines += ["", f"{TITLES[kind.kind]}: {counted(kind)}", *_kind(kind)]
    return "\n".join([*lines, "", METHOD])


def _kind(kind: KindComparison) -> Iterator[str]:
    if not kind.metrics:
        return
    names = [one_line(metric_name(kind.kind, metric)) for metric in kind.metrics]
    width = max(map(len, names))
    yield f"  {'':{width}}  base   head   change"
    for name, metric in zip(names, kind.metrics, strict=True):
        figure = metric.figure
        yield (
            f"  {name:{width}}  {figure.base:.3f}  {figure.head:.3f}  {signed(figure):6}  "
            f"{OUTCOMES[figure.outcome]:14}  {chance(figure)}, {_METHODS[metric.test]}"
        )
    yield from _labels(kind.labels)
    yield from _list("✗", "turned wrong", [*map(_prediction, kind.broken)])
    yield from _list("✓", "turned right", [*map(_prediction, kind.fixed)])
    yield from _list("✗", "broke", [*map(_story, kind.broken_stories)])
    yield from _list("✓", "fixed", [*map(_story, kind.fixed_stories)])


def _labels(changes: Sequence[LabelChange]) -> Iterator[str]:
    if not changes:
        return
    names = [one_line(change.label)[:_WIDEST] for change in changes[:MOST]]
    title = "F1 by label, where it changed"
    width = max(*map(len, names), len(title) - 2)
    yield f"  {title:{width + 2}}  base   head   change                  support"
    for name, change in zip(names, changes, strict=False):
        figure = change.figure
        yield (
            f"    {name:{width}}  {figure.base:.3f}  {figure.head:.3f}  {signed(figure)}  {OUTCOMES[figure.outcome]:14}"
            f"  {change.support}"
        )
    yield from _more(len(changes))


def _list(icon: str, what: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        yield f"  {len(entries):,} {what}:"
        yield from (f"    {icon} {entry}" for entry in entries[:MOST])
        yield from _more(len(entries))


def _prediction(change: ChangedPrediction) -> str:
    before = f"{change.before or 'nothing'}{confidence(change.confidence_before)}"
    after = f"{change.after or 'nothing'}{confidence(change.confidence_after)}"
    return one_line(f"{_place(change.location)}'{change.text}': {before} -> {after}")


def _story(change: ChangedStory) -> str:
    return one_line(f"{_place(change.location)}{change.name}: {wrong_turn(change)}")


def _place(location: Location | None) -> str:
    return f"{location}: " if location is not None else ""


def _more(count: int) -> list[str]:
    return [f"    and {count - MOST:,} more"] if count > MOST else []
