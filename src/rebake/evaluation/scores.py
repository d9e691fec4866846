"""Precision, recall and F1 of labels, computed by scikit-learn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Score:
    """How well one label is predicted, or several on average.

    Attributes:
        precision, recall, f1: from 0 to 1; 0 where they are undefined.
        support: how many examples have the label.
    """

    precision: float
    recall: float
    f1: float
    support: int


NOTHING = Score(0.0, 0.0, 0.0, 0)


@dataclass(frozen=True)
class Scores:
    """The scores of a set of labels.

    Attributes:
        labels: label -> its score, sorted by label.
        micro, macro, weighted: averages over these labels; ``weighted`` by support.
        accuracy: share of all pairs in which both labels are equal, those of left-out labels included.
        confusion: expected label -> predicted label -> how often, left-out labels included.
    """

    labels: Mapping[str, Score] = field(default_factory=dict)
    micro: Score = NOTHING
    macro: Score = NOTHING
    weighted: Score = NOTHING
    accuracy: float = 0.0
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def score(
    expected: Sequence[str],
    predicted: Sequence[str],
    *,
    leave_out: str | None = None,
    labels: Collection[str] | None = None,
) -> Scores:
    """Compare two lists of labels, pair by pair.

    Args:
        expected: what is right.
        predicted: of the same length.
        leave_out: a label that gets no score and counts in no average, such as "no entity".
        labels: those that are scored; by default the expected ones, as in Rasa's reports.
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    scored = sorted({*(expected if labels is None else labels)} - {leave_out})
    if not scored:
        return Scores(confusion=_confusion(expected, predicted))

    def compute(average: Literal["micro", "macro", "weighted"] | None) -> tuple[Any, Any, Any, Any]:
        result: tuple[Any, Any, Any, Any] = precision_recall_fscore_support(
            list(expected), list(predicted), labels=scored, average=average, zero_division=0
        )
        return result

    columns = [values.tolist() for values in compute(None)]
    rows = {label: Score(*row) for label, row in zip(scored, zip(*columns, strict=True), strict=True)}
    support = sum(row.support for row in rows.values())

    def average(kind: Literal["micro", "macro", "weighted"]) -> Score:
        precision, recall, f1, _ = compute(kind)
        return Score(float(precision), float(recall), float(f1), support)

    return Scores(
        rows,
        average("micro"),
        average("macro"),
        average("weighted"),
        float(accuracy_score(list(expected), list(predicted))),
        _confusion(expected, predicted),
    )


def _confusion(expected: Sequence[str], predicted: Sequence[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for wanted, found in zip(expected, predicted, strict=True):
        counts[wanted][found] += 1
    return {label: dict(sorted(counts[label].items())) for label in sorted(counts)}
