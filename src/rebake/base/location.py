"""Locations of items in an assistant's files, and notices about them."""

from __future__ import annotations

from dataclasses import dataclass

from rebake.base.notice_kinds import NoticeKind, Severity


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: path as the user gave it (or relative to the working directory), 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the assistant or the run that does not stop it.

    Attributes:
        message: whole sentences: what is odd, and what to do about it.
        location: where in the assistant's files; None where it is about none of them.
        kind: its code, and what groups it with others; None where it is not about the assistant's files alone.
        level: its severity where that is not the kind's.
        subject: the name or value that it is about, as the file has it; it gives the column.
    """

    message: str
    location: Location | None = None
    kind: NoticeKind | None = None
    level: Severity | None = None
    subject: str | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.level or (Severity.WARNING if self.kind is None else self.kind.severity)

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location is not None else self.message
