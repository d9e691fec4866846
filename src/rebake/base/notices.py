"""Notices of one run: how they are collected, and how those of a kind are summed up for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity

FEW = 3  # notices of a kind that are shown one by one; more are summed up


class NoticeSink(Protocol):
    """Receives the notices of a run."""

    def add(self, notice: Notice) -> None:
        """Take a notice."""


class Notices:
    """Collects notices in the order in which they come, equal ones once."""

    def __init__(self) -> None:
        self._found: dict[Notice, None] = {}

    def add(self, notice: Notice) -> None:
        self._found[notice] = None

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._found)


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """What people see as one warning: a single notice, or all of one kind."""

    first: Notice
    count: int = 1

    @property
    def location(self) -> Location | None:
        return self.first.location

    @property
    def message(self) -> str:
        """The text, without the location of a single notice: see :attr:`location`."""
        kind = self.first.kind
        if self.count == 1 or kind is None:
            return self.first.message
        where = f"first at {self.location}" if self.location is not None else "for example"
        return f"{self.count:,} {kind.plural}, {where}: {self.first.message}"

    def __str__(self) -> str:
        return str(self.first) if self.count == 1 else self.message


def shown(notices: Iterable[Notice]) -> list[Notice]:
    """Return what every run shows: all but mere information, which `rebake validate` and the JSON report have."""
    return [notice for notice in notices if notice.severity is not Severity.INFO]


def grouped(notices: Iterable[Notice]) -> list[NoticeGroup]:
    """Return the notices as people see them, in the order of their first ones; a few of a kind stay single."""
    of_kind: dict[NoticeKind | int, list[Notice]] = {}
    for number, notice in enumerate(shown(notices)):
        of_kind.setdefault(number if notice.kind is None else notice.kind, []).append(notice)
    groups: list[NoticeGroup] = []
    for alike in of_kind.values():
        groups += map(NoticeGroup, alike) if len(alike) <= FEW else [NoticeGroup(alike[0], len(alike))]
    return groups
