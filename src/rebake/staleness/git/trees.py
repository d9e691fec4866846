"""The assistant's files as they were at a commit, without a checkout and without running anything of the clone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from rebake.errors import UsageError
from rebake.staleness.git.changes import SUFFIXES
from rebake.staleness.git.environment import git_environment
from rebake.staleness.git.history import TIMEOUT, work_tree

if TYPE_CHECKING:
    from types import TracebackType

MAX_FILE = 64 * 2**20  # bytes; a larger one is no training data
_FILES = ("100644", "100755", "100664")  # modes; the others are links and submodules

_REMOTE = re.compile(
    r"(?:(?:https|ssh)://(?:[\w.-]+@)?|git@)(?P<host>[\w.-]+)[/:](?P<path>[\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit by its id, and by the name that a person gave it."""

    commit: str
    name: str


class History:
    """Reads the commits of the repository that a directory is in; a context manager.

    Raises:
        UsageError: the directory is in no git work tree, or git is not installed.
    """

    def __init__(self, directory: Path) -> None:
        root = work_tree(directory)
        if root is None:
            raise UsageError(f"{directory} is not in a git work tree.", fix="Run the command in the assistant's clone.")
        try:
            from git import Repo
        except ImportError as error:
            raise UsageError("git is not installed.", fix="Install git.") from error
        self.root = root
        self.below = directory.resolve().relative_to(root)
        self._repo = Repo(root, expand_vars=False)
        self._repo.git.update_environment(**git_environment(root / ".git"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._repo.close()

    def revision(self, name: str) -> Revision:
        """Find the commit of a branch, a tag or an id. Raises UsageError where there is none."""
        commit = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if commit is None:
            raise UsageError(
                f"There is no commit {name!r} in this clone.", fix="Give a branch, a tag or an id, or fetch it first."
            )
        return Revision(commit, name)

    def merge_base(self, one: Revision, other: Revision) -> Revision:
        """Find the newest commit that both have. Raises UsageError where there is none in this clone."""
        commit = self._ask("merge-base", one.commit, other.commit)
        if commit is None:
            raise UsageError(
                f"{one.name} and {other.name} have no common commit in this clone.",
                fix="Fetch more of the history: git fetch --unshallow",
            )
        return Revision(commit, one.name)

    def web_address(self) -> str | None:
        """Return where a browser finds the repository, by the remote called origin; None where that is not known."""
        remote = _REMOTE.fullmatch(self._ask("config", "--get", "remote.origin.url") or "")
        return f"https://{remote['host']}/{remote['path']}" if remote is not None else None

    def write(self, revision: Revision, place: Path) -> Path:
        """Write the YAML, JSON and text files of a commit below ``place``.

        Links are left out: they may lead anywhere.

        Returns:
            the directory there that stands for the one that the history was opened with.
        """
        for blob, path in self._files(revision):
            file = place.joinpath(*path.parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._repo.odb.stream(bytes.fromhex(blob)).read())
        directory = place / self.below
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _files(self, revision: Revision) -> Iterator[tuple[str, PurePosixPath]]:
        """The id and the path of every file that an assistant may consist of."""
        command = ["git", "ls-tree", "-r", "-z", "--long", revision.commit]
        listed: bytes = self._repo.git.execute(
            command, stdout_as_string=False, kill_after_timeout=TIMEOUT, strip_newline_in_stdout=False
        )
        for entry in listed.split(b"\0"):
            facts, _, name = entry.partition(b"\t")
            path = PurePosixPath(os.fsdecode(name))
            if path.suffix not in SUFFIXES or {"..", ".git"} & set(path.parts) or path.is_absolute():
                continue
            mode, _, blob, size = facts.decode().split()
            if mode in _FILES and int(size) <= MAX_FILE:
                yield blob, path

    def _ask(self, *arguments: str) -> str | None:
        from git.exc import GitCommandError

        try:
            answer = self._repo.git.execute(["git", *arguments], kill_after_timeout=TIMEOUT)
        except GitCommandError:
            return None
        return str(answer).split("\n", 1)[0].strip() or None
