"""Charts of the job summary, which GitHub draws from Mermaid's source.

A label is reduced to letters, digits and a few signs, in a form that Mermaid reads as text: nothing in it can end the
label, the line or the block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rebake.report.figures import FigureRow, figure_rows, figure_title
from rebake.report.markdown.lists import details
from rebake.report.model import Report
from rebake.report.quality import PastQuality, Quality
from rebake.report.story_paths import PathNode, StoryPaths, paths_of_test

_MOST_BARS = 12  # more cannot be labelled in the width of a summary
_MOST_STEPS = 60  # of stories; Mermaid refuses a large graph
_LONGEST = 40  # characters of a label
_MOST_RUNS = 10  # of the history
_SHAPES = {"user": ('(["', '"])'), "action": ('["', '"]'), "wrong": ('["✗ ', '"]')}
_OTHER = ('[/"', '"/]')
_PLAIN = frozenset(" _-.,:/+=≠")
_COLORS = '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#2f6fdb, #c2410c"}}}}%%'


def charts(report: Report) -> Iterator[str]:
    """Yield the charts for which there are figures, each folded."""
    quality = report.quality
    if quality is None:
        return
    rows = [row for row in figure_rows(quality) if row.is_telling][:_MOST_BARS]
    if rows:
        yield details("Chart: figures of the model", _figures(rows))
    yield details("Chart: labels that changed", _labels(quality))
    yield details("Chart: history", _history(quality.history))
    if quality.test.stories is not None and quality.test.stories.conversations:
        paths = paths_of_test(quality.test.stories, _MOST_STEPS)
        more = f"\n\n{paths.left_out:,} more stories are not drawn." if paths.left_out else ""
        if paths.start.next:
            yield details("Chart: test stories", _stories(paths) + more)


def label(text: str) -> str:
    """A text that Mermaid shows and nothing more."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return "".join(one if one.isalnum() or one in _PLAIN or one == "…" else "·" for one in short) or "·"


def _figures(rows: Sequence[FigureRow]) -> str:
    series = {"This model": [row.head for row in rows]}
    if all(row.change is not None for row in rows):
        series = {"Base": [row.change.base for row in rows if row.change is not None], **series}
    return _bars("Figures", [row.title for row in rows], series)


def _labels(quality: Quality) -> str:
    kinds = () if quality.comparison is None else quality.comparison.kinds
    changes = [change for kind in kinds for change in kind.labels]
    changes.sort(key=lambda change: -abs(change.figure.change))
    shown = changes[:_MOST_BARS]
    if not shown:
        return ""
    series = {"Base": [one.figure.base for one in shown], "This model": [one.figure.head for one in shown]}
    return _bars("F1 of labels that changed most", [one.label for one in shown], series)


def _history(history: Sequence[PastQuality]) -> str:
    runs = history[-_MOST_RUNS:]
    name = _figure_of(runs)
    if name is None:
        return ""
    found = [(run.name or run.commit[:7], run.figures[name]) for run in runs if name in run.figures]
    if len(found) < 2:
        return ""
    axis = ", ".join(f'"{label(run)}"' for run, _ in found)
    values = ", ".join(f"{value:.4f}" for _, value in found)
    return _block(
        _COLORS,
        "xychart-beta",
        f'title "{label(figure_title(name))}"',
        f"x-axis [{axis}]",
        'y-axis "0 to 1" 0 --> 1',
        f"line [{values}]",
    )


def _figure_of(runs: Sequence[PastQuality]) -> str | None:
    """The figure that most of the runs have; the first one of equally many."""
    counts: dict[str, int] = {}
    for run in runs:
        for name in run.figures:
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: (counts[name], name == "intents.weighted_f1"), default=None)


def _bars(title: str, names: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Bars of the last series, with a line for the one before; Mermaid has no legend, so the title names both."""
    *lines, (bars_of, bars) = series.items()
    legend = f"{title}: bars {bars_of}" + "".join(f", line {name}" for name, _ in lines)
    axis = ", ".join(f'"{label(name)}"' for name in names)
    return _block(
        _COLORS,
        "xychart-beta horizontal",
        f'title "{legend}"',
        f"x-axis [{axis}]",
        'y-axis "0 to 1" 0 --> 1',
        f"bar [{', '.join(f'{value:.4f}' for value in bars)}]",
        *(f"line [{', '.join(f'{value:.4f}' for value in values)}]" for _, values in lines),
    )


def _stories(paths: StoryPaths) -> str:
    lines = ['n0(("start"))']
    waiting: list[tuple[int, PathNode]] = [(0, paths.start)]
    number = 0
    wrong = []
    while waiting:
        place, node = waiting.pop(0)
        for step, following in node.next.items():
            number += 1
            first, last = _SHAPES.get(step.kind, _OTHER)
            lines.append(f"n{place} --> n{number}{first}{label(step.whole_text)}{last}")
            if step.kind == "wrong":
                wrong.append(f"n{number}")
            waiting.append((number, following))
    if wrong:
        lines += ["classDef wrong stroke:#cf222e,stroke-width:3px", f"class {','.join(wrong)} wrong"]
    return _block("flowchart LR", *lines)


def _block(*lines: str) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
