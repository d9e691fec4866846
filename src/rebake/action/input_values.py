"""How the values of inputs are read: choices, truth values, numbers, paths, the token."""

from __future__ import annotations

import math
import posixpath
import re
from typing import Literal, get_args

from rebake.errors import UsageError

CommentMode = Literal["update", "recreate", "off"]

TRUE = ("true", "True", "TRUE")
FALSE = ("false", "False", "FALSE")
_SHARE = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_TOKEN = re.compile(r"[!-~]+")


def read_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """One of several values. Raises UsageError."""
    if value not in choices:
        raise UsageError(f"The input {name} is {value!r}.", fix=f"Set it to {' or '.join(choices)}.")
    return value


def read_boolean(name: str, value: str) -> bool:
    """True or false. Raises UsageError."""
    return read_choice(name, value, TRUE + FALSE) in TRUE


def read_token(value: str) -> str:
    """The input token. Raises UsageError, without the token in it."""
    if not value:
        raise UsageError("The input token is empty.", fix="Leave it out to use the job's own token.")
    if not _TOKEN.fullmatch(value):  # in a header it would be refused by a message that repeats it
        raise UsageError("The input token contains characters that no token has.", fix="Check the secret.")
    return value


def read_comment_mode(value: str) -> CommentMode:
    """The input comment-mode. Raises UsageError."""
    chosen = read_choice("comment-mode", value, get_args(CommentMode))
    return "recreate" if chosen == "recreate" else "off" if chosen == "off" else "update"


def read_lines(value: str) -> tuple[str, ...]:
    """Entries, one a line."""
    return tuple(line.strip() for line in value.splitlines() if line.strip())


def read_directory(name: str, value: str, start: str = ".") -> str:
    """A path relative to ``start`` that does not lead out of the workspace, on whose outside the job's end is blind.

    Raises UsageError.
    """
    path = posixpath.normpath(value)
    if posixpath.normpath(posixpath.join(start, path)).split("/", 1)[0] in ("", ".."):
        raise UsageError(
            f"The input {name} is {value!r}, which is not inside the workspace.", fix="Name a directory in it."
        )
    return path


def read_share(name: str, value: str) -> float | None:
    """A number from 0 to 1; None where there is none. Raises UsageError."""
    if not value:
        return None
    if not _SHARE.fullmatch(value) or float(value) > 1:
        raise UsageError(f"The input {name} is {value!r}.", fix="Set it to a number from 0 to 1, such as 0.85.")
    return float(value)


def read_decision(name: str, value: str) -> bool | None:
    """True or false; None for "auto". Raises UsageError."""
    return None if value == "auto" else read_choice(name, value, ("auto", *TRUE, *FALSE)) in TRUE


def read_above_zero(name: str, value: str) -> float:
    """A number above 0. Raises UsageError."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < math.inf:
        raise UsageError(f"The input {name} is {value!r}.", fix="Set it to a number above 0, such as 0.2.")
    return number


def read_integer(name: str, value: str, *, least: int) -> int | None:
    """A whole number from ``least`` up; None where there is none. Raises UsageError."""
    if not value:
        return None
    if not value.isdecimal() or int(value) < least:
        raise UsageError(f"The input {name} is {value!r}.", fix=f"Set it to a whole number from {least} up.")
    return int(value)
