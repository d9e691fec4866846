"""A report as plain text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable

from rebake.base.location import Notice
from rebake.base.notices import grouped
from rebake.base.visible import one_line
from rebake.report.component_names import learned
from rebake.report.model import PART_NAMES, PartReport, Report

LABELS = {"fresh": "fresh", "stale": "stale", "unknown": "unknown", "absent": "not in this assistant"}
_COLORS = {
    "fresh": "32",
    "reused": "32",
    "stale": "33",
    "unknown": "31",
    "absent": "2",
    "removed": "2",
    "info": "36",
    "warning": "33",
    "error": "31",
}
_MAX_REASONS = 20  # nobody reads more; the JSON report has them all


def notice_lines(notices: Iterable[Notice]) -> list[str]:
    """Return a line for each notice, or for all of a kind."""
    return [one_line(str(group)) for group in grouped(notices)]


def verdict_text(report: Report, *, color: bool = False) -> str:
    """Format one line per part with its state, and its reasons below it."""
    lines = []
    for part in report.parts:
        state = paint(LABELS[part.state], part.state, color)
        finetuned = part.finetuned if part.state == "fresh" else None
        lines.append(f"{PART_NAMES[part.part]:<10}{state}" + (f", {one_line(str(finetuned))}" if finetuned else ""))
        lines += [f"{'':<10}- {one_line(reason)}" for reason in part.reasons[:_MAX_REASONS]]
        if len(part.reasons) > _MAX_REASONS:
            lines.append(f"{'':<10}- and {len(part.reasons) - _MAX_REASONS} more")
    return "\n".join(lines)


def outcome_text(report: Report) -> str:
    """Format what was done: where each part of the new model comes from, and the figures of its training."""
    lines = [report.headline]
    lines += [f"{PART_NAMES[part.part]:<10}{origin}" for part in report.parts if (origin := origin_text(part))]
    lines += [f"{'':<10}{name}: {words}" for name, words in sorted(learned(report.metrics).items())]
    if report.seconds is not None:
        lines.append(f"{'Time':<10}{report.seconds:.1f} s")
    return "\n".join(lines)


def origin_text(part: PartReport) -> str:
    """Return where the new model has a part from; "" where no model was made."""
    finetuned = one_line(str(part.finetuned)) if part.finetuned is not None else ""
    if part.origin == "trained":
        return (finetuned or "trained") + (f" in {part.seconds:.1f} s" if part.seconds is not None else "")
    saved = f", which saves {part.saved_seconds:.1f} s" if part.saved_seconds is not None else ""
    if part.origin == "reused":
        source = f"taken from {part.source}" if part.source else "unchanged"
        return source + (f", {finetuned}" if finetuned else "") + saved
    if part.origin == "rebuilt":
        return f"rebuilt from {part.source}, nothing trained{saved}" if part.source else "rebuilt"
    return "updated" if part.origin == "updated" else ""


def paint(text: str, state: str, color: bool) -> str:
    """Return text in the colour of a state, or as it is without ``color``."""
    return f"\x1b[{_COLORS[state]}m{text}\x1b[0m" if color else text
