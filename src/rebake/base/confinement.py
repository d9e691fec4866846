"""Files that a run may read and write: where others decide what is in a repository, none outside of it.

A symbolic link in a pull request could otherwise make a file of the machine part of a published model, or put a model
elsewhere. On the command line the files are the user's own, and there is no limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rebake.base.location import Location
from rebake.errors import DataError

_roots: list[str] = []  # of the contexts that are open, innermost last


@contextmanager
def confined_to(root: Path) -> Iterator[None]:
    """Refuse files outside of a directory, and those of git in it, as long as the context lasts."""
    _roots.append(os.path.realpath(root))
    try:
        yield
    finally:
        _roots.pop()


def require_inside(path: str | Path) -> None:
    """Raise DataError if a path leads, by whatever links, to where this run has no business."""
    if not _roots:
        return
    root, real = _roots[-1], os.path.realpath(path)
    if os.path.commonpath((root, real)) != root:
        raise DataError(
            "The path leads out of the repository.",
            location=Location(str(path), 1),
            fix="Put the files themselves in the repository, or a link to another place in it.",
        )
    if ".git" in Path(os.path.relpath(real, root).lower()).parts:
        raise DataError(
            "The path leads to files of git.",
            location=Location(str(path), 1),
            fix="Name the assistant's own files.",
        )
