"""The tests of two models compared, as GitHub Markdown for a comment or a job summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    ChangedStory,
    Figure,
    KindComparison,
    LabelChange,
    ModelComparison,
)
from rebake.report.comparison.words import (
    OUTCOMES,
    TITLES,
    confidence,
    count,
    signed,
    wrong_turn,
)
from rebake.report.escaping import code, escape


def _figures(figure: Figure) -> str:
    return f"| {figure.base:.3f} | {figure.head:.3f} | {signed(figure)} | {OUTCOMES[figure.outcome]} |"


def marked_labels(comparison: ModelComparison, length: int) -> Iterator[str]:
    """Yield the labels that changed by more than noise, as entries of a list: what a reviewer looks at first."""
    for kind in comparison.kinds:
        real = [change for change in kind.labels if change.figure.outcome in ("better", "worse")]
        for change in real[:length]:
            figure = change.figure
            values = f"F1 {figure.base:.3f} → {figure.head:.3f}"
            yield f"- {OUTCOMES[figure.outcome]}: {escape(change.label)}, {values} ({TITLES[kind.kind].lower()})"


def changed_lists(kind: KindComparison, length: int) -> Iterator[str]:
    """Yield folded sections with the labels, examples and stories that changed."""
    what = TITLES[kind.kind]
    if kind.labels:
        rows = ["| Label | Base | Head | Change | | Support |", "| --- | ---: | ---: | ---: | --- | ---: |"]
        rows += [_label(change) for change in kind.labels[:length]]
        yield _details(f"{what}: F1 changed for {count(len(kind.labels), 'label')}", rows, len(kind.labels) - length)
    noun = "example"
    for outcome, changes in (("turned wrong", kind.broken), ("turned right", kind.fixed)):
        yield from _listed(
            f"{what}: {count(len(changes), noun)} {outcome}", [*map(_prediction, changes[:length])], len(changes)
        )
    for outcome, stories in (("broke", kind.broken_stories), ("fixed", kind.fixed_stories)):
        yield from _listed(f"{count(len(stories), 'story')} {outcome}", [*map(_story, stories[:length])], len(stories))


def _listed(title: str, entries: Sequence[str], total: int) -> Iterator[str]:
    if total:
        yield _details(title, [f"- {entry}" for entry in entries], total - len(entries))


def _details(title: str, lines: Sequence[str], left_out: int) -> str:
    more = f"\n\nand {left_out:,} more" if left_out > 0 else ""
    return f"<details><summary>{title}</summary>\n\n" + "\n".join(lines) + f"{more}\n\n</details>"


def _label(change: LabelChange) -> str:
    return f"| {escape(change.label)} {_figures(change.figure)} {change.support} |"


def _prediction(change: ChangedPrediction) -> str:
    before = f"{escape(change.before or 'nothing')}{confidence(change.confidence_before)}"
    after = f"{escape(change.after or 'nothing')}{confidence(change.confidence_after)}"
    place = f"{code(str(change.location))}: " if change.location is not None else ""
    return f"{place}“{escape(change.text)}”: {before} → {after}"


def _story(change: ChangedStory) -> str:
    place = f"{code(str(change.location))}: " if change.location is not None else ""
    return f"{place}{escape(change.name)}: {escape(wrong_turn(change))}"
