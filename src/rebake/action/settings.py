"""What the workflow asks for: the action's inputs, read once into a frozen value."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, TypeVar

from rebake.errors import UsageError

T = TypeVar("T", bound=str)

DEFAULTS = {
    "token": "",
    "mode": "train",
    "config": "config.yml",
    "domain": "domain.yml",
    "data": "data",
    "out": "models",
    "working-directory": ".",
    "store-tag": "rebake-models",
    "comment": "true",
    "status": "true",
    "fail-on": "stale",
    "force": "false",
    "env": "",
    "augmentation-factor": "",
    "threads": "",
}

_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Settings:
    """The inputs of action.yml; each field is the input of that name, with ``-`` for ``_``.

    Attributes:
        token: for the API; the job's own by default.
        mode: "train", or "check" (never trains).
        config, domain, data: the assistant's files; ``domain`` and ``data`` are one path per line.
        out: the directory that the model is written to, relative to ``working_directory``.
        working_directory: of the assistant, relative to the workspace; names it where a repository contains several.
        store_tag: the tag of the prerelease that keeps the trained parts.
        comment: whether to write the pull-request comment.
        status: whether to set the commit status.
        fail_on: with mode check: "stale" fails the job while the model is stale, "never" reports without failing it.
        force: train everything, whatever is known.
        env: the names of environment variables that the assistant's files may refer to as ``${NAME}``.
        augmentation_factor: of the stories; None leaves the default.
        threads: for the training of NLU; None leaves it to the machine.
    """

    token: str
    mode: Literal["train", "check"]
    config: str
    domain: tuple[str, ...]
    data: tuple[str, ...]
    out: str
    working_directory: str
    store_tag: str
    comment: bool
    status: bool
    fail_on: Literal["stale", "never"]
    force: bool
    env: frozenset[str]
    augmentation_factor: int | None
    threads: int | None

    @classmethod
    def read(cls, get_input: Callable[[str], str]) -> Settings:
        """Read the inputs, empty ones as their defaults.

        Args:
            get_input: the value of an input by its name, "" where it is not set.

        Raises:
            UsageError: a value is none that the input takes; the message names the input.
        """
        given = {name: get_input(name).strip() or default for name, default in DEFAULTS.items()}
        if not given["token"]:
            raise UsageError("The input token is empty.", fix="Leave it out to use the job's own token.")
        if not _TOKEN.fullmatch(given["token"]):  # in a header it would be refused by a message that repeats it
            raise UsageError("The input token contains characters that no token has.", fix="Check the secret.")
        if not _TAG.fullmatch(given["store-tag"]):
            raise UsageError(
                f"The input store-tag is {given['store-tag']!r}.", fix="Use letters, digits, '.', '_', '-'."
            )
        working_directory = _directory("working-directory", given["working-directory"])
        return cls(
            token=given["token"],
            mode="check" if _choice("mode", given["mode"], ("train", "check")) == "check" else "train",
            config=given["config"],
            domain=_lines(given["domain"]),
            data=_lines(given["data"]),
            out=_directory("out", given["out"], working_directory),
            working_directory=working_directory,
            store_tag=given["store-tag"],
            comment=_boolean("comment", given["comment"]),
            status=_boolean("status", given["status"]),
            fail_on="never" if _choice("fail-on", given["fail-on"], ("stale", "never")) == "never" else "stale",
            force=_boolean("force", given["force"]),
            env=frozenset(given["env"].replace(",", " ").split()),
            augmentation_factor=_integer("augmentation-factor", given["augmentation-factor"], least=0),
            threads=_integer("threads", given["threads"], least=1),
        )

    @property
    def name(self) -> str:
        """Which of the repository's assistants this is; "" for one at its root."""
        return "" if self.working_directory == "." else self.working_directory

    @property
    def slug(self) -> str:
        """The name as part of file names: "" or "-bots-pizza". No two names that are not plain ASCII share one."""
        words = re.findall(r"[A-Za-z0-9]+", self.name)
        if not self.name.isascii():
            words.append(hashlib.sha256(self.name.encode()).hexdigest()[:8])
        return "".join(f"-{word}" for word in words)

    def __repr__(self) -> str:
        """Without the token."""
        shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name != "token")
        return f"Settings({shown})"


def _lines(value: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in value.splitlines() if line.strip())


def _directory(name: str, value: str, start: str = ".") -> str:
    """A path relative to ``start`` that does not lead out of the workspace, on whose outside the job's end is blind."""
    path = posixpath.normpath(value)
    if posixpath.normpath(posixpath.join(start, path)).split("/", 1)[0] in ("", ".."):
        raise UsageError(
            f"The input {name} is {value!r}, which is not inside the workspace.", fix="Name a directory in it."
        )
    return path


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise UsageError(f"The input {name} is {value!r}.", fix=f"Set it to {' or '.join(choices)}.")
    return value


def _boolean(name: str, value: str) -> bool:
    return _choice(name, value, _TRUE + _FALSE) in _TRUE


def _integer(name: str, value: str, *, least: int) -> int | None:
    if not value:
        return None
    if not value.isdecimal() or int(value) < least:
        raise UsageError(f"The input {name} is {value!r}.", fix=f"Set it to a whole number from {least} up.")
    return int(value)
