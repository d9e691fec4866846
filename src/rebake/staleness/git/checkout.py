"""Whether a work tree is what it is taken for: its commit, and the assistant's files as they are in that commit."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from rebake.base.location import Location
from rebake.errors import DataError
from rebake.staleness.git.history import SUFFIXES, CloneHistory, git_errors, open_history

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n(?:.*\n)*")
_LARGEST_POINTER = 1024  # bytes; as Git LFS says


def require_commit(directory: Path, commits: Collection[str]) -> None:
    """Raise DataError unless one of these commits is checked out in the work tree that a directory is in."""
    try:
        with open_history(directory) as history:
            if history.head in commits:
                return
            peeled = {history.ask("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") for commit in commits}
            if history.head in peeled:  # the commit was given as an annotated tag
                return
            head = history.head
    except git_errors() as error:
        raise DataError(
            f"It cannot be checked which commit is checked out ({error}), so nothing is published.",
            fix="Run actions/checkout before this action, in the same workspace.",
        ) from None
    wanted = next(iter(commits))
    raise DataError(
        f"Commit {head[:12]} is checked out, but this run is for commit {wanted[:12]}, so nothing is published.",
        fix="Let actions/checkout take the commit of the event: leave out its input ref.",
    )


def require_committed(directory: Path, files: Iterable[str], paths: Sequence[str]) -> None:
    """Raise DataError for a file of the assistant that is not as in the commit that is checked out.

    Args:
        directory: in the work tree; ``files`` and ``paths`` are relative to it.
        files: that were read.
        paths: files and directories of the assistant, in which no committed file may be missing.
    """
    try:
        with open_history(directory) as history:
            committed = _Committed(history)
            for file in sorted(files):
                committed.require(directory, file)
            committed.require_all(directory, paths)
    except git_errors() as error:
        raise DataError(
            f"The assistant's files cannot be compared with their commit ({error}), so nothing is published.",
            fix="Run actions/checkout before this action, in the same workspace.",
        ) from None


def commit_time(directory: Path, commit: str) -> str | None:
    """Return when a commit was made, in ISO 8601; None where git cannot say."""
    try:
        with open_history(directory) as history:
            return history.ask("show", "--no-patch", "--format=%cI", commit)
    except git_errors():
        return None


class _Committed:
    """The files of the commit that is checked out."""

    def __init__(self, history: CloneHistory) -> None:
        self._history = history
        self._root = history.root
        listing = history.run("ls-tree", "-r", "-z", "--full-tree", history.head)
        self._blobs: dict[str, str] = {}
        self._links: set[str] = set()
        self._submodules: list[str] = []
        for entry in listing.split("\0"):
            about, _, path = entry.partition("\t")
            if about:
                mode, kind, oid = about.split()
                if kind == "commit":
                    self._submodules.append(f"{path}/")
                elif mode == "120000":
                    self._links.add(path)
                else:
                    self._blobs[path] = oid

    def require(self, directory: Path, file: str) -> None:
        path = os.path.relpath(os.path.realpath(directory / file), self._root)
        if path.startswith(tuple(self._submodules)):
            return  # of another repository, whose commit this one names
        oid = self._blobs.get(path)
        if oid is None:
            raise DataError(
                "The file is not committed, so nothing is published.",
                location=Location(file, 1),
                fix="Commit it, or move it out of the assistant's data.",
            )
        if not self._is_same((self._root / path).read_bytes(), oid):
            raise DataError(
                "The file is not as it was committed, so nothing is published.",
                location=Location(file, 1),
                fix="Let no step before this one change the assistant's files, or commit what it writes.",
            )

    def require_all(self, directory: Path, paths: Sequence[str]) -> None:
        roots = [os.path.relpath(os.path.realpath(directory / path), self._root) for path in paths]
        for path in sorted(self._blobs.keys() | self._links):
            is_wanted = any(root in (".", path) or path.startswith(f"{root}/") for root in roots)
            if is_wanted and path.endswith(SUFFIXES) and not os.path.lexists(self._root / path):
                raise DataError(
                    "The file was deleted since it was committed, so nothing is published.",
                    location=Location(os.path.relpath(self._root / path, directory.resolve()), 1),
                    fix="Let no step before this one change the assistant's files.",
                )

    def _is_same(self, content: bytes, oid: str) -> bool:
        """Whether the content is that of the blob, up to line ends and Git LFS, which a checkout may convert."""
        if oid in (_blob(content, oid), _blob(content.replace(b"\r\n", b"\n"), oid)):
            return True
        size = self._history.ask("cat-file", "-s", oid)
        if size is None or int(size) > _LARGEST_POINTER:
            return False
        pointer = _POINTER.fullmatch(self._history.run("cat-file", "blob", oid).encode()[:_LARGEST_POINTER])
        return pointer is not None and hashlib.sha256(content).hexdigest().encode() == pointer[1]


def _blob(content: bytes, like: str) -> str:
    """The id that git gives to content, by the digest that ``like`` is made with."""
    data = b"blob %d\0%b" % (len(content), content)
    return (
        hashlib.sha256(data).hexdigest() if len(like) == 64 else hashlib.sha1(data, usedforsecurity=False).hexdigest()
    )
