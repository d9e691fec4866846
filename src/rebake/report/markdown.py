"""The report as GitHub Markdown: what the pull-request comment and the job summary have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from rebake.report.model import PART_NAMES, PartReport, Report
from rebake.staleness.git.changes import FileChange

LIST_LENGTHS = (2000, 500, 100, 30, 10, 3, 0)  # how long lists may be, tried until the text fits
MAX_TEXT = 300  # characters of one clause or name

_SPECIAL = re.compile(r"[^A-Za-z0-9 ,;'/%=\u0080-\U0010ffff]")
_JOINT = re.compile(r"(?<=[A-Za-z0-9])[._-](?=[A-Za-z0-9])")
_REFERENCE = re.compile(r"(?i)\b(gh)-(?=\d)")
_STATES = {"fresh": "fresh", "stale": "**stale**", "unknown": "**unknown**, counts as stale", "absent": "not there"}
_VERBS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed"}


def escape(text: str) -> str:
    """Text from the assistant's files as text and nothing else: no Markdown, no HTML, no mention, no issue reference.

    GitHub looks for mentions and references in the rendered text, so those are broken by an invisible character.
    """
    line = " ".join(text.split())
    short = line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"
    visible = "".join(_visible(character) for character in short)
    kept = {match.start() for match in _JOINT.finditer(visible)}
    kept -= {match.end() - 1 for match in re.finditer(r"(?i)\bwww\.", visible)}
    escaped = "".join(
        character if index in kept else _SPECIAL.sub(_entity, character) for index, character in enumerate(visible)
    )
    return _REFERENCE.sub("\\1-\u200b", escaped)


def _entity(match: re.Match[str]) -> str:
    character = match[0]
    return f"&#{ord(character)};" + ("\u200b" if character in "@#" else "")


def _visible(character: str) -> str:
    """Control characters, and those that turn the direction of text around, become visible."""
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") else character


def code(text: str) -> str:
    """A name or path in a code font, escaped."""
    return f"<code>{escape(text)}</code>"


def fit(render: Callable[[int], str], limit: int) -> str:
    """The longest rendering of at most ``limit`` UTF-8 bytes; ``render`` takes the greatest length of a list."""
    text = ""
    for length in LIST_LENGTHS:
        text = render(length)
        if len(text.encode()) <= limit:
            return text
    return text.encode()[: limit - 4].decode(errors="ignore") + "\n…"


def body(report: Report, length: int) -> str:
    """The whole report, lists cut to ``length`` entries."""
    sections = [
        f"### rebake{': ' + escape(report.name) if report.name else ''}",
        _headline(report),
        _table(report) if report.parts else "",
        _reasons(report, length),
        _model(report),
        _details("Changed training files", _changes(report, length)),
        _details("Warnings", _listed([escape(str(notice)) for notice in report.notices], length)),
        _details("Training metrics", _metrics(report, length)),
        _footer(report),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _headline(report: Report) -> str:
    if report.failure is None:
        return f"**{report.headline}**"
    failure = report.failure
    place = f"{code(str(failure.location))}: " if failure.location is not None else ""
    fix = f"\n\n{escape(failure.fix)}" if failure.fix else ""
    return f"**{report.headline}** {place}{escape(failure.message)}{fix}"


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


def _reasons(report: Report, length: int) -> str:
    blocks = []
    for part in report.parts:
        if part.reasons:
            listed = _listed([escape(reason) for reason in part.reasons], length)
            blocks.append(f"**{PART_NAMES[part.part]}**\n\n{listed}")
    if not blocks:
        return ""
    since = f" since {escape(report.compared_with)}" if report.compared_with else ""
    return f"What changed{since}:\n\n" + "\n\n".join(blocks)


def _model(report: Report) -> str:
    if report.model_url:
        return f"Model: [{escape(report.model_path or 'download')}]({_link(report.model_url)})"
    return f"Model: {code(report.model_path)}" if report.model_path else ""


def _changes(report: Report, length: int) -> str:
    changes = report.changes
    if changes is None:
        return ""
    if changes.problem is not None:
        return f"Not known: {escape(changes.problem)}."
    since = escape(changes.base_name) if changes.base_name else code((changes.base or "")[:12])
    if not changes.files:
        return f"None since {since}."
    return f"Since {since}:\n\n{_listed([_change(file) for file in changes.files], length)}"


def _change(file: FileChange) -> str:
    old = f" from {code(file.old_path)}" if file.old_path else ""
    return f"{_VERBS[file.status]}: {code(file.path)}{old}"


def _metrics(report: Report, length: int) -> str:
    return _listed([f"{escape(name)}: {value:.4g}" for name, value in sorted(report.metrics.items())], length)


def _footer(report: Report) -> str:
    facts: list[str] = [f"rebake {escape(report.tool_version)}"]
    if report.commit:
        facts.append(f"commit {report.commit[:12]}")
    facts.append(f"verdict code {report.code}")
    if report.seconds is not None:
        facts.append(_duration(report.seconds))
    if report.run_url:
        facts.append(f"[log]({_link(report.run_url)})")
    return f"<sub>{' · '.join(facts)}</sub>"


def _listed(entries: Sequence[str], length: int) -> str:
    shown = [f"- {entry}" for entry in entries[:length]]
    if len(entries) > length:
        shown.append(f"- … and {len(entries) - length} more" if length else f"- {len(entries)} in all")
    return "\n".join(shown)


def _details(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""


def _link(url: str) -> str:
    """A URL that cannot leave the parentheses of a Markdown link."""
    return "".join(_percent(url))


def _percent(url: str) -> Iterable[str]:
    for character in url:
        yield f"%{ord(character):02X}" if character in " ()<>\"'\\`\n\r" else character
