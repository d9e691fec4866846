"""The graph of stories, laid out and drawn by Vega: stories that begin alike share their beginnings."""

from __future__ import annotations

from typing import Any

from rebake.report.html.charts import shown
from rebake.report.html.drawing import ACCENT, BAD, FONT, INK, LINE, MUTED, SURFACE, draw
from rebake.report.story_paths import PathNode, StoryPaths

_STEP_WIDTH = 165  # pixels from one step to the next
_ROW_HEIGHT = 46
_COLORS = {"user": ACCENT, "action": INK, "loop": MUTED, "wrong": BAD}
_SHAPES = {"user": "circle", "action": "square", "wrong": "cross"}
_WORDS = {"user": "the user says", "action": "the bot does", "loop": "form:", "wrong": "wrong turn:"}


def story_graph(paths: StoryPaths) -> str:
    """The tree from left to right. Colours and shapes say who speaks; a cross is a turn that the model gets wrong."""
    values: list[dict[str, Any]] = [
        {
            "id": 0,
            "parent": None,
            "label": "start",
            "color": MUTED,
            "shape": "circle",
            "text": "start of a conversation",
        }
    ]
    leaves, depth = 0, 0
    waiting: list[tuple[int, int, PathNode]] = [(0, 0, paths.start)]
    while waiting:
        number, level, node = waiting.pop(0)
        depth = max(depth, level)
        leaves += not node.next
        for step, following in node.next.items():
            label = shown(step.text)
            values.append(
                {
                    "id": len(values),
                    "parent": number,
                    "label": label,
                    "found": "" if step.found is None else f"≠ {shown(step.found)}",
                    "color": _COLORS[step.kind],
                    "shape": _SHAPES.get(step.kind, "triangle-right"),
                    "text": f"{_WORDS[step.kind]} {shown(step.whole_text)}"
                    + (f", in {following.stories:,} stories" if following.stories > 1 else ""),
                }
            )
            waiting.append((len(values) - 1, level + 1, following))
    return draw(_spec(values, max(leaves, 1) * _ROW_HEIGHT, max(depth, 1) * _STEP_WIDTH))


def _spec(values: list[dict[str, Any]], height: int, width: int) -> dict[str, Any]:
    label = {
        "x": {"field": "x"},
        "y": {"field": "y"},
        "dx": {"value": 0},
        "align": {"value": "left"},
        "limit": {"value": _STEP_WIDTH - 16},
        "fontSize": {"value": 11.5},
        "font": {"value": FONT},
    }
    return {
        "width": width,
        "height": height,
        "padding": {"left": 12, "right": _STEP_WIDTH, "top": 20, "bottom": 20},
        "data": [
            {
                "name": "tree",
                "values": values,
                "transform": [
                    {"type": "stratify", "key": "id", "parentKey": "parent"},
                    {"type": "tree", "method": "tidy", "size": [height, width], "as": ["y", "x", "depth", "children"]},
                ],
            },
            {
                "name": "links",
                "source": "tree",
                "transform": [{"type": "treelinks"}, {"type": "linkpath", "orient": "horizontal", "shape": "diagonal"}],
            },
        ],
        "marks": [
            {
                "type": "path",
                "from": {"data": "links"},
                "encode": {
                    "enter": {
                        "path": {"field": "path"}, "stroke": {"value": LINE}, "strokeWidth": {"value": 2},
                        "aria": {"value": False},
                    }
                },
            },
            {
                "type": "symbol",
                "from": {"data": "tree"},
                "encode": {
                    "enter": {
                        "x": {"field": "x"}, "y": {"field": "y"}, "size": {"value": 70}, "fill": {"field": "color"},
                        "shape": {"field": "shape"}, "description": {"field": "text"},
                    }
                },
            },
            *(
                {
                    "type": "text",
                    "from": {"data": "tree"},
                    "encode": {"enter": {**label, **where, **look, "aria": {"value": False}}},
                }
                for where in (
                    {"text": {"field": "label"}, "dy": {"value": -9}, "baseline": {"value": "bottom"}},
                    {"text": {"field": "found"}, "dy": {"value": 9}, "baseline": {"value": "top"}},
                )
                for look in (
                    {"stroke": {"value": SURFACE}, "strokeWidth": {"value": 4}, "strokeJoin": {"value": "round"}},
                    {"fill": {"field": "color"}},
                )
            ),
        ],
    }  # fmt: skip
