"""The nodes of a YAML file with the characters that each was written in, so that a part of the text can be replaced.

The reader of :mod:`rebake.assistant.yaml.yaml12` has read the file before: what it refuses does not come here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

_LoaderClass: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class TextNode:
    """A scalar, a collection or an alias: ``text[start:end]``, without blanks and comments after it.

    Attributes:
        flow: whether it is a collection in brackets, or something inside of one.
        marked: whether it has an anchor or a tag, or is an alias.
        value: of a scalar, before its type is known.
        pairs: keys and values of a mapping, as written: a merge key is one of them.
        items: of a sequence.
    """

    kind: Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    flow: bool = False
    marked: bool = False
    value: str = ""
    pairs: list[tuple[TextNode, TextNode]] = field(default_factory=list)
    items: list[TextNode] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written: the value of a key with nothing after its colon."""
        return self.kind == "scalar" and self.start == self.end

    def children(self) -> Iterator[TextNode]:
        for key, value in self.pairs:
            yield from (key, value)
        yield from self.items

    def pair(self, name: str) -> tuple[TextNode, TextNode] | None:
        """The key and the value of an entry; None where the mapping does not have it itself."""
        return next((pair for pair in self.pairs if pair[0].kind == "scalar" and pair[0].value == name), None)

    def at(self, path: tuple[str | int, ...]) -> TextNode | None:
        """The node to which keys and positions lead; None where the way goes through an alias or a merge key."""
        node: TextNode | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.items[step] if step < len(node.items) else node if step == 0 and node.pairs else None
            else:
                pair = node.pair(step)
                node = pair[1] if pair is not None else None
        return node

    def has_marks(self) -> bool:
        """Whether there is an anchor, a tag or an alias in it."""
        return self.marked or any(child.has_marks() for child in self.children())


def read_nodes(text: str) -> TextNode | None:
    """Return the root of the file; None for an empty file."""
    loader = _LoaderClass(text)
    stack: list[tuple[TextNode, list[TextNode]]] = []
    root: TextNode | None = None
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                kind: Any = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
                start, _ = _span(event)
                stack.append((TextNode(kind, start, start, bool(event.flow_style), _is_marked(event)), []))
                continue
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                node, children = stack.pop()
                if node.kind == "mapping":
                    node.pairs = list(zip(children[::2], children[1::2], strict=True))
                else:
                    node.items = children
                last = max((child.end for child in children), default=node.end)
                node.end = _span(event)[1] if node.flow else last
            elif isinstance(event, yaml.ScalarEvent):
                node = _scalar(event, text)
            elif isinstance(event, yaml.AliasEvent):
                node = TextNode("alias", *_span(event), marked=True)
            else:
                continue
            if stack:
                node.flow = node.flow or stack[-1][0].flow
                stack[-1][1].append(node)
            else:
                root = node
    finally:
        loader.dispose()
    return root


def _scalar(event: Any, text: str) -> TextNode:
    start, end = _span(event)
    end = start + len(text[start:end].rstrip())  # a block's text ends where the next token begins
    return TextNode("scalar", start, end, marked=_is_marked(event), value=event.value)


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _is_marked(event: Any) -> bool:
    return event.anchor is not None or event.tag is not None


def comments(text: str, root: TextNode | None) -> list[tuple[int, str]]:
    """Return every comment of the file, with its line."""
    found = []
    position, line, counted = 0, 1, 0
    for start, end in [*(_scalars(root) if root is not None else ()), (len(text), len(text))]:
        for match in re.finditer(r"(?:(?<=\s)|^)#[^\n]*", text[position:start], re.MULTILINE):
            place = position + match.start()
            line += text.count("\n", counted, place)
            counted = place
            found.append((line, match[0].rstrip()))
        position = end
    return found


def _scalars(node: TextNode) -> Iterator[tuple[int, int]]:
    """Where scalars are, in the order of the text."""
    if node.kind in ("scalar", "alias"):
        yield node.start, node.end
    for child in node.children():
        yield from _scalars(child)
