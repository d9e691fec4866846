"""Send workflow commands to the runner: annotations, masks, outputs and the job summary.

The runner obeys commands in the log, so they are switched off while anything else is printed: a story's
name must not be one. (actions-toolkit writes the commands; switching and the job summary are ours.)
"""

from __future__ import annotations

import logging
import os
import posixpath
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from actions_toolkit import core

from rebake.base.location import Location

Annotation: TypeAlias = tuple[str, Location | None]  # a message, and the line that it stands at

logger = logging.getLogger("rebake")

MAX_ANNOTATIONS = 10  # of one kind in one step; GitHub drops the rest


class Runner:
    """GitHub workflow commands. Inside (a context manager), the runner obeys no command in the log but ours."""

    def __init__(self, working_directory: str = ".") -> None:
        self._word = secrets.token_hex(16)
        self.working_directory = working_directory

    def __enter__(self) -> Runner:
        self._switch(on=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._switch(on=True)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is logged in the context; ``title`` is one line of ours."""
        with self._on():
            core.start_group(title)
        try:
            yield
        finally:
            with self._on():
                core.end_group()

    def mask(self, secret: str) -> None:
        """Let the runner hide a secret in the log from here on."""
        if secret:
            with self._on():
                core.set_secret(secret)

    def error(self, message: str, location: Location | None = None) -> None:
        """Annotate an error in the changed files and on the run's page."""
        with self._on():
            core.error(message, title="rebake", **self._place(location))

    def warnings(self, found: Sequence[Annotation], elsewhere: str) -> None:
        """Annotate warnings. GitHub takes ten per step; where there are more, the last one counts the rest.

        Args:
            found: most important first.
            elsewhere: where to read those that are not shown.
        """
        for message, location in _limited(found, "warnings", elsewhere):
            self._warning(message, location)

    def errors(self, found: Sequence[Annotation], elsewhere: str) -> None:
        """Annotate errors, as :meth:`warnings` does."""
        for message, location in _limited(found, "errors", elsewhere):
            self.error(message, location)

    def _warning(self, message: str, location: Location | None = None) -> None:
        with self._on():
            core.warning(message, title="rebake", **self._place(location))

    def output(self, name: str, value: str) -> None:
        """Set an output of the step."""
        core.set_output(name, value)  # goes to a file

    def summary(self, markdown: str) -> None:
        """Append to the job summary, where the runner has one."""
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if path:
            with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(markdown)

    def in_repository(self, path: str) -> str:
        """Return a path relative to the working directory, as one relative to the repository's root."""
        workspace = os.environ.get("GITHUB_WORKSPACE", "")
        if posixpath.isabs(path) and workspace and PurePosixPath(path).is_relative_to(workspace):
            return PurePosixPath(path).relative_to(workspace).as_posix()
        return posixpath.normpath(posixpath.join(self.working_directory, path))

    def _place(self, location: Location | None) -> dict[str, str | int]:
        if location is None:
            return {}
        return {"file": self.in_repository(location.file), "start_line": location.line}

    @contextmanager
    def _on(self) -> Iterator[None]:
        self._switch(on=True)
        try:
            yield
        finally:
            self._switch(on=False)

    def _switch(self, *, on: bool) -> None:
        sys.stderr.flush()
        command = f"::{self._word}::" if on else f"::stop-commands::{self._word}"
        sys.stdout.write(f"{command}\n")
        sys.stdout.flush()


def _limited(found: Sequence[Annotation], what: str, elsewhere: str) -> list[Annotation]:
    if len(found) <= MAX_ANNOTATIONS:
        return list(found)
    shown = list(found[: MAX_ANNOTATIONS - 1])
    return [*shown, (f"{len(found) - len(shown):,} more {what}: see {elsewhere}.", None)]
