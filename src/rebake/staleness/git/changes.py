"""Which training files changed, according to git. This explains a verdict and never decides one.

Git's own configuration stays untouched: that the workspace belongs to another user (in a container) is allowed for
through the environment of each call. Where history is missing (a clone of depth 1), it is fetched if that is possible.

GitPython finds commits and their common ancestors. Where its objects would read or change the clone by themselves, git
is called instead; the comments there say why.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from rebake.staleness.git.environment import git_environment

if TYPE_CHECKING:
    from git import Repo

Status = Literal["A", "M", "D", "R"]

DEPTHS = (50, 500, 5000)  # how deep to fetch, one after the other, until the base is found
TIMEOUT = 120.0  # seconds for one call of git
SUFFIXES = (".yml", ".yaml", ".json", ".txt")

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


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
        ignored_tag: a tag that is no release of the assistant.
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
    directory: Path, base: Base, paths: Sequence[str], *, credentials: Mapping[str, str] | None = None
) -> Changes:
    """Find the training files that changed between the base and the head.

    Args:
        directory: a directory of the repository's work tree; ``paths`` are relative to it.
        base: how to find the base.
        paths: files and directories of the assistant (the deleted ones, too).
        credentials: git configuration for fetching, used only where it fails without.

    Never raises for what git says: it goes into ``Changes.problem``.
    """
    if base.kind == "none":
        return Changes(problem=base.reason)
    try:
        from git import Repo
        from git.exc import GitError, InvalidGitRepositoryError, ODBError
    except ImportError:
        return Changes(problem="git is not installed")
    root = work_tree(directory)
    try:
        if root is None:
            raise InvalidGitRepositoryError
        with Repo(root, expand_vars=False) as repo:
            repo.git.update_environment(**git_environment(root))
            commit, name = _Search(repo, root, credentials or {}).find(base)
            files = _changed(repo, commit, base.head, [_below(root, directory, path) for path in paths])
    except _NotFoundError as error:
        return Changes(problem=str(error), base_name=base.name)
    except InvalidGitRepositoryError:
        return Changes(problem=f"{directory} is not in a git work tree")
    except (GitError, ODBError, ValueError, OSError) as error:  # the last two: git died while GitPython used it
        return Changes(problem=f"git failed: {_one_line(error)}", base_name=base.name)
    return Changes(files, commit, name)


def _changed(repo: Repo, base: str, head: str, paths: Sequence[str]) -> tuple[FileChange, ...]:
    """The training files among ``paths`` that differ, sorted by path.

    Not by ``Commit.diff``: a file name that is not UTF-8 makes it return no changes at all, without an error, and one
    with a line break is cut there (GitPython 3.2.1). A pull request could hide its changes by adding one.
    """
    options = ("--name-status", "-z", "-M", "--no-ext-diff", "--no-textconv")  # runs no program that the clone names
    listing = repo.git.execute(
        ["git", "diff", *options, base, head, "--", *paths], kill_after_timeout=TIMEOUT, strip_newline_in_stdout=False
    )
    return tuple(sorted(_files(str(listing)), key=lambda file: file.path))


class _Search:
    """Finds the base, fetching what is missing."""

    def __init__(self, repo: Repo, root: Path, credentials: Mapping[str, str]) -> None:
        self._repo = repo
        self._root = root
        self._credentials = credentials

    def find(self, base: Base) -> tuple[str, str]:
        """Find the base's commit and name. Raises _NotFoundError."""
        if base.kind == "previous-tag":
            return self._previous_tag(base)
        wanted = base.base or self._branch_tip(base.name)
        if not _COMMIT.fullmatch(wanted):
            raise _NotFoundError(f"{wanted!r} is no commit id")
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
        head = (self._ask("rev-parse", "HEAD") if base.head == "HEAD" else None) or base.head

        def found() -> str | None:
            if not (self._has(wanted) and self._has(head)):
                return None
            return next((str(commit) for commit in self._repo.merge_base(wanted, head)), None)

        return self._deepening(found, [wanted, head], base.refs, f"no common ancestor with {base.name or wanted[:12]}")

    def _previous_tag(self, base: Base) -> tuple[str, str]:
        def found() -> str | None:
            exclude = ["--exclude", base.ignored_tag] if base.ignored_tag else []
            return self._ask("describe", "--tags", "--abbrev=0", *exclude, f"{base.head}^1")

        tag = self._deepening(found, [f"refs/tags/{base.name}"], (), "there is no earlier tag", tags=True)
        commit = self._ask("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
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
        lines = self._fetching(["git", "ls-remote", "origin", f"refs/heads/{branch}"]).split()
        if not lines:
            raise _NotFoundError(f"the remote has no branch {branch}")
        return lines[0]

    def _fetch(self, wanted: Sequence[str], refs: Sequence[str], *, depth: int | None, tags: bool = False) -> None:
        options = ["--quiet", "--no-write-fetch-head", "--no-recurse-submodules"]
        # actions/checkout makes a lightweight tag of an annotated one, which --tags alone would refuse to correct
        options += ["--tags", "--force"] if tags else ["--no-tags"]
        if depth is not None:
            options.append(f"--depth={depth}")
        command = ["git", "fetch", *options, "origin"]
        try:
            self._fetching([*command, *wanted])
        except _NotFoundError:
            if not refs:
                raise
            self._fetching([*command, *refs])

    def _fetching(self, command: list[str]) -> str:
        """Run a command that contacts the remote: first as the clone is set up, then with the credentials.

        Not by ``Remote.fetch``, which writes FETCH_HEAD into the clone to read it, and reads the remote's configuration
        itself.
        """
        from git.exc import GitCommandError

        def run(environment: Mapping[str, str]) -> str:
            return str(self._repo.git.execute(command, env=dict(environment), kill_after_timeout=TIMEOUT))

        def fail(error: GitCommandError) -> NoReturn:
            raise _NotFoundError(f"the history is not in this clone and could not be fetched ({_one_line(error)})")

        try:
            return run({})
        except GitCommandError as first:
            if not self._credentials:
                fail(first)
        try:
            return run(git_environment(self._root, self._credentials))
        except GitCommandError as second:
            fail(second)

    def _has(self, commit: str) -> bool:
        return self._repo.is_valid_object(commit, "commit")

    def _is_shallow(self) -> bool:
        return self._ask("rev-parse", "--is-shallow-repository") == "true"

    def _ask(self, *arguments: str) -> str | None:
        """Git's answer, None where it has none.

        It is asked for names (HEAD, tags): GitPython would look for their files in the clone by itself, follow links
        there, and not know every way in which git keeps them.
        """
        from git.exc import GitCommandError

        try:
            return str(self._repo.git.execute(["git", *arguments], kill_after_timeout=TIMEOUT)).strip() or None
        except GitCommandError:
            return None


def work_tree(directory: Path) -> Path | None:
    """The work tree that the directory is in.

    Not by ``Repo(search_parent_directories=True)``: a directory in it that looks like a bare repository would count as
    one, with a configuration that a pull request has written.
    """
    resolved = directory.resolve()
    return next((place for place in (resolved, *resolved.parents) if (place / ".git").exists()), None)


def _below(root: Path, directory: Path, path: str) -> str:
    """A path relative to the directory, as git takes it in ``root``, where it is called."""
    return path if Path(path).is_absolute() else os.path.relpath(directory.resolve() / path, root)


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


def _one_line(error: Exception) -> str:
    """The last line of what git said, without credentials."""
    text = str(getattr(error, "stderr", "") or error)
    lines = [line.strip() for line in text.replace("stderr: '", "").rstrip("'\n ").splitlines() if line.strip()]
    return _CREDENTIALS.sub("", lines[-1]) if lines else "no message"
