"""Findings as lines of text, as compilers and linters print them, so that editors and problem matchers read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rebake.base.notice_kinds import Severity
from rebake.base.visible import one_line
from rebake.validation.finding import Finding, counts

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "piece of information"}


def findings_text(findings: Iterable[Finding], *, color: bool = False) -> Iterator[str]:
    """Yield a line for each finding: ``file:line:column: severity: message [code]``."""
    for finding in findings:
        severity = f"\x1b[{_COLORS[finding.severity]}m{finding.severity}\x1b[0m" if color else finding.severity
        message = one_line(f"{finding.message} {finding.fix or ''}")
        yield f"{_place(finding)}{severity}: {message} [{finding.code}]"


def _place(finding: Finding) -> str:
    if finding.location is None:
        return ""
    column = "" if finding.column is None else f":{finding.column}"
    return f"{one_line(str(finding.location))}{column}: "


def summary_text(findings: Sequence[Finding], *, hidden: int) -> str:
    """Return how many findings there are of each severity; ``hidden`` of them are not printed."""
    numbers = [_count(number, severity) for severity, number in counts(findings).items() if number]
    if not numbers:
        return "Nothing was found."
    more = f" ({hidden:,} not shown: use --level info)" if hidden else ""
    return f"Found {', '.join(numbers)}{more}."


def _count(number: int, severity: Severity) -> str:
    name = _NAMES[severity]
    if number == 1:
        return f"1 {name}"
    return f"{number:,} pieces of information" if severity is Severity.INFO else f"{number:,} {name}s"
