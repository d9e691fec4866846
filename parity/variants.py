"""What the suites of many variants share: their options, the choice of variants, and where archives are kept."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Variant = TypeVar("Variant")


def add_choice(parser: ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="variants whose name has a WORD")
    add_keep(parser)


def add_keep(parser: ArgumentParser) -> None:
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="leave archives and answers there")


def add_processes(parser: ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=2, help="Rasa processes at the same time (default: 2)")


def chosen(variants: Mapping[str, Variant], words: Sequence[str]) -> dict[str, Variant]:
    """Return the variants whose name contains one of the words."""
    return {name: variant for name, variant in variants.items() if any(word in name for word in words)}


def shares(variants: Sequence[Variant], processes: int) -> list[list[Variant]]:
    """Deal the variants out to so many processes; none gets an empty share."""
    return [share for place in range(processes) if (share := list(variants[place::processes]))]


@contextmanager
def working_directory(keep: Path | None, name: str) -> Iterator[Path]:
    """Yield the directory to keep files in, or a temporary one."""
    with tempfile.TemporaryDirectory(prefix=f"rebake-{name}-") as scratch:
        work = (keep or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        yield work
