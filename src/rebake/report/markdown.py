"""The report as GitHub Markdown: what the pull-request comment and the job summary have in common.

A run may have ten thousands of warnings, of which a comment shows a few hundred. So nothing is escaped before it is
shown: the work is in proportion to what is shown, not to what was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from rebake.base.notices import grouped
from rebake.report.differences import entry_markdown
from rebake.report.escaping import code, escape
from rebake.report.model import PART_NAMES, Failure, PartReport, Report
from rebake.staleness.git.changes import FileChange

LIST_LENGTHS = (0, 3, 10, 30, 100, 250, 500, 1000, 2000)  # how long lists may be; the longest that fits is taken
_MAX_ERRORS = 20  # listed below the first one; the JSON report has them all

_STATES = {"fresh": "fresh", "stale": "**stale**", "unknown": "**unknown**, counts as stale", "absent": "not there"}
_VERBS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed"}

_T = TypeVar("_T")


def fit(render: Callable[[int], str], limit: int) -> str:
    """The longest rendering of at most ``limit`` UTF-8 bytes; ``render`` takes the greatest length of a list.

    Lengths grow, so that the work is at most a few times that of what is shown.
    """
    best: str | None = None
    for length in LIST_LENGTHS:
        text = render(length)
        if len(text.encode()) > limit:
            break
        if text == best:  # no list is longer
            return text
        best = text
    return best if best is not None else text.encode()[: limit - 4].decode(errors="ignore") + "\n…"


class _Listing(Generic[_T]):
    """A list of which more and more is shown; each entry is rendered when it is first shown, and once."""

    def __init__(self, entries: Sequence[_T], render: Callable[[_T], str]) -> None:
        self._count = len(entries)
        self._rest = map(render, entries)
        self._lines: list[str] = []

    def render(self, length: int) -> str:
        """The first entries, and how many there are besides."""
        self._lines += (f"- {text}" for text in islice(self._rest, max(length - len(self._lines), 0)))
        shown = self._lines[:length]
        if self._count > length:
            shown.append(f"- … and {self._count - length} more" if length else f"- {self._count} in all")
        return "\n".join(shown)


class Body:
    """The whole report, with lists that can be cut."""

    def __init__(self, report: Report) -> None:
        self._report = report
        changes = report.changes
        self._reasons = [(part, _Listing(part.reasons, escape)) for part in report.parts if part.reasons]
        differences = report.differences
        self._differences = _Listing(
            () if differences is None else differences.found,
            lambda one: entry_markdown(one, None if differences is None else differences.link),
        )
        self._changes = _Listing(changes.files if changes is not None else (), _change)
        groups = grouped(report.notices)
        self._notices = _Listing(groups, lambda group: escape(str(group)))
        self._sums_up = any(group.count > 1 for group in groups)
        self._metrics = _Listing(sorted(report.metrics.items()), lambda item: f"{escape(item[0])}: {item[1]:.4g}")

    def render(self, length: int) -> str:
        """The report's Markdown, lists cut to ``length`` entries."""
        report = self._report
        sections = [
            f"### rebake{': ' + escape(report.name) if report.name else ''}",
            _headline(report),
            _table(report) if report.parts else "",
            self._what_differs(length) or self._reasons_of_parts(length),
            _model(report),
            _details("Why parts are stale", self._reasons_of_parts(length)) if report.differences is not None else "",
            _details("Changed training files", self._changed_files(length)),
            _details("Warnings", self._warnings(length)),
            _details("Training metrics", self._metrics.render(length)),
            _footer(report),
        ]
        return "\n\n".join(section for section in sections if section) + "\n"

    def _what_differs(self, length: int) -> str:
        """What the reviewer's eyes are for: the changes since the base, in the words of the domain."""
        if self._report.differences is None:
            return ""
        if not self._report.differences.found:
            return f"What changed{self._since()}: nothing that the assistant learns or says."
        return f"What changed{self._since()}:\n\n{self._differences.render(length)}"

    def _since(self) -> str:
        changes = self._report.changes
        if changes is None or changes.base is None:
            return ""
        return f" since {escape(changes.base_name) if changes.base_name else code(changes.base[:12])}"

    def _reasons_of_parts(self, length: int) -> str:
        if not self._reasons:
            return ""
        blocks = [f"**{PART_NAMES[part.part]}**\n\n{listing.render(length)}" for part, listing in self._reasons]
        since = f" since {escape(self._report.compared_with)}" if self._report.compared_with else ""
        return f"What changed{since}:\n\n" + "\n\n".join(blocks)

    def _warnings(self, length: int) -> str:
        all_of_them = "\n\nThe JSON report lists every warning with its line." if self._sums_up else ""
        return self._notices.render(length) + all_of_them

    def _changed_files(self, length: int) -> str:
        changes = self._report.changes
        if changes is None:
            return ""
        if changes.problem is not None:
            return f"Not known: {escape(changes.problem)}."
        since = escape(changes.base_name) if changes.base_name else code((changes.base or "")[:12])
        if not changes.files:
            return f"None since {since}."
        return f"Since {since}:\n\n{self._changes.render(length)}"


def _headline(report: Report) -> str:
    if report.failure is None:
        return f"**{report.headline}**"
    failure = report.failure
    fix = f"\n\n{escape(failure.fix)}" if failure.fix else ""
    others = [f"- {_placed(other)} {escape(other.fix or '')}".rstrip() for other in failure.others[:_MAX_ERRORS]]
    if len(failure.others) > _MAX_ERRORS:
        others.append(f"- and {len(failure.others) - _MAX_ERRORS} more")
    below = "\n\n" + "\n".join(others) if others else ""
    return f"**{report.headline}** {_placed(failure)}{fix}{below}"


def _placed(failure: Failure) -> str:
    place = f"{code(str(failure.location))}: " if failure.location is not None else ""
    return f"{place}{escape(failure.message)}"


def _table(report: Report) -> str:
    rows = ["| Part | Was | Now |", "| --- | --- | --- |"]
    rows += [f"| {PART_NAMES[part.part]} | {_STATES[part.state]} | {_now(part)} |" for part in report.parts]
    return "\n".join(rows)


def _now(part: PartReport) -> str:
    if part.origin == "trained":
        return f"trained in {_duration(part.seconds)}" if part.seconds is not None else "trained"
    if part.origin == "reused":
        return f"reused from {code(_short(part.source))}" if part.source else "unchanged"
    if part.origin == "rebuilt":
        return f"rebuilt from {code(_short(part.source))}, nothing trained" if part.source else "rebuilt"
    return "updated, needs no training" if part.origin == "updated" else "–"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _short(source: str | None) -> str:
    """A source without the tail of its fingerprint."""
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{52}", "\\1…", source or "")


def _model(report: Report) -> str:
    if report.model_url:
        return f"Model: [{escape(report.model_path or 'download')}]({_link(report.model_url)})"
    return f"Model: {code(report.model_path)}" if report.model_path else ""


def _change(file: FileChange) -> str:
    old = f" from {code(file.old_path)}" if file.old_path else ""
    return f"{_VERBS[file.status]}: {code(file.path)}{old}"


def _footer(report: Report) -> str:
    facts: list[str] = [f"rebake {escape(report.tool_version)}"]
    if report.commit:
        facts.append(f"commit {report.commit[:12]}")
    if report.failure is None:
        facts.append(f"verdict code {report.code}")
    if report.seconds is not None:
        facts.append(_duration(report.seconds))
    if report.run_url:
        facts.append(f"[log]({_link(report.run_url)})")
    return f"<sub>{' · '.join(facts)}</sub>"


def _details(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""


def _link(url: str) -> str:
    """A URL that cannot leave the parentheses of a Markdown link."""
    return "".join(_percent(url))


def _percent(url: str) -> Iterable[str]:
    for character in url:
        yield f"%{ord(character):02X}" if character in " ()<>\"'\\`\n\r" else character
