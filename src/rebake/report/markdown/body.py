"""The sections of the comment and of the job summary, most important first."""

from __future__ import annotations

from typing import Any

from rebake.base.notice_kinds import Severity
from rebake.base.notices import NoticeGroup, grouped
from rebake.report.comparison.words import count
from rebake.report.component_names import figure_names
from rebake.report.differences import entry_markdown
from rebake.report.escaping import code, escape
from rebake.report.gates import gates_of, unmet_gates
from rebake.report.markdown.charts import charts
from rebake.report.markdown.lists import Listing, details, link
from rebake.report.markdown.parts import duration, parts_table
from rebake.report.markdown.quality import QualityMarkdown, linked_place
from rebake.report.model import PART_NAMES, Differences, Failure, Report
from rebake.report.quality import Gate
from rebake.report.standing import standing_of
from rebake.staleness.git.changes import FileChange

_MAX_ERRORS = 20  # listed below the first one; the JSON report has them all
_FIRST = 10  # differences above the fold

_VERBS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed"}


class Body:
    """The whole report, with lists that can be cut.

    Args:
        report: what is shown.
        is_whole: with every table and with charts, for the summary; a comment has what a reviewer reads first.
    """

    def __init__(self, report: Report, *, is_whole: bool = False) -> None:
        self._report = report
        self._is_whole = is_whole
        self._reasons = [(part, Listing(part.reasons, escape)) for part in report.parts if part.reasons]
        differences = report.differences or Differences(())
        self._links = differences.link
        self._first_differences = self._listed(differences, 0, _FIRST)
        self._other_differences = self._listed(differences, _FIRST, None)
        changes = report.changes
        self._changes = Listing(changes.files if changes is not None else (), _change)
        groups = grouped(report.notices)
        self._errors = Listing([one for one in groups if one.first.severity is Severity.ERROR], self._finding)
        self._warnings = Listing(
            [one for one in groups if one.first.severity is not Severity.ERROR], lambda group: escape(str(group))
        )
        self._sums_up = any(group.count > 1 for group in groups)
        names = figure_names(report.metrics)
        self._metrics = Listing(sorted(report.metrics.items()), lambda item: f"{escape(names[item[0]])} {item[1]:.4g}")
        quality = report.quality
        self._quality = None if quality is None else QualityMarkdown(quality, self._links, is_whole=is_whole)

    def _listed(self, differences: Differences, first: int, last: int | None) -> Listing[Any]:
        return Listing(differences.found[first:last], lambda one: entry_markdown(one, differences.link))

    def render(self, length: int) -> str:
        """The report's Markdown, lists cut to ``length`` entries."""
        report = self._report
        differs = self._what_differs(length)
        sections = [
            _heading(report),
            _failure(report.failure) if report.failure is not None else "",
            self._quality.table() if self._quality is not None else "",
            self._problems(length),
            differs or self._reasons_of_parts(length),
            parts_table(report),
            _model(report),
            *(charts(report) if self._is_whole else ()),
            details(f"{self._other_differences.count:,} more changes", self._other_differences.render(length))
            if self._other_differences.count
            else "",
            *(self._quality.folded(length) if self._quality is not None else ()),
            _met(report),
            details("Why parts are stale", self._reasons_of_parts(length)) if differs else "",
            details("Changed training files", self._changed_files(length)),
            details("Warnings", self._all_warnings(length)),
            details("Training figures", self._metrics.render(length)),
            _footer(report),
        ]
        return "\n\n".join(section for section in sections if section) + "\n"

    def _finding(self, group: NoticeGroup) -> str:
        """An error in the assistant's files: nothing is trained wrongly by it, but a conversation fails at it."""
        if group.count > 1:
            return f"❌ {escape(group.message)}"
        return f"❌ {linked_place(group.location, self._links)}{escape(group.message)}"

    def _problems(self, length: int) -> str:
        """What keeps a reviewer from approving."""
        lists = ["\n".join(map(_gate, unmet_gates(self._report)))]
        if self._quality is not None:
            lists.append(self._quality.problems(length))
        if self._errors.count:
            lists.append(self._errors.render(max(length, 1)))
        found = "\n".join(entries for entries in lists if entries)
        return f"**Problems**\n\n{found}" if found else ""

    def _what_differs(self, length: int) -> str:
        """What the reviewer's eyes are for: the changes since the base, in the words of the domain."""
        if self._report.differences is None:
            return ""
        if not self._report.differences.found:
            return f"**What changed{self._since()}:** nothing that the assistant learns or says."
        return f"**What changed{self._since()}**\n\n{self._first_differences.render(max(length, 1))}"

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

    def _all_warnings(self, length: int) -> str:
        if not self._warnings.count:
            return ""
        all_of_them = "\n\nThe JSON report lists every warning with its line." if self._sums_up else ""
        return self._warnings.render(length) + all_of_them

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


def _heading(report: Report) -> str:
    standing = standing_of(report)
    name = f" ({escape(report.name)})" if report.name else ""
    return f"### {standing.icon} rebake{name}: {escape(standing.words)}"


def _gate(gate: Gate) -> str:
    return f"- {'✅' if gate.is_met else '❌'} {code(gate.name)}: {escape(gate.message)}"


def _met(report: Report) -> str:
    """The conditions that are met, folded."""
    met = [gate for gate in gates_of(report) if gate.is_met]
    return details(f"{count(len(met), 'condition')} met", "\n".join(map(_gate, met)))


def _failure(failure: Failure) -> str:
    fix = f"\n\n{escape(failure.fix)}" if failure.fix else ""
    others = [f"- {_placed(other)} {escape(other.fix or '')}".rstrip() for other in failure.others[:_MAX_ERRORS]]
    if len(failure.others) > _MAX_ERRORS:
        others.append(f"- and {len(failure.others) - _MAX_ERRORS} more")
    below = "\n\n" + "\n".join(others) if others else ""
    return f"{_placed(failure)}{fix}{below}"


def _placed(failure: Failure) -> str:
    place = f"{code(str(failure.location))}: " if failure.location is not None else ""
    return f"{place}{escape(failure.message)}"


def _model(report: Report) -> str:
    if report.model_url:
        return f"**Model:** [download {escape(report.model_path or '')}]({link(report.model_url)})"
    return f"**Model:** {code(report.model_path)} in the job's workspace" if report.model_path else ""


def _change(file: FileChange) -> str:
    old = f" from {code(file.old_path)}" if file.old_path else ""
    return f"{_VERBS[file.status]}: {code(file.path)}{old}"


def _footer(report: Report) -> str:
    facts: list[str] = [f"rebake {escape(report.tool_version)}"]
    if report.commit:
        facts.append(f"commit {report.commit[:12]}")
    if report.failure is None and report.code:
        facts.append(f"verdict code {report.code}")
    if report.seconds is not None:
        facts.append(duration(report.seconds))
    if report.saved_seconds is not None:
        facts.append(f"{duration(report.saved_seconds)} of training saved")
    if report.run_url:
        facts.append(f"[log]({link(report.run_url)})")
    return f"<sub>{' · '.join(facts)}</sub>"
