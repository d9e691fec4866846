"""YAML values that know their lines, and the meaning of plain scalars in YAML 1.2's core schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from typing import Any


def _whole(digits: str, base: int) -> int:
    """Read a number. Raises ValueError for one that Python would refuse to write in decimal, wherever it is shown."""
    number = int(digits, base)
    str(number)
    return number


_WORDS: dict[str, Any] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= {sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
_WORDS |= {word: float("nan") for word in (".nan", ".NaN", ".NAN")}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: _whole(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: _whole(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
)
_NUMBER_START = frozenset("+-.0123456789")


class YamlMap(dict[Any, Any]):
    """A mapping that knows the line of each key, and where each value's text begins."""

    __slots__ = ("key_lines", "line", "value_lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[Any, int] = {}
        self.value_lines: dict[Any, tuple[int, int]] = {}

    def line_of(self, key: Hashable) -> int:
        """The line of a key; the mapping's own line for a key that is not there."""
        return self.key_lines.get(key, self.line)

    def text_line(self, key: Hashable, index: int = 0) -> int:
        """The line in the file of the ``index``-th line of the text under ``key``.

        Exact for ``|`` blocks; the first line of other scalars, whose lines are folded.
        """
        first, step = self.value_lines.get(key, (self.line_of(key), 0))
        return first + step * index


class YamlList(list[Any]):
    """A sequence that knows the line of each item."""

    __slots__ = ("item_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.item_lines: list[int] = []

    def line_of(self, index: int) -> int:
        return self.item_lines[index]

    def numbered(self) -> Iterator[tuple[int, Any]]:
        """(line, item) of every item."""
        return zip(self.item_lines, self, strict=True)


def plain(value: Any) -> Any:
    """The value as ordinary dicts and lists, without lines."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def resolve(text: str) -> Any:
    """The value of a plain scalar: null, true, false, an integer, a float, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    try:
        for pattern, convert in _NUMBERS:
            if pattern.fullmatch(text):
                return convert(text)
    except ValueError:  # thousands of digits: it stays text
        pass
    return text
