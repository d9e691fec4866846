"""The assistant of a commit, for commands that take one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from rebake.archive.scratch import temporary_directory
from rebake.errors import UsageError
from rebake.staleness.git.trees import History, Revision


def require_in_work_tree(history: History, options: argparse.Namespace) -> None:
    """Make the paths relative, so that they name the files of each commit, and not those of the working directory.

    Raises UsageError for one outside of the work tree, of which no commit has a state.
    """

    def relative(path: str) -> str:
        named = Path(os.path.normpath(Path.cwd() / path))
        for place in (named, named.resolve()):
            if place.is_relative_to(history.root):
                return os.path.relpath(place, history.root / history.below) if Path(path).is_absolute() else path
        raise UsageError(f"{path} is not in the work tree {history.root}.", fix="Name files of the repository.")

    options.config = relative(options.config)
    options.domain = relative(options.domain) if options.domain is not None else None
    options.data = [relative(path) for path in options.data] if options.data else None


@contextmanager
def at_revision(history: History, revision: Revision) -> Iterator[Path]:
    """Have the files of a commit in the working directory; gives the root that they are below."""
    with temporary_directory() as place, chdir(history.write(revision, place)):
        yield place
