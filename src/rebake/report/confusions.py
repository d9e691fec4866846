"""Which labels are predicted as others."""

from __future__ import annotations

from typing import NamedTuple

from rebake.evaluation.labels import LabelTest


class Confusion(NamedTuple):
    """``times`` of the ``support`` examples with the expected label are given another; "" for none."""

    expected: str
    predicted: str
    times: int
    support: int


def confusions(test: LabelTest) -> list[Confusion]:
    """Return each pair of labels that are confused, the most frequent first."""
    found = []
    for expected, row in test.scores.confusion.items():
        support = sum(row.values())
        found += [Confusion(expected, other, times, support) for other, times in row.items() if other != expected]
    return sorted(found, key=lambda one: (-one.times, one.expected, one.predicted))
