"""The lines on which findings are silenced by a comment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind


@dataclass(frozen=True, slots=True)
class SilencedLines:
    """``codes`` has the codes that a comment silences, by file and line."""

    codes: Mapping[str, Mapping[int, frozenset[str]]] = field(default_factory=dict)

    def covers(self, kind: NoticeKind | None, location: Location | None) -> bool:
        """Return whether findings of this kind are silenced there."""
        if kind is None or location is None:
            return False
        return kind.value in self.codes.get(location.file, {}).get(location.line, ())

    def without(self, notices: Iterable[Notice]) -> list[Notice]:
        """Return the notices that no comment silences."""
        return [notice for notice in notices if not self.covers(notice.kind, notice.location)]
