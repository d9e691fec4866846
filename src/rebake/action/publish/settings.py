"""The inputs of publish/action.yml, read once into a frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rebake.action.input_values import CommentMode, read_boolean, read_choice, read_comment_mode, read_token
from rebake.errors import UsageError

DEFAULTS = {
    "token": "",
    "artifact": "rebake-result",
    "comment": "each",
    "comment-mode": "update",
    "status": "true",
}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class PublishSettings:
    """Each field is the input of that name, with ``-`` for ``_``.

    Attributes:
        artifact: the artifact's name; those that start with it and ``-`` count, too.
        comment: "each" assistant has a comment, or "one" is for all of them.
        comment_mode: "update", "recreate", or "off".
    """

    token: str = field(repr=False)
    artifact: str
    comment: Literal["each", "one"]
    comment_mode: CommentMode
    status: bool

    @classmethod
    def read(cls, get_input: Callable[[str], str]) -> PublishSettings:
        """Read the inputs, empty ones as their defaults. Raises UsageError."""
        given = {name: get_input(name).strip() or default for name, default in DEFAULTS.items()}
        if not _NAME.fullmatch(given["artifact"]):
            raise UsageError(f"The input artifact is {given['artifact']!r}.", fix="Use letters, digits, '.', '_', '-'.")
        is_one = read_choice("comment", given["comment"], ("each", "one")) == "one"
        return cls(
            token=read_token(given["token"]),
            artifact=given["artifact"],
            comment="one" if is_one else "each",
            comment_mode=read_comment_mode(given["comment-mode"]),
            status=read_boolean("status", given["status"]),
        )
