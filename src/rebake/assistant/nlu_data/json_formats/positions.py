"""JSON whose locations are known: mappings know the lines of their keys, lists the lines of their items.

What stands inside of a list's item is decoded in one go by Python's own decoder, so that large files are read fast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from rebake.assistant.yaml.values import YamlList, YamlMap
from rebake.base.location import Location
from rebake.errors import DataError

_BLANKS = re.compile(r"[ \t\n\r]*")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")  # of a pair; by itself it is no character


def parse_json(text: str, file: str) -> Any:
    """Parse the value of a JSON text: YamlMap and YamlList down to the first list, plain dicts and lists below.

    Raises:
        DataError: it is no JSON, a key stands twice, or a text is not Unicode; with the line.
    """
    reader = _PositionReader(text, file)
    try:
        return reader.document()
    except json.JSONDecodeError as error:
        raise DataError(
            f"This is not valid JSON: {error.msg}.",
            location=Location(file, error.lineno),
            fix="Check commas, brackets and quotes on this line and on the one before it.",
        ) from None
    except RecursionError:
        raise DataError(
            "The JSON is nested too deep.", location=Location(file, reader.line), fix="Write it flatter."
        ) from None


class _PositionReader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.position = 0
        self.line = 1
        self._counted = 0  # up to where ``line`` was counted
        self._may_be_broken = _HALF_CHARACTER.search(text) is not None
        self._decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
            object_pairs_hook=self._unique
        ).raw_decode

    def document(self) -> Any:
        value = self._value()
        if self._peek():
            raise self._expected("the end of the file")
        return value

    def _value(self) -> Any:
        match self._peek():
            case "{":
                return self._mapping()
            case "[":
                return self._list()
            case _:
                return self._leaf()

    def _mapping(self) -> YamlMap:
        result = YamlMap(self._here())
        self.position += 1
        while self._peek() != "}":
            if self.text[self.position : self.position + 1] != '"':
                raise self._expected("a key in double quotes")
            line = self._here()
            key = self._leaf()
            if key in result:
                raise self._twice(key, line)
            result.key_lines[key] = line
            self._take(":", "':' after the key")
            self._peek()
            result.value_lines[key] = (self._here(), 0)
            result[key] = self._value()
            if self._peek() != "}":
                self._take(",", "',' or '}'")
                if self._peek() == "}":
                    raise self._expected("a key in double quotes")
        self.position += 1
        return result

    def _list(self) -> YamlList:
        result = YamlList(self._here())
        self.position += 1
        while self._peek() != "]":
            result.item_lines.append(self._here())
            result.append(self._leaf())
            if self._peek() != "]":
                self._take(",", "',' or ']'")
                if self._peek() == "]":
                    raise self._expected("another item")
        self.position += 1
        return result

    def _leaf(self) -> Any:
        """A value that is decoded in one go."""
        self._here()
        value, self.position = self._decode(self.text, self.position)
        if self._may_be_broken:
            try:
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise DataError(
                    "A text contains half of a character (\\uD800 to \\uDFFF by itself).",
                    location=Location(self.file, self.line),
                    fix="Write the character itself, or both halves of it.",
                ) from None
        return value

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            keys = [key for key, _ in pairs]
            raise self._twice(next(key for key in keys if keys.count(key) > 1), self.line)
        return result

    def _twice(self, key: str, line: int) -> DataError:
        return DataError(
            f"The key '{key}' appears twice in one object.",
            location=Location(self.file, line),
            fix="Rename or remove one of them, or merge their contents.",
        )

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        blanks = _BLANKS.match(self.text, self.position)
        self.position = blanks.end() if blanks is not None else self.position
        return self.text[self.position : self.position + 1]

    def _take(self, character: str, expected: str) -> None:
        if self._peek() != character:
            raise self._expected(expected)
        self.position += 1

    def _expected(self, what: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(f"{what} is missing", self.text, self.position)

    def _here(self) -> int:
        self.line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        return self.line
