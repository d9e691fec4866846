"""Locations of items in an assistant's files, and notices about them."""

from __future__ import annotations

from dataclasses import dataclass

from rebake.base.notice_kinds import NoticeKind


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: path as the user gave it (or relative to the working directory), 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning about the assistant or the run that does not stop it.

    Attributes:
        message: whole sentences: what is odd, and what to do about it.
        location: where in the assistant's files; None where it is about none of them.
        kind: groups it with others; None where it cannot come many times.
    """

    message: str
    location: Location | None = None
    kind: NoticeKind | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location is not None else self.message
