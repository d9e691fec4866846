"""What a file of training data says, as JSON and back.

A location is its line, since all of them are in the one file. Arrays start with a tag, so that lists, tuples, mappings
and values of the model's classes come back as what they were. Examples, of which there may be hundreds of thousands,
are kept by columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from rebake.assistant.data_file import DataFile
from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    EntitySpan,
    Example,
    LookupTable,
    LoopStep,
    OrStep,
    RegexPattern,
    SlotStep,
    Story,
    StoryEntity,
    Synonym,
    UserStep,
)
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.stories.reader import StoryFile
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity

_CLASSES: tuple[type[Any], ...] = (
    ActionStep, CheckpointStep, EntitySpan, LookupTable, LoopStep, OrStep, RegexPattern, SlotStep, Story, StoryEntity,
    Synonym, UserStep, Notice,
)  # fmt: skip
_TAGS = {cls: number for number, cls in enumerate(_CLASSES)}
_NAMES = {cls: tuple(field.name for field in fields(cls)) for cls in _CLASSES}
_KINDS = {kind.value: kind for kind in NoticeKind}
_LINE, _TUPLE, _LIST, _DICT, _KIND, _SEVERITY = "@", "()", "[]", "{}", "kind", "severity"


class UnfitError(Exception):
    """A value that JSON would not give back as it was."""


@dataclass(frozen=True)
class KeptFile:
    """What is kept of a file.

    Attributes:
        data: what its keys say.
        notices: of reading it as YAML.
        silenced: codes of findings that comments silence, by line.
    """

    data: DataFile
    notices: tuple[Notice, ...]
    silenced: Mapping[int, frozenset[str]]


def encode(kept: KeptFile, file: str) -> bytes:
    """Write it as JSON.

    Raises:
        UnfitError: not all of it can be kept.
    """
    data, value = kept.data, _Encoder(file).value
    if data.responses:
        raise UnfitError("responses are not kept")
    content = {
        "notices": value(kept.notices),
        "silenced": {str(line): sorted(codes) for line, codes in kept.silenced.items()},
        "data_notices": value(data.notices),
        "nlu": None if data.nlu is None else _nlu_columns(data.nlu, value),
        "stories": None if data.stories is None else [value(data.stories.stories), value(data.stories.notices)],
    }
    encoded = json.dumps(content, separators=(",", ":")).encode()
    if decode(encoded, file) != kept:
        raise UnfitError("it does not come back as it was")
    return encoded


def decode(content: bytes, file: str) -> KeptFile:
    """Read what :func:`encode` wrote. Raises ValueError, KeyError, TypeError or IndexError on anything else."""
    raw = json.loads(content)
    value = _decoder(file)
    data = DataFile(value(raw["data_notices"]))
    if raw["nlu"] is not None:
        data.nlu = _nlu_of(raw["nlu"], value, file)
    if raw["stories"] is not None:
        data.stories = StoryFile(value(raw["stories"][0]), value(raw["stories"][1]))
    silenced = {int(line): frozenset(map(str, codes)) for line, codes in raw["silenced"].items()}
    return KeptFile(data, value(raw["notices"]), silenced)


class _Encoder:
    """Makes JSON values of Python's; all locations must be in one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._of_class: dict[type[Any], Callable[[Any], list[Any]]] = {
            Location: self._line,
            tuple: lambda given: [_TUPLE, *map(self.value, given)],
            list: lambda given: [_LIST, *map(self.value, given)],
            dict: lambda given: [_DICT, *([self.value(key), self.value(inner)] for key, inner in given.items())],
            NoticeKind: lambda given: [_KIND, given.value],
            Severity: lambda given: [_SEVERITY, given.value],
        }

    def value(self, given: Any) -> Any:
        kind = type(given)
        if given is None or kind in (str, int, float, bool):
            return given
        if kind in _TAGS:
            return [_TAGS[kind], *(self.value(getattr(given, name)) for name in _NAMES[kind])]
        if kind not in self._of_class:
            raise UnfitError(f"a value of the class {kind.__name__}")
        return self._of_class[kind](given)

    def _line(self, location: Location) -> list[Any]:
        if location.file != self._file:
            raise UnfitError("a location in another file")
        return [_LINE, location.line]


def _decoder(file: str) -> Callable[[Any], Any]:
    """The inverse of :meth:`_Encoder.value`."""

    def value(raw: Any) -> Any:
        if type(raw) is not list:
            return raw
        tag = raw[0]
        if type(tag) is int:
            return _CLASSES[tag](*map(value, raw[1:]))
        return of_tag[tag](raw[1:])

    of_tag: dict[str, Callable[[list[Any]], Any]] = {
        _LINE: lambda rest: Location(file, rest[0]),
        _TUPLE: lambda rest: tuple(map(value, rest)),
        _LIST: lambda rest: list(map(value, rest)),
        _DICT: lambda rest: {value(key): value(inner) for key, inner in rest},
        _KIND: lambda rest: _KINDS[rest[0]],
        _SEVERITY: lambda rest: Severity(rest[0]),
    }
    return value


def _nlu_columns(nlu: NluFile, value: Callable[[Any], Any]) -> dict[str, Any]:
    examples = nlu.examples
    if any(type(example) is not Example for example in examples):
        raise UnfitError("an example of another class")
    return {
        "texts": [example.text for example in examples],
        "intents": [example.intent for example in examples],
        "lines": [value(example.location) for example in examples],
        "entities": {str(place): value(example.entities) for place, example in enumerate(examples) if example.entities},
        "metadata": {
            str(place): value(example.metadata)
            for place, example in enumerate(examples)
            if example.metadata is not None
        },
        "rest": value((nlu.synonyms, nlu.regexes, nlu.lookups, nlu.lookup_files, nlu.notices)),
    }


def _nlu_of(raw: Mapping[str, Any], value: Callable[[Any], Any], file: str) -> NluFile:
    entities = {int(place): value(spans) for place, spans in raw["entities"].items()}
    metadata = {int(place): value(inner) for place, inner in raw["metadata"].items()}
    examples = [
        Example(text, intent, entities.get(place, ()), metadata.get(place), line and Location(file, line[1]))
        for place, (text, intent, line) in enumerate(zip(raw["texts"], raw["intents"], raw["lines"], strict=True))
    ]
    return NluFile(examples, *value(raw["rest"]))
