"""The history of a clone, read through a repository of our own.

A clone's configuration can name programs that git starts (to connect, to fetch, to ask for a password), and other
addresses than the one of the repository. So none of it is used: a temporary bare repository borrows the clone's
objects, knows its tags and its HEAD, and fetches what is missing from the address that the caller names. The clone
stays as it is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rebake.archive.scratch import temporary_directory
from rebake.staleness.git.environment import git_environment

if TYPE_CHECKING:
    from git import Repo

SUFFIXES = (".yml", ".yaml", ".json", ".txt")  # of the files that an assistant may consist of
TIMEOUT = 120.0  # seconds for one call of git
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class NoHistoryError(Exception):
    """There is no history to read; the message says why, a clause."""


def git_errors() -> tuple[type[Exception], ...]:
    """What reading a history may raise: git and GitPython fail in many ways."""
    try:
        from git.exc import GitError, ODBError
    except ImportError:
        return (NoHistoryError, OSError, ValueError)
    return (NoHistoryError, GitError, ODBError, OSError, ValueError)  # the last two: git died under GitPython


def what_git_said(error: Exception) -> str:
    """Return the last line of an error of git, without credentials."""
    text = str(getattr(error, "stderr", "") or error)
    lines = [line.strip() for line in text.replace("stderr: '", "").rstrip("'\n ").splitlines() if line.strip()]
    return _CREDENTIALS.sub("", lines[-1]) if lines else "no message"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where missing history is fetched from.

    Attributes:
        url: of the repository.
        config: git configuration for connecting, such as credentials.
    """

    url: str
    config: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def protocol(self) -> str:
        return urlsplit(self.url).scheme or "file"


@dataclass(frozen=True, slots=True)
class CloneHistory:
    """The repository of our own: its GitPython object, the root of the clone's work tree, the commit of its HEAD."""

    repo: Repo
    root: Path
    head: str

    def ask(self, *arguments: str) -> str | None:
        """Git's answer, None where it has none.

        It is asked for names (HEAD, tags): GitPython would look for their files by itself, and not know every way in
        which git keeps them.
        """
        from git.exc import GitCommandError

        try:
            return self.run(*arguments).strip() or None
        except GitCommandError:
            return None

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Git's answer as it is. Raises git.exc.GitCommandError."""
        answer = self.repo.git.execute(
            ["git", *arguments],
            env=dict(environment or {}),
            kill_after_timeout=TIMEOUT,
            strip_newline_in_stdout=False,
        )
        return str(answer)

    def connect(self, remote: Remote, *arguments: str) -> str:
        """Git's answer to a command that contacts the remote. Raises git.exc.GitCommandError."""
        environment = git_environment(Path(self.repo.git_dir), remote.config, protocols=(remote.protocol,))
        return self.run(*arguments, environment=environment)


@contextmanager
def open_history(directory: Path) -> Iterator[CloneHistory]:
    """Open the history of the clone that a directory is in, for as long as the context lasts.

    Raises:
        NoHistoryError: git is not installed, or the directory is in no work tree.
        git.exc.GitError: git failed.
        OSError: the temporary repository cannot be written.
    """
    try:
        from git import Git, Repo
        from git.exc import GitCommandError
    except ImportError:
        raise NoHistoryError("git is not installed") from None
    root = work_tree(directory)
    if root is None:
        raise NoHistoryError(f"{directory} is not in a git work tree")
    with temporary_directory() as place:
        git = Git(str(place))
        environment = git_environment(root / ".git")

        def ask(*arguments: str) -> str:
            return str(git.execute(["git", *arguments], env=environment, kill_after_timeout=TIMEOUT))

        try:
            objects, shallow, head = ask(
                "rev-parse", "--git-path", "objects", "--git-path", "shallow", "--verify", "HEAD"
            ).splitlines()
            tags = ask("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
        except (GitCommandError, ValueError) as error:
            raise NoHistoryError(f"{directory} is not in a git work tree") from error
        own = git_environment(place)
        kind = "sha256" if len(head) == 64 else "sha1"
        git.execute(["git", "init", "--quiet", "--bare", "--template=", f"--object-format={kind}", str(place)], env=own)
        (place / "objects" / "info").mkdir(parents=True, exist_ok=True)
        (place / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        if Path(shallow).is_file():
            shutil.copyfile(shallow, place / "shallow")
        (place / "packed-refs").write_text(f"{tags}\n" if tags else "", encoding="utf-8", errors="surrogateescape")
        (place / "HEAD").write_text(f"{head}\n", encoding="ascii")
        with Repo(place, expand_vars=False) as repo:
            repo.git.update_environment(**own)
            yield CloneHistory(repo, root, head)


def work_tree(directory: Path) -> Path | None:
    """The work tree that the directory is in.

    Not by ``Repo(search_parent_directories=True)``: a directory in it that looks like a bare repository would count as
    one, with a configuration that a pull request has written.
    """
    resolved = directory.resolve()
    return next((place for place in (resolved, *resolved.parents) if (place / ".git").exists()), None)
