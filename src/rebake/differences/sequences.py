"""How two lists of texts differ, step by step and name by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


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
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    clauses = [f"{', '.join(added)} added"] if added else []
    clauses += [f"{', '.join(removed)} removed"] if removed else []
    if is_reordered(before, after):
        clauses.append(f"order changed to {', '.join(after)}")
    return clauses


def is_reordered(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether what both lists have stands in another order."""
    old, new = set(before), set(after)
    return [name for name in before if name in new] != [name for name in after if name in old]
