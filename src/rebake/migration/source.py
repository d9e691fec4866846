"""The text of a YAML file with its nodes: lines, columns, comments, and edits of parts of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rebake.migration.nodes import TextNode, read_nodes

INDENT = 2  # of what is new, where the file shows no other


class NotEditableError(Exception):
    """A part of the text is written in a way that cannot be changed without rewriting the section."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace ``text[start:end]``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """A file's text (lines end with a line feed) and its root."""

    text: str
    root: TextNode | None

    @classmethod
    def of(cls, text: str) -> Source:
        return cls(text, read_nodes(text))

    def slice(self, node: TextNode) -> str:
        return self.text[node.start : node.end]

    def line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def column(self, position: int) -> int:
        return position - self.line_start(position)

    def indent(self, node: TextNode) -> int:
        """The column of a node that its line starts with. Raises NotEditableError where something is before it."""
        before = self.text[self.line_start(node.start) : node.start]
        if before.strip(" "):
            raise NotEditableError
        return len(before)

    def comment_after(self, position: int) -> str:
        """The comment that ends a line; empty where there is none. Raises NotEditableError at anything else."""
        rest = self.text[position : self.line_end(position)].strip()
        if rest and not rest.startswith("#"):
            raise NotEditableError
        return rest

    def comment_lines(self, start: int, end: int) -> list[str]:
        """The comments in text between two nodes, which has nothing else but punctuation."""
        return re.findall(r"(?:(?<=\s)|^)#.*", self.text[start:end], re.MULTILINE)

    def last_line(self, node: TextNode) -> int:
        """The end of the line in which a node ends."""
        return self.line_end(node.end)

    def sequence_offset(self) -> int:
        """How much further right than their key the file writes the dashes of a list."""
        offsets = list(self._offsets(self.root, "sequence"))
        return max(offsets, key=offsets.count) if offsets else INDENT

    def mapping_offset(self) -> int:
        """How much further right than their key the file writes the keys below it."""
        offsets = list(self._offsets(self.root, "mapping"))
        return max(offsets, key=offsets.count) if offsets else INDENT

    def _offsets(self, node: TextNode | None, kind: str) -> Iterable[int]:
        for key, value in node.pairs if node is not None and not node.flow else ():
            children = value.items if kind == "sequence" else [key for key, _ in value.pairs]
            if value.kind == kind and not value.flow and children and not value.marked:
                start = value.start if kind == "sequence" else children[0].start
                if (offset := self.column(start) - self.column(key.start)) >= 0:
                    yield offset
            yield from self._offsets(value, kind)

    def edited(self, edits: Iterable[Edit]) -> str:
        text, position = [], 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            if edit.start < position:
                raise NotEditableError
            text += [self.text[position : edit.start], edit.text]
            position = edit.end
        return "".join([*text, self.text[position:]])
