"""A safe YAML 1.2 reader that knows the line of everything it read.

PyYAML resolves plain scalars as YAML 1.1 does (``on`` and ``yes`` are booleans, ``12:30`` is 750, ``010`` is 8). Rasa
reads YAML 1.2, so only PyYAML's parser (libyaml where it is there) is used here: its events are turned into values with
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema). Working on events, with an explicit stack,
also bounds nesting and aliases, and nothing in a file can construct an object.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rebake.assistant.yaml.ignore_comments import silenced_lines
from rebake.assistant.yaml.values import YamlList, YamlMap, resolve
from rebake.base.confinement import require_inside
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, StorageError

MAX_NODES = 5_000_000  # after aliases are expanded; a large assistant has about a hundred thousand
MAX_DEPTH = 100

_LoaderClass: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_TAG = "tag:yaml.org,2002:"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"  # as YAML it is a mere text, which would be skipped
_MERGE: Any = object()  # stands for a merge key


@dataclass(frozen=True)
class Document:
    """One YAML file: ``value`` is a YamlMap, a YamlList, a scalar, or None for an empty file.

    ``silenced`` has the codes of findings that comments silence, by line. ``has_variables``: ``${`` is somewhere in the
    text, so what the file says may depend on the environment.
    """

    file: str
    value: Any
    notices: tuple[Notice, ...] = ()
    silenced: Mapping[int, frozenset[str]] = field(default_factory=dict)
    has_variables: bool = False

    def at(self, line: int) -> Location:
        return Location(self.file, line)


def read_yaml(path: str | Path, *, env: frozenset[str] = frozenset()) -> Document:
    """Read one file.

    Args:
        path: the file; messages name it as given.
        env: names of environment variables that ``${NAME}`` may expand to.

    Raises:
        StorageError: missing file, directory, no permission, symlink loop.
        DataError: not UTF-8, not YAML, duplicate keys, too deep or too large.
    """
    return parse_yaml(read_text(path), str(path), env=env)


def read_text(path: str | Path) -> str:
    """Read the file's text: UTF-8, with or without a byte order mark. Raises StorageError or DataError."""
    require_inside(path)
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise StorageError(f"The file '{path}' does not exist.", fix="Check the path.") from None
    except IsADirectoryError:
        raise StorageError(f"'{path}' is a directory, but a file is expected here.", fix="Name the file.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StorageError(f"The file '{path}' cannot be read: {reason}.") from None
    return text_of(data, path)


def text_of(data: bytes, path: str | Path) -> str:
    """Decode the bytes of the file at ``path``. Raises DataError."""
    if data.startswith(_LFS_POINTER):
        raise DataError(
            "The file is a pointer of Git LFS: its content was not fetched.",
            location=Location(str(path), 1),
            fix="Run `git lfs pull`, or give actions/checkout the input `lfs: true`.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"The file is not UTF-8 text (byte 0x{data[error.start]:02x}).",
            location=Location(str(path), line),
            fix="Save it with the encoding UTF-8.",
        ) from None


def parse_yaml(text: str, file: str, *, env: frozenset[str] = frozenset()) -> Document:
    """Parse the text of one file; see :func:`read_yaml`."""
    text = _unescaped(text)
    builder = _Builder(file, env)
    loader = None
    try:
        loader = _LoaderClass(text)
        value = builder.build(loader.get_event)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DataError(
            f"The file contains a character that YAML does not allow: {error.reason}.",
            location=Location(file, line),
            fix="Remove it, or write it as an escape in double quotes.",
        ) from None
    except UnicodeError as error:
        raise DataError(f"The file is not valid Unicode: {error}.", location=Location(file, 1)) from None
    finally:
        if loader is not None:
            loader.dispose()
    has_variables = builder.has_variables or "${" in text
    return Document(file, value, tuple(builder.notices), silenced_lines(text), has_variables)


def _unescaped(text: str) -> str:
    """Rasa turns ``\\uXXXX`` into the character wherever a file is otherwise plain ASCII."""
    if not text.isascii() or not ("\\u" in text or "\\U" in text):
        return text
    try:
        decoded = text.encode("ascii").decode("raw_unicode_escape")
        return decoded.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError:
        return text


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> DataError:
    mark = error.problem_mark or error.context_mark
    last = text.rstrip().count("\n") + 1  # where a file ends too early, the mark is after its end
    line = min(mark.line + 1, last) if mark is not None else 1
    problem = " ".join(part for part in (error.problem, error.context) if part) or "the structure is broken"
    fix = "Check the indentation, colons and quotes on this line and on those before it."
    if "\t" in next(iter(text.split("\n")[line - 1 : line]), ""):
        fix = "Indent with spaces instead of tabs."
    elif "cannot start any token" in problem:
        fix = "Put a text that starts with a special character in quotes."
    elif "nesting depth" in problem:  # PyYAML 6.0.4 on counts brackets before any of them is read
        return _too_deep(file, line)
    return DataError(f"This is not valid YAML: {problem}.", location=Location(file, line), fix=fix)


def _too_deep(file: str, line: int) -> DataError:
    message = f"The YAML is nested deeper than {MAX_DEPTH} levels."
    return DataError(message, location=Location(file, line), fix="Write it flatter.")


@dataclass
class _Open:
    """A collection that is being read."""

    value: YamlMap | YamlList
    anchor: str | None
    size: int = 1
    depth: int = 1
    has_key: bool = False
    key: Any = None
    key_line: int = 0
    merges: list[tuple[Any, int]] = field(default_factory=list)


class _Builder:
    """Turns a parser's events into values."""

    def __init__(self, file: str, env: frozenset[str]) -> None:
        self.file = file
        self.env = env
        self.notices: list[Notice] = []
        self.has_variables = False
        self.anchors: dict[str, tuple[Any, int, int]] = {}  # name -> (value, size and depth with aliases expanded)
        self.stack: list[_Open] = []
        self.result: Any = None

    def error(self, message: str, line: int, fix: str | None = None) -> DataError:
        return DataError(message, location=Location(self.file, line), fix=fix)

    def build(self, next_event: Callable[[], Any]) -> Any:
        documents = 0
        while not isinstance(event := next_event(), yaml.StreamEndEvent):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.ScalarEvent):
                literal = event.style == "|"
                value = self.scalar(event, line)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, 1, 0)
                if value == "<<" and event.implicit[0] and self.at_key():
                    value = _MERGE
                self.add(value, line, (line + 1, 1) if literal else (line, 0))
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self.open(event, line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.close()
            elif isinstance(event, yaml.AliasEvent):
                value, size, depth = self.alias(event.anchor, line)
                self.add(value, line, (line, 0), size, depth)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.error("A second YAML document starts here.", line, "Put each document in its own file.")
        return self.result

    def at_key(self) -> bool:
        """Return whether the next value is the key of a mapping."""
        return bool(self.stack) and isinstance(self.stack[-1].value, YamlMap) and not self.stack[-1].has_key

    def open(self, event: Any, line: int) -> None:
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag is not None and event.tag not in ("!", _TAG + ("map" if is_map else "seq")):
            raise self.error(f"The YAML tag '{event.tag}' is not supported.", line, "Remove the tag.")
        if len(self.stack) >= MAX_DEPTH:
            raise _too_deep(self.file, line)
        if self.at_key():
            raise self.error("A list or mapping is used as a key.", line, "Quote the key if it is meant as text.")
        self.stack.append(_Open(YamlMap(line) if is_map else YamlList(line), event.anchor))
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)

    def close(self) -> None:
        done = self.stack.pop()
        if isinstance(done.value, YamlMap):
            for source, line in done.merges:
                self.merge(done.value, source, line)
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, done.size, done.depth)
        self.add(done.value, done.value.line, (done.value.line, 0), done.size, done.depth)

    def add(self, value: Any, line: int, text: tuple[int, int], size: int = 1, depth: int = 0) -> None:
        if not self.stack:
            self.result = value
            return
        parent = self.stack[-1]
        parent.size += size
        parent.depth = max(parent.depth, depth + 1)
        if parent.size > MAX_NODES or parent.depth > MAX_DEPTH:
            raise self.error("The YAML is too large or too deep with its aliases expanded.", line, "Use fewer aliases.")
        if isinstance(parent.value, YamlList):
            parent.value.append(value)
            parent.value.item_lines.append(line)
        elif not parent.has_key:
            self.start_entry(parent, parent.value, value, line)
        else:
            parent.has_key = False
            if parent.key is _MERGE:
                parent.merges.append((value, parent.key_line))
                return
            parent.value[parent.key] = value
            parent.value.value_lines[parent.key] = text

    def start_entry(self, parent: _Open, mapping: YamlMap, key: Any, line: int) -> None:
        if not isinstance(key, Hashable):
            raise self.error("A list or mapping is used as a key.", line, "Quote the key if it is meant as text.")
        parent.has_key, parent.key, parent.key_line = True, key, line
        if key is _MERGE:
            return
        if key in mapping.key_lines:
            raise self.error(
                f"The key '{key}' appears twice in one mapping, first on line {mapping.key_lines[key]}.",
                line,
                "Rename or remove one of them, or merge their contents.",
            )
        mapping.key_lines[key] = line

    def merge(self, target: YamlMap, source: Any, line: int) -> None:
        """``<<: *base``: entries of the base that the mapping does not have itself."""
        for base in source if isinstance(source, YamlList) else [source]:
            if not isinstance(base, YamlMap):
                raise self.error("'<<' needs a mapping, or a list of mappings.", line, "Name an anchored mapping.")
            for key, value in base.items():
                if key not in target:
                    target[key] = value
                    target.key_lines[key] = base.line_of(key)
                    target.value_lines[key] = base.value_lines[key]

    def alias(self, name: str | None, line: int) -> tuple[Any, int, int]:
        if any(part.anchor == name for part in self.stack):
            raise self.error(f"The alias '*{name}' is inside the value that it refers to.", line, "Remove the alias.")
        if name is None or name not in self.anchors:
            raise self.error(f"The alias '*{name}' has no anchor '&{name}' before it.", line, "Define the anchor.")
        return self.anchors[name]

    def scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            if tag is None and event.implicit[0]:
                return resolve(self.expanded(text, line) if "${" in text else text)
            return text
        if not tag.startswith(_TAG) or (kind := tag[len(_TAG) :]) not in ("str", "int", "float", "bool", "null"):
            raise self.error(f"The YAML tag '{tag}' is not supported.", line, "Remove the tag.")
        if kind == "str":
            return text
        value = resolve(text)
        found = "null" if value is None else type(value).__name__
        if kind == "float" and found == "int":
            return float(value)
        if found != kind:
            raise self.error(f"'{text}' is tagged as {kind} but is none.", line, "Remove the tag, or fix the value.")
        return value

    def expanded(self, text: str, line: int) -> str:
        self.has_variables = True

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.env:
                self.notices.append(
                    Notice(
                        f"'${{{name}}}' is kept as written; allow it with --env {name}.",
                        Location(self.file, line),
                        NoticeKind.KEPT_VARIABLE,
                    )
                )
                return match[0]
            if name not in os.environ:
                raise self.error(f"The environment variable '{name}' is not set.", line, "Set it, or do not allow it.")
            value = os.environ[name]
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                raise self.error(f"The environment variable '{name}' is not UTF-8 text.", line, "Set it to UTF-8.")
            return value

        return _VARIABLE.sub(replace, text)
