"""The explanation of a verdict as a tree: part, component, what changed and where."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rebake.base.visible import one_line
from rebake.report.model import PART_NAMES, Report
from rebake.report.text import LABELS, paint
from rebake.staleness.explanation import Cause, ComponentExplanation, PartExplanation, location_of

MAX_CHANGES = 20  # of data, in one part; the JSON report has them all


@dataclass(frozen=True, slots=True)
class _Branch:
    """A line of the tree with what belongs to it; ``label`` is shown as it is, ``text`` wrapped behind it."""

    text: str
    label: str = ""
    state: str = ""
    children: Sequence[_Branch] = field(default_factory=tuple)


def explanation_text(report: Report, *, color: bool = False, width: int | None = None, lines: bool = True) -> str:
    """Format the explained parts of a report as trees.

    Args:
        report: its parts have explanations.
        color: whether to colour the states.
        width: columns to wrap at; None = never.
        lines: whether the output can show the lines of a tree; else they are drawn in ASCII.
    """
    drawn: list[str] = ["Training is forced, whatever the verdicts are."] if report.forced else []
    marks = ("├─ ", "└─ ", "│  ") if lines else ("|- ", "`- ", "|  ")
    for part in report.parts:
        drawn.append(f"{PART_NAMES[part.part]:<10}{paint(LABELS[part.state], part.state, color)}")
        if part.explanation is not None:
            drawn += _draw(_nodes(part.explanation), "", marks, color, width)
    return "\n".join(drawn)


def _nodes(explanation: PartExplanation) -> list[_Branch]:
    nodes = []
    if explanation.changes:
        changes = [Cause(str(change), location_of(change)) for change in explanation.changes]
        children = [_leaf(cause) for cause in changes[:MAX_CHANGES]]
        if len(changes) > MAX_CHANGES:
            more = len(changes) - MAX_CHANGES
            children.append(_Branch(f"{more} more; --report FILE lists them all"))
        nodes.append(
            _Branch(f"{len(changes)} {'change' if len(changes) == 1 else 'changes'} of data", children=children)
        )
    nodes += [_leaf(cause) for cause in explanation.causes]
    width = max((len(component.id) for component in explanation.components), default=0)
    nodes += [_component(component, width) for component in explanation.components]
    if explanation.note:
        nodes.append(_Branch(f"Note: {explanation.note}."))
    return nodes


def _component(component: ComponentExplanation, width: int) -> _Branch:
    return _Branch(
        component.state,
        one_line(component.id).ljust(width + 2),
        component.state,
        [_leaf(cause) for cause in component.causes],
    )


def _leaf(cause: Cause) -> _Branch:
    return _Branch(one_line(str(cause)))


def _draw(
    nodes: Sequence[_Branch], indent: str, marks: tuple[str, str, str], color: bool, width: int | None
) -> Iterator[str]:
    middle, last, bar = marks
    for place, node in enumerate(nodes):
        is_last = place == len(nodes) - 1
        first, below = (last, "   ") if is_last else (middle, bar)
        rest = bar if node.children else "   "
        if node.state:
            yield f"{indent}{first}{node.label}{paint(node.text, node.state, color)}"
        else:
            yield from _wrap(node.text, indent + first, indent + below + (rest if node.children else ""), width)
        yield from _draw(node.children, indent + below, marks, color, width)


def _wrap(text: str, first: str, others: str, width: int | None) -> list[str]:
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
