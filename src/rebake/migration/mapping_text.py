"""The lines of a slot's mappings: those of the forms moved as they are written, with their comments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from rebake.assistant.yaml.writer import dump_yaml
from rebake.migration.nodes import TextNode
from rebake.migration.rasa2 import Origin, SlotMapping
from rebake.migration.source import Source

_DASH = re.compile(r" *- +")


def mapping_lines(mappings: Sequence[SlotMapping], sources: Mapping[str, Source], offset: int) -> list[str]:
    """Return the lines below ``mappings:``, the dash of each in the first column.

    Args:
        mappings: of one slot.
        sources: the domain files by their names, which the origins of the mappings name.
        offset: how much further right than ``conditions:`` its dashes are.
    """
    return [line for mapping in mappings for line in _lines(mapping, sources, offset)]


def _lines(mapping: SlotMapping, sources: Mapping[str, Source], offset: int) -> list[str]:
    written = _written(mapping.origin, sources) if "conditions" not in mapping.value or not mapping.conditions else None
    if written is None:
        before = _comments(mapping.origin, sources)
        for _, origin in mapping.conditions:
            before += _comments(origin, sources)
        return [*before, *dump_yaml([mapping.migrated]).splitlines()]
    before, lines = written
    if not mapping.conditions:
        return [*before, *lines]
    dash = _DASH.match(lines[0])
    indent = " " * (dash.end() if dash else 2)
    lines.append(f"{indent}conditions:")
    for condition, origin in mapping.conditions:
        lines += [f"{indent}{' ' * offset}{comment}" for comment in _comments(origin, sources)]
        keys = [f"{key}: {_scalar(value)}" for key, value in condition.items()]
        lines += [f"{indent}{' ' * offset}{'- ' if place == 0 else '  '}{key}" for place, key in enumerate(keys)]
    return [*before, *lines]


@cache
def _scalar(value: str) -> str:
    return dump_yaml([value], width=float("inf")).removeprefix("- ").removesuffix("\n")


def _written(origin: Origin | None, sources: Mapping[str, Source]) -> tuple[list[str], list[str]] | None:
    """The comments above a mapping and its own lines, starting with the dash; None where it is written otherwise."""
    if origin is None or (found := _find(origin, sources)) is None:
        return None
    source, owner, node, start = found
    if node.kind != "mapping" or node.has_marks() or not node.pairs:
        return None
    if node.flow:
        entries = [f"{source.slice(key)}: {source.slice(value)}" for key, value in node.pairs]
        lines = [f"{'  ' if place else '- '}{entry}" for place, entry in enumerate(entries)]
        if owner.flow or owner.kind != "sequence":
            return None if "\n" in "".join(lines) else ([], lines)
        comment = source.comment_after(node.end)
        lines[0] += comment and f"  {comment}"
        return None if "\n" in "".join(lines) else (source.comment_lines(start, node.start), lines)
    begin = source.line_start(node.start)
    dash = _DASH.fullmatch(source.text[begin : node.start])
    if owner.kind != "sequence" or dash is None:
        return None
    column = dash[0].index("-")
    lines = source.text[begin : source.last_line(node)].split("\n")
    # a line further left can only be a comment: everything else in a block is further right
    lines = [line[column:] if not line[:column].strip() else line.lstrip() for line in lines]
    return source.comment_lines(start, begin), lines


def _comments(origin: Origin | None, sources: Mapping[str, Source]) -> list[str]:
    """The comments above and inside of a mapping whose lines are not kept."""
    if origin is None or (found := _find(origin, sources)) is None:
        return []
    source, owner, node, start = found
    if owner.flow:
        return []
    within: list[tuple[int, int]] = [(start, node.start)]
    position = node.start
    for leaf in _leaves(node):
        within.append((position, leaf.start))
        position = leaf.end
    within.append((position, source.last_line(node)))
    return [comment for begin, end in within for comment in source.comment_lines(begin, end)]


def _leaves(node: TextNode) -> list[TextNode]:
    children = list(node.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [node]


def _find(origin: Origin, sources: Mapping[str, Source]) -> tuple[Source, TextNode, TextNode, int] | None:
    """The file, the list, the mapping, and where the text begins that belongs to the mapping."""
    source = sources[origin.file]
    if source.root is None:
        return None
    *way, index = origin.path
    owner, node = source.root.at(tuple(way)), source.root.at(origin.path)
    if owner is None or node is None or not isinstance(index, int):
        return None
    if owner.kind != "sequence":
        return source, owner, node, node.start
    parent = source.root.at(tuple(way[:-1]))
    pair = parent.pair(str(way[-1])) if parent is not None else None
    start = source.last_line(owner.items[index - 1]) if index else pair[0].end if pair is not None else node.start
    if not owner.flow and index == 0 and pair is not None:
        start = source.line_end(start)  # a comment beside the key stays with the key
    return source, owner, node, min(start, node.start)


def flow_mappings(mappings: Sequence[SlotMapping]) -> str:
    """Return the mappings in brackets."""
    value: list[dict[str, Any]] = [mapping.migrated for mapping in mappings]
    return dump_yaml(value, flow=True, width=float("inf")).removesuffix("\n")
