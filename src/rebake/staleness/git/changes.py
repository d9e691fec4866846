"""Which training files changed, according to git. This explains a verdict and never decides one.

The clone is read through a repository of our own (history.py) and stays as it is. Where history is missing (a clone of
depth 1), it is fetched if that is possible.

GitPython finds commits and their common ancestors. Where its objects would read files by themselves, git is called
instead; the comments there say why.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rebake.staleness.git.history import (
    SUFFIXES,
    CloneHistory,
    NoHistoryError,
    Remote,
    git_errors,
    open_history,
    what_git_said,
)
from rebake.staleness.git.trees import write_files

Status = Literal["A", "M", "D", "R"]

DEPTHS = (50, 500, 5000)  # how deep to fetch, one after the other, until the base is found

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, path relative to the repository's root. Status: added, modified, deleted or renamed."""

    status: Status
    path: str
    old_path: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """The changed training files between two commits.

    Attributes:
        files: sorted by path.
        base: the commit compared with; None where it could not be found, and ``problem`` says why.
        base_name: what a person calls the base ("main", "v1.2").
        problem: a clause.
    """

    files: tuple[FileChange, ...] = ()
    base: str | None = None
    base_name: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """How to find the commit to compare with.

    Attributes:
        kind: "merge-base" of ``base`` (or of the branch ``name``) and ``head``; "commit": ``base`` itself;
            "previous-tag": the nearest tag before ``head``, which is the tag ``name``; "none": there is none.
        base: a commit id; "" where only ``name`` is known.
        head: a commit id, or "HEAD".
        name: the branch or tag.
        refs: full names of refs to fetch where the server does not give out commits by id.
        ignored_tag: a tag that is no release of the assistant, and neither are those that start with it and "-".
        reason: for "none": why there is nothing to compare with.
    """

    kind: Literal["merge-base", "commit", "previous-tag", "none"]
    base: str = ""
    head: str = "HEAD"
    name: str = ""
    refs: tuple[str, ...] = ()
    ignored_tag: str = ""
    reason: str = ""


class _NotFoundError(Exception):
    """The base is not there; the message says why."""


def find_changes(
    directory: Path,
    base: Base,
    paths: Sequence[str],
    *,
    remote: Remote | None = None,
    base_files: Path | None = None,
) -> Changes:
    """Find the training files that changed between the base and the head.

    Args:
        directory: a directory of the repository's work tree; ``paths`` are relative to it.
        base: how to find the base.
        paths: files and directories of the assistant (the deleted ones, too).
        remote: where missing history is fetched from; None fetches nothing.
        base_files: where the base's files at these paths are written; see
            :func:`rebake.staleness.git.trees.write_files`.

    Never raises for what git says: it goes into ``Changes.problem``.
    """
    if base.kind == "none":
        return Changes(problem=base.reason)
    try:
        with open_history(directory) as history:
            commit, name = _Search(history, remote).find(base)
            within = [_below(history.root, directory, path) for path in paths]
            files = _changed(history, commit, base.head, within)
            if base_files is not None and files:
                _write_base(history, commit, base_files, within)
    except (_NotFoundError, NoHistoryError) as error:
        return Changes(problem=str(error), base_name=base.name if isinstance(error, _NotFoundError) else "")
    except git_errors() as error:
        return Changes(problem=f"git failed: {what_git_said(error)}", base_name=base.name)
    return Changes(files, commit, name)


def _changed(history: CloneHistory, base: str, head: str, paths: Sequence[str]) -> tuple[FileChange, ...]:
    """The training files among ``paths`` that differ, sorted by path.

    Not by ``Commit.diff``: a file name that is not UTF-8 makes it return no changes at all, without an error, and one
    with a line break is cut there (GitPython 3.2.1). A pull request could hide its changes by adding one.
    """
    from git.exc import GitCommandError

    def listing(renames: str) -> str:
        options = ("--name-status", "-z", renames, "--no-ext-diff", "--no-textconv")
        return history.run("diff", *options, base, head, "--", *paths)

    try:
        changed = listing("-M")
    except GitCommandError:  # a clone without the contents of old files, by which renames are found
        changed = listing("--no-renames")
    return tuple(sorted(_files(changed), key=lambda file: file.path))


def _write_base(history: CloneHistory, commit: str, place: Path, within: Sequence[str]) -> None:
    """Write the base's files, all or none: a clone may lack the contents of old files."""
    try:
        write_files(history.repo, commit, place, within)
    except git_errors():
        shutil.rmtree(place, ignore_errors=True)


class _Search:
    """Finds the base, fetching what is missing."""

    def __init__(self, history: CloneHistory, remote: Remote | None) -> None:
        self._history = history
        self._remote = remote

    def find(self, base: Base) -> tuple[str, str]:
        """Find the base's commit and name. Raises _NotFoundError."""
        if base.kind == "previous-tag":
            return self._previous_tag(base)
        wanted = base.base or self._branch_tip(base.name)
        if not _COMMIT.fullmatch(wanted):
            raise _NotFoundError(f"{wanted!r} is not a commit ID")
        if base.kind == "commit":
            return self._commit(wanted, base), base.name
        return self._merge_base(wanted, base), base.name

    def _commit(self, wanted: str, base: Base) -> str:
        if not self._has(wanted):
            self._fetch([wanted], base.refs, depth=1 if self._is_shallow() else None)
        if not self._has(wanted):
            raise _NotFoundError(f"commit {wanted[:12]} is not there any more")
        return wanted

    def _merge_base(self, wanted: str, base: Base) -> str:
        head = self._history.head if base.head == "HEAD" else base.head

        def found() -> str | None:
            if not (self._has(wanted) and self._has(head)):
                return None
            return next((str(commit) for commit in self._history.repo.merge_base(wanted, head)), None)

        return self._deepening(found, [wanted, head], base.refs, f"no common ancestor with {base.name or wanted[:12]}")

    def _previous_tag(self, base: Base) -> tuple[str, str]:
        def found() -> str | None:
            ignored = base.ignored_tag
            exclude = [f"--exclude={ignored}", f"--exclude={ignored}-*"] if ignored else []
            return self._history.ask("describe", "--tags", "--abbrev=0", *exclude, f"{base.head}^1")

        tag = self._deepening(found, [f"refs/tags/{base.name}"], (), "there is no earlier tag", tags=True)
        commit = self._history.ask("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        if commit is None:
            raise _NotFoundError(f"tag {tag} names no commit")
        return commit, tag

    def _deepening(
        self,
        found: Callable[[], str | None],
        wanted: Sequence[str],
        refs: Sequence[str],
        missing: str,
        *,
        tags: bool = False,
    ) -> str:
        """What ``found`` returns, after fetching ever more history while it returns nothing."""
        result = found()
        for depth in DEPTHS if result is None else ():
            was_shallow = self._is_shallow()
            self._fetch(wanted, refs, depth=depth if was_shallow else None, tags=tags)
            result = found()
            if result is not None or not was_shallow or not self._is_shallow():
                break
        if result is None:
            raise _NotFoundError(f"{missing} within {DEPTHS[-1]} commits" if self._is_shallow() else missing)
        return result

    def _branch_tip(self, branch: str) -> str:
        lines = self._fetching("ls-remote", (f"refs/heads/{branch}",)).split()
        if not lines:
            raise _NotFoundError(f"the remote has no branch {branch}")
        return lines[0]

    def _fetch(self, wanted: Sequence[str], refs: Sequence[str], *, depth: int | None, tags: bool = False) -> None:
        options = ["--quiet", "--no-write-fetch-head", "--no-recurse-submodules"]
        # actions/checkout makes a lightweight tag of an annotated one, which --tags alone would refuse to correct
        options += ["--tags", "--force"] if tags else ["--no-tags"]
        if depth is not None:
            options.append(f"--depth={depth}")
        try:
            self._fetching("fetch", wanted, *options)
        except _NotFoundError:
            if not refs:
                raise
            self._fetching("fetch", refs, *options)

    def _fetching(self, command: str, wanted: Sequence[str], *options: str) -> str:
        """Run a command that contacts the remote.

        Not by ``Remote.fetch``, which writes FETCH_HEAD to read it, and reads the remote's configuration itself.
        """
        from git.exc import GitCommandError

        if self._remote is None:
            raise _NotFoundError("the history is not in this clone")
        try:
            return self._history.connect(self._remote, command, *options, self._remote.url, *wanted)
        except GitCommandError as error:
            raise _NotFoundError(
                f"the history is not in this clone and could not be fetched ({what_git_said(error)})"
            ) from None

    def _has(self, commit: str) -> bool:
        return self._history.repo.is_valid_object(commit, "commit")

    def _is_shallow(self) -> bool:
        return self._history.ask("rev-parse", "--is-shallow-repository") == "true"


def _below(root: Path, directory: Path, path: str) -> str:
    """A path relative to the directory, as one relative to the root of the work tree."""
    return os.path.relpath(directory.resolve() / path, root)


def _files(listing: str) -> Iterator[FileChange]:
    """Read ``git diff --name-status -z``: status, path and, for a rename or copy, the new path."""
    fields = iter(listing.split("\0"))
    for field in fields:
        if not field:
            continue
        path = next(fields)
        old_path = None
        if field[0] in "RC":
            old_path, path = path, next(fields)
        status: Status = "A" if field[0] in "AC" else "D" if field[0] == "D" else "R" if field[0] == "R" else "M"
        if path.endswith(SUFFIXES):
            yield FileChange(status, path, old_path if status == "R" else None)
