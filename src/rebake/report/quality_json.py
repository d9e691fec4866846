"""How good the model is, as values of JSON; docs/report-json.md describes them."""

from __future__ import annotations

from typing import Any

from rebake.base.location import Location
from rebake.evaluation.json import as_dict as test_as_dict
from rebake.report.comparison.json import comparison_as_dict
from rebake.report.figures import FailedStory, FigureRow, failed_stories, figure_rows
from rebake.report.quality import PastQuality, Quality


def quality_as_dict(quality: Quality) -> dict[str, Any]:
    """Return the figures, the test that they come from, and the comparison."""
    return {
        "is_reused": quality.is_reused,
        "base_name": quality.base_name,
        "problem": quality.problem,
        "figures": [_figure(row) for row in figure_rows(quality)],
        "failed_stories": [_story(failed) for failed in failed_stories(quality)],
        "history": [_past(past) for past in quality.history],
        "comparison": None if quality.comparison is None else comparison_as_dict(quality.comparison),
        "test": test_as_dict(quality.test),
    }


def _figure(row: FigureRow) -> dict[str, Any]:
    change = row.change
    return {
        "kind": row.kind,
        "metric": row.metric,
        "extractor": row.extractor,
        "head": row.head,
        "base": None if change is None else change.base,
        "outcome": None if change is None else change.outcome,
        "tested": row.tested,
    }


def _story(failed: FailedStory) -> dict[str, Any]:
    turn = failed.story.turn
    return {
        "name": failed.story.name,
        "is_new": failed.is_new,
        "expected": turn.expected,
        "predicted": turn.predicted,
        **_place(failed.story.location),
    }


def _place(location: Location | None) -> dict[str, Any]:
    return {"file": location.file if location else None, "line": location.line if location else None}


def _past(past: PastQuality) -> dict[str, Any]:
    return {"commit": past.commit, "time": past.time, "name": past.name, "figures": dict(past.figures)}
