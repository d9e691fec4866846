"""The verdict that heads a report: how good or bad it is, with an icon and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rebake.base.notice_kinds import Severity
from rebake.report.comparison.words import count
from rebake.report.figures import failed_stories
from rebake.report.gates import unmet_gates
from rebake.report.model import Report
from rebake.report.quality import Quality

Level = Literal["good", "attention", "bad", "cancelled"]

ICONS: dict[Level, str] = {"good": "✅", "attention": "⚠️", "bad": "❌", "cancelled": "⚪"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    Attributes:
        level: what the icon shows.
        sentences: the same in words. Names of conditions are ours; nothing else is from a file.
    """

    level: Level
    sentences: tuple[str, ...]

    @property
    def icon(self) -> str:
        return ICONS[self.level]

    @property
    def words(self) -> str:
        return " ".join(self.sentences)


def standing_of(report: Report) -> Standing:
    """Judge a report."""
    if report.failure is not None:
        return Standing("cancelled" if report.failure.is_cancelled else "bad", (report.headline,))
    quality = report.quality
    unmet = [gate.name for gate in unmet_gates(report)]
    sentences = [report.headline]
    if unmet:
        sentences.append(f"{count(len(unmet), 'condition')} not met: {', '.join(unmet)}.")
    if quality is not None:
        sentences += _quality(quality)
    errors = sum(notice.severity is Severity.ERROR for notice in report.notices)
    if errors:
        sentences.append(f"{count(errors, 'error')} in the assistant's files.")
    if unmet:
        return Standing("bad", tuple(sentences))
    is_stale = report.mode == "check" and report.code != 0
    has_lost = quality is not None and (
        _is_worse(quality) or any(one.is_new is not False for one in failed_stories(quality))
    )
    return Standing("attention" if is_stale or has_lost or errors else "good", tuple(sentences))


def _quality(quality: Quality) -> Iterator[str]:
    comparison = quality.comparison
    failed = failed_stories(quality)
    broken = sum(bool(one.is_new) for one in failed)
    if comparison is not None and not comparison.is_empty:
        if _is_worse(quality):
            yield "Worse than the base."
        elif any(True for _ in comparison.changed("better")):
            yield "Better than the base."
        elif not broken:
            yield "As good as the base."
    if broken:
        yield f"{count(broken, 'test story')} broke."
    elif failed:
        total = 0 if quality.test.stories is None else len(quality.test.stories.conversations)
        as_before = ", as in the base" if all(one.is_new is False for one in failed) else ""
        yield f"{len(failed):,} of {count(total, 'test story')} failed{as_before}."


def _is_worse(quality: Quality) -> bool:
    return quality.comparison is not None and any(True for _ in quality.comparison.changed("worse"))
