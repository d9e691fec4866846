"""The tests of two models compared, as values of JSON; docs/how-to/test.md describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rebake.base.location import Location
from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    ChangedStory,
    Figure,
    KindComparison,
    LabelChange,
    MetricChange,
    ModelComparison,
)
from rebake.evaluation.conversations import TestedUser


def comparison_as_dict(comparison: ModelComparison) -> dict[str, Any]:
    """Return everything that was compared."""
    return {
        "base": comparison.base,
        "head": comparison.head,
        "kinds": {kind.kind: _kind(kind) for kind in comparison.kinds},
    }


def _kind(kind: KindComparison) -> dict[str, Any]:
    return {
        "compared": kind.compared,
        "only_base": kind.only_base,
        "only_head": kind.only_head,
        "metrics": [_metric(metric) for metric in kind.metrics],
        "labels": [_label(label) for label in kind.labels],
        "broken": [*map(_prediction, kind.broken), *map(_story, kind.broken_stories)],
        "fixed": [*map(_prediction, kind.fixed), *map(_story, kind.fixed_stories)],
    }


def _metric(metric: MetricChange) -> dict[str, Any]:
    return {"name": metric.name, "extractor": metric.extractor, **_figure(metric.figure), "test": metric.test}


def _label(change: LabelChange) -> dict[str, Any]:
    return {"label": change.label, "support": change.support, **_figure(change.figure)}


def _figure(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "change": figure.change, "outcome": figure.outcome}


def _prediction(change: ChangedPrediction) -> Mapping[str, Any]:
    return {**asdict(change), "location": _place(change.location)}


def _story(change: ChangedStory) -> Mapping[str, Any]:
    turn = change.turn
    return {
        "story": change.name,
        "text": turn.text if isinstance(turn, TestedUser) else None,
        "expected": turn.expected,
        "predicted": turn.predicted,
        "location": _place(change.location),
    }


def _place(location: Location | None) -> dict[str, Any] | None:
    return None if location is None else {"file": location.file, "line": location.line}
