"""A finding: a notice or an error about an assistant's files, as `rebake validate` reports it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rebake.assistant.yaml.yaml12 import read_text
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.errors import RebakeError, UnsupportedError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or odd.

    Attributes:
        kind: what it is; its value is the code.
        severity: how bad it is.
        message: sentences that name what is at fault, and often the fix.
        location: file and line; None where it is about no file.
        column: 1-based, in characters; None where it is not known.
        fix: what to do about it, where the message does not say so; else that of its kind is good advice.
    """

    kind: NoticeKind
    severity: Severity
    message: str
    location: Location | None = None
    column: int | None = None
    fix: str | None = None

    @property
    def code(self) -> str:
        """The stable code."""
        code: str = self.kind.value
        return code


def of_error(error: RebakeError) -> list[Finding]:
    """Return an error, and those that were found together with it, as findings."""
    lines = _Lines()
    found = []
    for each in (error, *error.others):
        kind = each.kind or (NoticeKind.UNSUPPORTED if isinstance(each, UnsupportedError) else NoticeKind.INVALID_DATA)
        named = re.search(r"'([^']+)'", each.message)  # messages name what is at fault first
        column = lines.column(each.location, named[1] if named else None)
        found.append(Finding(kind, Severity.ERROR, each.message, each.location, column, each.fix))
    return found


def of_notices(notices: Iterable[Notice]) -> list[Finding]:
    """Return the notices that have a code as findings."""
    lines = _Lines()
    return [
        Finding(
            notice.kind,
            notice.severity,
            notice.message,
            notice.location,
            lines.column(notice.location, notice.subject),
        )
        for notice in notices
        if notice.kind is not None
    ]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by file and line; the worst first on one line; each once."""

    def place(finding: Finding) -> tuple[str, int, int, int]:
        file, line = (finding.location.file, finding.location.line) if finding.location is not None else ("", 0)
        return file, line, finding.severity.rank, finding.column or 0

    return sorted(dict.fromkeys(findings), key=place)


def counts(findings: Sequence[Finding]) -> Mapping[Severity, int]:
    """Count the findings of each severity."""
    return {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}


class _Lines:
    """The lines of the files that findings are about, each file read once."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def column(self, location: Location | None, subject: str | None) -> int | None:
        """Return where the subject stands in its line, if it does there once."""
        if location is None or not subject:
            return None
        line = self._line(location)
        ends = r"(?<![\w-])", r"(?![\w-])"
        pattern = "".join((ends[0] * subject[0].isalnum(), re.escape(subject), ends[1] * subject[-1].isalnum()))
        found = [match.start() for match in re.finditer(pattern, line)]
        return found[0] + 1 if len(found) == 1 else None

    def _line(self, location: Location) -> str:
        if location.file not in self._files:
            try:
                self._files[location.file] = read_text(location.file).split("\n")
            except RebakeError:  # e.g. the default of a configuration that is not there
                self._files[location.file] = []
        return next(iter(self._files[location.file][location.line - 1 : location.line]), "")
