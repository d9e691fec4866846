"""Print what a comparison found, the same way in every suite."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 10


def report(what: str, found: Sequence[str], shown: int = SHOWN) -> int:
    """Print the first differences and how many there are; return that number."""
    print(f"{what}: {len(found) or 'no'} differences", flush=True)
    for difference in found[:shown]:
        print(f"  ! {difference}")
    if len(found) > shown:
        print(f"  ! and {len(found) - shown} more")
    return len(found)
