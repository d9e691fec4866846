"""The charts of the HTML report, as specifications of Vega-Lite.

What is drawn stands in the data alone, never in an expression: a name from the assistant's files is a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebake.base.visible import visible
from rebake.evaluation.comparison.result import Outcome
from rebake.evaluation.labels import LabelTest
from rebake.report.comparison.words import OUTCOMES
from rebake.report.html.drawing import ACCENT, BAD, BASE, GOOD, INK, MUTED, draw_chart
from rebake.report.quality import PastQuality

MOST_LABELS = 100  # of a matrix: more cells than these cannot be seen
_BINS = 20
_MOST_RUNS = 60
_MOST_FIGURES = 8
_LONGEST = 60  # characters of a label


@dataclass(frozen=True, slots=True)
class LabelRow:
    """F1 of a label.

    Attributes:
        base: of the base; None where it is not known.
        outcome: as in words: "better", "worse", "noise", "same".
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    base: float | None = None
    outcome: Outcome = "same"


def shown(text: str) -> str:
    """A label as charts show it."""
    clean = visible(" ".join(text.split())) or "(nothing)"
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def f1_chart(rows: Sequence[LabelRow]) -> str:
    """F1 of each label before and after: a line from the base's figure to the model's, in the order given."""
    names = unique([row.label for row in rows])
    values = [
        {"label": name, "base": row.base, "head": row.f1, "outcome": row.outcome, "text": _f1_text(row)}
        for name, row in zip(names, rows, strict=True)
    ]
    has_base = any(row.base is not None for row in rows)
    y = _rows_axis(names)
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": "F1", "axis": {"orient": "top", "tickCount": 5}}
    colors = {"better": GOOD, "worse": BAD, "noise": MUTED, "same": ACCENT}
    color = {
        "field": "outcome",
        "type": "nominal",
        "scale": {"domain": list(colors), "range": list(colors.values())},
        "legend": None,
    }
    head: dict[str, Any] = {"x": {"field": "head", **x}, "y": y, "description": {"field": "text"}}
    layers: list[dict[str, Any]] = []
    if has_base:
        layers = [
            {
                "mark": {"type": "rule", "strokeWidth": 3},
                "encoding": {
                    "x": {"field": "base", **x}, "x2": {"field": "head"}, "y": y, "color": color,
                    "description": {"field": "text"},
                },
            },
            {
                "mark": {"type": "point", "filled": False, "size": 55, "strokeWidth": 2, "color": BASE, "opacity": 1},
                "encoding": {"x": {"field": "base", **x}, "y": y, "description": {"field": "text"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 85, "opacity": 1},
                "encoding": {**head, "color": color},
            },
        ]  # fmt: skip
    else:
        layers = [{"mark": {"type": "bar", "color": ACCENT, "height": {"band": 0.6}}, "encoding": head}]
    return draw_chart({"data": {"values": values}, "width": 400, "height": {"step": 22}, "layer": layers})


def _f1_text(row: LabelRow) -> str:
    if row.base is None:
        return f"{shown(row.label)}: F1 {row.f1:.3f}, {row.support:,} examples"
    return f"{shown(row.label)}: F1 {row.base:.3f} → {row.f1:.3f}, {OUTCOMES[row.outcome]}"


def unique(labels: Sequence[str]) -> list[str]:
    """Labels as they are shown, made different where two look alike: the scale of an axis would join them."""
    found: dict[str, int] = {}
    names = []
    for label in map(shown, labels):
        found[label] = found.get(label, 0) + 1
        names.append(label if found[label] == 1 else f"{label} ({found[label]})")
    return names


def _rows_axis(names: Sequence[str]) -> dict[str, Any]:
    return {
        "field": "label",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(names)},
        "axis": {"labelLimit": 200, "labelPadding": 10, "ticks": False, "domain": False, "grid": True},
    }


def confusion_chart(test: LabelTest) -> str | None:
    """Expected labels by predicted ones; the share of the row's examples is the strength of the colour."""
    confusion = test.scores.confusion
    labels = sorted({*confusion, *(predicted for row in confusion.values() for predicted in row)})
    if len(labels) > MOST_LABELS:
        wrong = {name for label, row in confusion.items() for other in row if other != label for name in (label, other)}
        labels = [label for label in labels if label in wrong]
    if not labels or len(labels) > MOST_LABELS:
        return None
    names = dict(zip(labels, unique(labels), strict=True))
    values = []
    for expected, row in confusion.items():
        total = sum(row.values())
        for predicted, count in row.items():
            if expected in names and predicted in names:
                is_right = expected == predicted
                what = "right" if is_right else f"predicted as {names[predicted]}"
                values.append(
                    {
                        "expected": names[expected],
                        "predicted": names[predicted],
                        "count": count,
                        "share": count / total,
                        "kind": "right" if is_right else "wrong",
                        "text": f"{names[expected]}: {count:,} of {total:,} {what}",
                    }
                )
    step = 34 if len(labels) <= 15 else 22 if len(labels) <= 32 else 13
    size = 12 if step > 13 else 10
    domain = list(names.values())
    axis = {
        "labelLimit": 150,
        "labelFontSize": size,
        "grid": True,
        "bandPosition": 0,
        "ticks": False,
        "domain": False,
    }
    encoding: dict[str, Any] = {
        "x": {
            "field": "predicted", "type": "nominal", "scale": {"domain": domain}, "title": "predicted",
            "axis": {**axis, "labelAngle": -60, "orient": "top", "labelAlign": "left"},
        },
        "y": {
            "field": "expected", "type": "nominal", "scale": {"domain": domain}, "title": "expected", "axis": axis,
        },
        "description": {"field": "text"},
    }  # fmt: skip
    kind = {
        "field": "kind", "type": "nominal", "legend": None,
        "scale": {"domain": ["right", "wrong"], "range": [ACCENT, BAD]},
    }  # fmt: skip
    opacity = {
        "field": "share", "type": "quantitative", "legend": None, "scale": {"domain": [0, 1], "range": [0.25, 1]},
    }  # fmt: skip
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rect", "cornerRadius": 2}, "encoding": {**encoding, "color": kind, "opacity": opacity}}
    ]
    if step >= 22:
        number = {"field": "count", "type": "quantitative"}
        layers.append(
            {"mark": {"type": "text", "color": INK, "fontSize": 11}, "encoding": {**encoding, "text": number}}
        )
    return draw_chart({"data": {"values": values}, "width": {"step": step}, "height": {"step": step}, "layer": layers})


def confidence_chart(test: LabelTest) -> str:
    """How many predictions have which confidence; right and wrong ones with scales of their own."""
    bins = {kind: [0] * _BINS for kind in ("right", "wrong")}
    for example in test.examples:
        place = min(max(int(example.confidence * _BINS), 0), _BINS - 1)
        bins["right" if example.is_right else "wrong"][place] += 1
    values = [
        {
            "kind": f"{kind} ({sum(counts):,})",
            "from": place / _BINS,
            "to": (place + 1) / _BINS,
            "count": count,
            "text": f"{count:,} {kind} with a confidence from {place / _BINS:.2f} to {(place + 1) / _BINS:.2f}",
        }
        for kind, counts in bins.items()
        for place, count in enumerate(counts)
    ]
    kinds = [f"{kind} ({sum(counts):,})" for kind, counts in bins.items()]
    return draw_chart(
        {
            "data": {"values": values},
            "facet": {
                "row": {
                    "field": "kind", "type": "nominal", "sort": kinds, "title": None,
                    "header": {"labelAngle": 0, "labelAlign": "left", "labelOrient": "top", "labelAnchor": "start"},
                },
            },
            "spec": {
                "width": 380,
                "height": 110,
                "mark": {"type": "bar", "binSpacing": 2},
                "encoding": {
                    "x": {
                        "field": "from", "type": "quantitative", "bin": {"binned": True, "step": 1 / _BINS},
                        "title": "confidence", "scale": {"domain": [0, 1]}, "axis": {"tickCount": 5, "format": ".1f"},
                    },
                    "x2": {"field": "to"},
                    "y": {
                        "field": "count", "type": "quantitative", "title": "examples",
                        "axis": {"tickCount": 3, "format": ",.0f", "labelExpr": "datum.value % 1 ? '' : datum.label"},
                    },
                    "color": {
                        "field": "kind", "type": "nominal", "legend": None,
                        "scale": {"domain": kinds, "range": [ACCENT, BAD]},
                    },
                    "description": {"field": "text"},
                },
            },
            "resolve": {"scale": {"y": "independent"}},
        }
    )  # fmt: skip


def history_chart(history: Sequence[PastQuality], titles: Mapping[str, str]) -> str | None:
    """The figures of earlier models, oldest first; None where there are fewer than two.

    Args:
        history: what was tested before, and this model as the last one.
        titles: the figures that are drawn, and their names for people.
    """
    runs = history[-_MOST_RUNS:]
    if len(runs) < 2:
        return None
    names = unique([run.name or run.commit[:7] for run in runs])
    chosen = {name: shown(title) for name, title in list(titles.items())[:_MOST_FIGURES]}
    values = [
        {"run": run_name, "figure": chosen[figure], "value": value, "text": f"{run_name}: {chosen[figure]} {value:.3f}"}
        for run_name, run in zip(names, runs, strict=True)
        for figure, value in run.figures.items()
        if figure in chosen
    ]
    if not values:
        return None
    lowest = min(value for run in runs for figure, value in run.figures.items() if figure in chosen)
    colors = [ACCENT, GOOD, BAD, BASE, INK, MUTED, "var(--violet)", "var(--amber)"]
    figures = list(dict.fromkeys(chosen.values()))
    encoding = {
        "x": {
            "field": "run", "type": "ordinal", "sort": None, "scale": {"domain": names}, "title": None,
            "axis": {"labelAngle": -45, "labelLimit": 100, "labelOverlap": True},
        },
        "y": {
            "field": "value", "type": "quantitative", "title": None,
            "scale": {"domain": [max(0.0, lowest - 0.05), 1], "nice": True, "zero": False},
            "axis": {"tickCount": 5},
        },
        "color": {
            "field": "figure", "type": "nominal", "scale": {"domain": figures, "range": colors[: len(figures)]},
            "legend": {"title": None, "orient": "bottom", "columns": 1, "labelLimit": 300, "symbolType": "stroke"},
        },
        "shape": {"field": "figure", "type": "nominal", "legend": None},
        "description": {"field": "text"},
    }  # fmt: skip
    return draw_chart(
        {
            "data": {"values": values},
            "width": max(420, min(900, 26 * len(runs))),
            "height": 220,
            "layer": [
                {
                    "mark": {"type": "line", "strokeWidth": 2},
                    "encoding": {k: v for k, v in encoding.items() if k != "shape"},
                },
                {"mark": {"type": "point", "filled": True, "size": 45, "opacity": 1}, "encoding": encoding},
            ],
        }
    )
