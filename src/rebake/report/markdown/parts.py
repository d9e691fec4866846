"""The parts of the model as a table: what each was, and where the new model has it from."""

from __future__ import annotations

import re

from rebake.report.escaping import code, escape
from rebake.report.model import PART_NAMES, PartReport, Report

_STATES = {
    "fresh": "fresh",
    "stale": "**stale**",
    "unknown": "**unknown**, counts as stale",
    "absent": "not in this assistant",
}


def parts_table(report: Report) -> str:
    """A table with a row for each part; "" without parts. Where no model was made there is no column of its sources."""
    if not report.parts:
        return ""
    if all(part.origin == "none" for part in report.parts):
        rows = ["| Part | State |", "| --- | --- |"]
        return "\n".join([*rows, *(f"| {PART_NAMES[part.part]} | {_STATES[part.state]} |" for part in report.parts)])
    rows = ["| Part | Was | Now |", "| --- | --- | --- |"]
    rows += [f"| {PART_NAMES[part.part]} | {_STATES[part.state]} | {_now(part)} |" for part in report.parts]
    return "\n".join(rows)


def duration(seconds: float) -> str:
    """A time for people: "3.2 s", "75 s"."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


def short_source(source: str | None) -> str:
    """A source without the tail of its fingerprint."""
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{52}", "\\1…", source or "")


def _now(part: PartReport) -> str:
    finetuned = escape(str(part.finetuned)) if part.finetuned is not None else ""
    if part.origin == "trained":
        done = finetuned or "trained"
        return f"{done} in {duration(part.seconds)}" if part.seconds is not None else done
    saved = f", which saves {duration(part.saved_seconds)}" if part.saved_seconds is not None else ""
    if part.origin == "reused":
        done = f"reused from {code(short_source(part.source))}" if part.source else "unchanged"
        return (f"{done}, {finetuned}" if finetuned else done) + saved
    if part.origin == "rebuilt":
        return f"rebuilt from {code(short_source(part.source))}, nothing trained{saved}" if part.source else "rebuilt"
    return "updated, needs no training" if part.origin == "updated" else ""
