"""The assistant's files as they were at a commit, without a checkout and without running anything of the clone."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from rebake.base.visible import one_line
from rebake.errors import StorageError, UsageError
from rebake.staleness.git.environment import git_environment
from rebake.staleness.git.history import SUFFIXES, TIMEOUT, git_errors, what_git_said, work_tree

if TYPE_CHECKING:
    from types import TracebackType

    from git import Repo

MAX_FILE = 64 * 2**20  # bytes; a larger one is no training data
_FILES = ("100644", "100755", "100664")  # modes
_LINK = "120000"
_SHA1_DIGITS = 40

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

    def has_tag(self, name: str) -> bool:
        """Return whether the clone has a tag of this name."""
        return self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/tags/{name}") is not None

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

    def default_branch(self) -> str | None:
        """Return the remote's default branch, or what is most likely to be it; None if there is no branch."""
        remote = self._ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        if remote is not None:
            return remote.removeprefix("origin/")
        for name in ("main", "master"):
            if self._ask("rev-parse", "--verify", "--quiet", f"refs/heads/{name}") is not None:
                return name
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def files(self) -> list[PurePosixPath]:
        """List the files of the work tree that git does not ignore, relative to its root. Raises StorageError."""
        from git.exc import GitCommandError

        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        try:
            listed: bytes = self._repo.git.execute(
                command, stdout_as_string=False, kill_after_timeout=TIMEOUT, strip_newline_in_stdout=False
            )
        except GitCommandError as error:
            raise StorageError(f"git cannot list the files: {one_line(what_git_said(error))}.") from error
        return sorted({PurePosixPath(os.fsdecode(name)) for name in listed.split(b"\0") if name})

    def write(self, revision: Revision, place: Path) -> Path:
        """Write the files of a commit below ``place`` as :func:`write_files` does.

        Returns:
            the directory there that stands for the one that the history was opened with.

        Raises:
            StorageError: git cannot read the commit, or a file cannot be written.
        """
        try:
            write_files(self._repo, revision.commit, place)
        except git_errors() as error:
            raise StorageError(
                f"The files of {revision.name} cannot be read from git: {one_line(what_git_said(error))}.",
                fix="Clone the repository without --filter, which leaves files of earlier commits out.",
            ) from error
        directory = place / self.below
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _ask(self, *arguments: str) -> str | None:
        from git.exc import GitCommandError

        try:
            answer = self._repo.git.execute(["git", *arguments], kill_after_timeout=TIMEOUT)
        except GitCommandError:
            return None
        return str(answer).split("\n", 1)[0].strip() or None


def write_files(repo: Repo, commit: str, place: Path, within: Collection[str] = (".",)) -> None:
    """Write the YAML, JSON and text files of a commit below ``place``.

    Links become what they lead to; one that leads out of the repository is left out.

    Args:
        within: files and directories, from the root of the repository; no others are written.

    Raises:
        git.exc.GitError, git.exc.ODBError: git cannot read the commit.
        OSError: a file cannot be written.
    """
    files, links = _listed(repo, commit)
    roots = [PurePosixPath(posixpath.normpath(path)) for path in within]

    def is_wanted(path: PurePosixPath) -> bool:
        return any(path.is_relative_to(root) for root in roots)

    for path, blob in files.items():
        if is_wanted(path):
            _write(repo, blob, place, path)
    for link, blob in links.items():
        target = _target(link, os.fsdecode(_content(repo, blob)))
        for path, content in files.items():
            if target is not None and path.is_relative_to(target):
                linked = link / path.relative_to(target)
                if is_wanted(linked):
                    _write(repo, content, place, linked)


def _listed(repo: Repo, commit: str) -> tuple[dict[PurePosixPath, str], dict[PurePosixPath, str]]:
    """The files that an assistant may consist of, and all links: path -> id."""
    files: dict[PurePosixPath, str] = {}
    links: dict[PurePosixPath, str] = {}
    listed: bytes = repo.git.execute(
        ["git", "ls-tree", "-r", "-z", "--long", commit],
        stdout_as_string=False,
        kill_after_timeout=TIMEOUT,
        strip_newline_in_stdout=False,
    )
    for entry in filter(None, listed.split(b"\0")):
        facts, _, name = entry.partition(b"\t")
        path = PurePosixPath(os.fsdecode(name))
        mode, _, blob, size = facts.decode().split()
        if {"..", ".git"} & set(path.parts) or path.is_absolute():
            continue
        if mode == _LINK:
            links[path] = blob
        elif mode in _FILES and path.suffix in SUFFIXES and int(size) <= MAX_FILE:
            files[path] = blob
    return files, links


def _write(repo: Repo, blob: str, place: Path, path: PurePosixPath) -> None:
    file = place.joinpath(*path.parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_content(repo, blob))


def _content(repo: Repo, blob: str) -> bytes:
    if len(blob) == _SHA1_DIGITS:
        content: bytes = repo.odb.stream(bytes.fromhex(blob)).read()
    else:  # GitPython's stream knows no other digests
        content = repo.git.execute(
            ["git", "cat-file", "blob", blob],
            stdout_as_string=False,
            kill_after_timeout=TIMEOUT,
            strip_newline_in_stdout=False,
        )
    return content


def _target(link: PurePosixPath, content: str) -> PurePosixPath | None:
    """What a link leads to, from the root of the repository; None outside of it."""
    target = posixpath.normpath(posixpath.join(link.parent.as_posix(), content))
    return None if target.startswith(("/", "..")) else PurePosixPath(target)
