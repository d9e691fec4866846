"""Is a change more than noise? Exact McNemar for shares of right examples, paired bootstrap for F1.

Both look at the same examples in both models. McNemar's test (Psychometrika 12, 1947) asks whether as many turned
right as turned wrong, which the binomial distribution answers exactly. The bootstrap (Efron and Tibshirani, 1993) draws
as many examples as there are, with replacement, and computes both models' F1 on them, many times: how often is the
change not there?

Letters in shapes: R resamples, G groups of equal examples, L labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebake.evaluation.comparison.result import ROUNDING, Figure

RESAMPLES = 10_000  # a p of 0.05 is then right within 0.005
SEED = 42  # the same tests always give the same result
_BATCH = 500  # resamples at a time, for the memory

Labels: TypeAlias = tuple[str, ...]


class Found(NamedTuple):
    """What one model makes of an example.

    Attributes:
        labels: that it gives, one or more times.
        right: those among them that are right.
    """

    labels: Labels
    right: Labels


class PairedExample(NamedTuple):
    """One example in both tests.

    Attributes:
        expected: the labels that it has.
        base, head: what the models find.
    """

    expected: Labels
    base: Found
    head: Found


@dataclass(frozen=True)
class F1Changes:
    """F1 of both models.

    Attributes:
        micro: over all labels together.
        macro: mean over the labels that are expected somewhere.
        weighted: mean over labels by how often they are expected.
        labels: of each label; where it is in no example of a resample, that one shows no change.
    """

    micro: Figure
    macro: Figure
    weighted: Figure
    labels: Mapping[str, Figure]


def mcnemar(fixed: int, broken: int) -> float:
    """Return how often chance alone makes one of these counts as small, both being equally likely: exact, two-sided."""
    from scipy.stats import binomtest

    return float(binomtest(broken, fixed + broken, 0.5).pvalue) if fixed + broken else 1.0


def compare_f1(examples: Iterable[PairedExample]) -> F1Changes:
    """Compute F1 of both models and test the changes by paired bootstrap over the examples.

    Neither the order of the examples nor which model is the base changes a ``p``.
    """
    groups = Counter(examples)
    here, mirrored = (
        sorted((side(example), count) for example, count in groups.items()) for side in (PairedExample._make, _mirror)
    )
    if mirrored < here:
        return _flip(_compare(mirrored))
    return _compare(here)


def _mirror(example: PairedExample) -> PairedExample:
    return PairedExample(example.expected, example.head, example.base)


def _flip(changes: F1Changes) -> F1Changes:
    def flip(figure: Figure) -> Figure:
        return Figure(figure.head, figure.base, figure.p)

    labels = {label: flip(figure) for label, figure in changes.labels.items()}
    return F1Changes(flip(changes.micro), flip(changes.macro), flip(changes.weighted), labels)


def _compare(groups: list[tuple[PairedExample, int]]) -> F1Changes:
    names = sorted({name for example, _ in groups for name in _names(example)})
    columns = {name: column for column, name in enumerate(names)}
    expected = _counts((example.expected for example, _ in groups), columns)  # [G, L]
    sides = [
        tuple(_counts((getattr(found, kind) for found in founds), columns) for kind in Found._fields)  # [G, L] each
        for founds in ([example.base for example, _ in groups], [example.head for example, _ in groups])
    ]

    def figures(draws: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Both models' micro, macro and weighted F1 and that of each label: [R, 3 + L]."""
        support = _sum(draws, expected)
        base, head = (_f1(support, *(_sum(draws, counts) for counts in side)) for side in sides)
        return base, head

    sizes = np.array([count for _, count in groups], dtype=np.int64)
    total = int(sizes.sum())
    base, head = (side[0] for side in figures(sizes[None]))
    random = np.random.default_rng(SEED)
    not_better, not_worse = np.zeros(len(base)), np.zeros(len(base))
    for _ in range(RESAMPLES // _BATCH):
        before, after = figures(random.multinomial(total, sizes / total, size=_BATCH))
        not_better += (after - before <= ROUNDING).sum(axis=0)
        not_worse += (after - before >= -ROUNDING).sum(axis=0)
    p = np.minimum(1.0, 2 * (np.minimum(not_better, not_worse) + 1) / (RESAMPLES + 1))
    micro, macro, weighted, *of_labels = (Figure(*map(float, row)) for row in zip(base, head, p, strict=True))
    return F1Changes(micro, macro, weighted, dict(zip(names, of_labels, strict=True)))


def _names(example: PairedExample) -> Iterable[str]:
    return (*example.expected, *example.base.labels, *example.head.labels)


def _counts(rows: Iterable[Labels], columns: Mapping[str, int]) -> NDArray[np.float32]:
    """How often each group has each label: [G, L]."""
    counted = [Counter(row) for row in rows]
    counts = np.zeros((len(counted), len(columns)), dtype=np.float32)
    for number, row in enumerate(counted):
        for name, count in row.items():
            counts[number, columns[name]] = count
    return counts


def _sum(draws: NDArray[Any], counts: NDArray[np.float32]) -> NDArray[np.float64]:
    """[R, G] x [G, L] -> [R, L]; float32 is exact for counts, and a matrix product of it is fast."""
    return (draws.astype(np.float32) @ counts).astype(np.float64)


def _f1(support: NDArray[Any], found: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Micro, macro and weighted F1, then that of each label, 0 where it is undefined: [R, 3 + L]."""
    labels = _ratio(2 * right, support + found)
    micro = _ratio(2 * right.sum(axis=1), support.sum(axis=1) + found.sum(axis=1))
    is_expected = support > 0
    macro = _ratio((labels * is_expected).sum(axis=1), is_expected.sum(axis=1))
    weighted = _ratio((labels * support).sum(axis=1), support.sum(axis=1))
    return np.column_stack([micro, macro, weighted, labels])


def _ratio(upper: NDArray[Any], lower: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.divide(upper, lower, out=np.zeros(np.shape(upper)), where=lower > 0)
    return result
