"""How two lists of texts differ, step by step and name by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class StepEdit:
    """A place at which two lists differ: ``before`` is None for what was added, ``after`` for what was removed.

    Positions count from 0, each in its own list.
    """

    before: int | None
    after: int | None


def edits(before: Sequence[str], after: Sequence[str]) -> Iterator[StepEdit]:
    """Yield the edits that lead from one list to the other, in order."""
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(i_end - i, j_end - j)
        yield from (StepEdit(i + place, j + place) for place in range(both))
        yield from (StepEdit(place, None) for place in range(i + both, i_end))
        yield from (StepEdit(None, place) for place in range(j + both, j_end))


def name_changes(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return clauses that say which names a list gained and lost, and whether their order changed."""
    added, removed = left_over(after, before, str), left_over(before, after, str)
    clauses = [f"{', '.join(added)} added"] if added else []
    clauses += [f"{', '.join(removed)} removed"] if removed else []
    if is_reordered(before, after):
        clauses.append(f"order changed to {', '.join(after)}")
    return clauses


def is_reordered(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether what both lists have stands in another order; of what is there twice, the first one counts."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return [name for name in old if name in new] != [name for name in new if name in old]


def left_over(items: Sequence[_Item], others: Sequence[_Item], key: Callable[[_Item], Hashable]) -> list[_Item]:
    """Return the items that the other list lacks; one that is there twice counts twice."""
    counts = Counter(map(key, others))
    found = []
    for item in items:
        if counts[key(item)]:
            counts[key(item)] -= 1
        else:
            found.append(item)
    return found
