"""What follows what: a module that the policy imports."""

from __future__ import annotations

from collections import Counter, defaultdict


class Followers:
    """Counts pairs."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, before: str, after: str) -> None:
        self._counts[before][after] += 1

    def most_frequent(self) -> dict[str, str]:
        return {before: max(sorted(count), key=count.__getitem__) for before, count in sorted(self._counts.items())}
