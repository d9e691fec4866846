"""The job summary: the report on the page of the CI run."""

from __future__ import annotations

from rebake.report.markdown.body import Body
from rebake.report.markdown.lists import fit
from rebake.report.model import Report

LIMIT = 1_000_000  # bytes; GitHub takes 1 MiB for one step


def render_summary(report: Report, limit: int = LIMIT) -> str:
    """The summary's Markdown, at most ``limit`` bytes."""
    return fit(Body(report, is_whole=True).render, limit)
