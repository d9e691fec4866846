"""Values of inputs that several actions have: choices, truth values, the token."""

from __future__ import annotations

import re
from typing import Literal, get_args

from rebake.errors import UsageError

CommentMode = Literal["update", "recreate", "off"]

TRUE = ("true", "True", "TRUE")
FALSE = ("false", "False", "FALSE")
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
