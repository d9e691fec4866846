"""The history of models as a table, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rebake.base.visible import one_line
from rebake.evaluation.history import PastQuality
from rebake.report.comparison.words import count

_COLUMNS = {
    "intents.weighted_f1": "intent F1",
    "entities.span_f1": "entity F1",
    "responses.weighted_f1": "response F1",
    "stories.accuracy": "stories right",
}
_NONE = "-"


def history_text(models: Sequence[PastQuality]) -> str:
    """Format one line for each model, the newest last, with those figures that any of them has."""
    shown = {name: title for name, title in _COLUMNS.items() if any(name in model.figures for model in models)}
    head = ["time", "commit", "release", *shown.values()]
    rows = [head, *(_row(model, list(shown)) for model in models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, count(len(models), "model")])


def _row(model: PastQuality, shown: Sequence[str]) -> list[str]:
    figures = [f"{model.figures[name]:.3f}" if name in model.figures else _NONE for name in shown]
    return [f"{model.moment:%Y-%m-%d %H:%M}", model.commit[:7], one_line(model.name) or _NONE, *figures]
