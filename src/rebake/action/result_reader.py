"""Read the result of a run that nobody trusts: each value is of its kind and size, or the whole file is refused.

What is read is a claim of whoever could change the workflow or its files. It is escaped like the assistant's files when
it is rendered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from rebake.action.result_file import FORMAT, MAX_ITEMS, MAX_TEXT
from rebake.action.settings import MAX_NAME
from rebake.archive.manifest import PARTS, Part
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import Severity
from rebake.base.visible import visible
from rebake.differences.model import Clause, Difference, Side
from rebake.errors import DataError
from rebake.report.model import Differences, Failure, Mode, Origin, PartReport, Report
from rebake.report.quality import Gate
from rebake.staleness.git.changes import Changes, FileChange, Status
from rebake.staleness.verdict import State

T = TypeVar("T")

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_MAX_NUMBER = 1_000_000_000


@dataclass(frozen=True)
class Result:
    """What the file claims.

    Attributes:
        pull_request: its number.
        directory: of the assistant, relative to the repository's root.
        fails: whether the run failed its job.
        report: without an address, which the file does not decide.
    """

    pull_request: int
    directory: str
    fails: bool
    report: Report


def read_result(content: bytes) -> Result:
    """Read the file.

    Raises:
        DataError: it is not as :mod:`rebake.action.result_file` writes it; the message names the value.
    """
    try:
        values = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_no_duplicates)
        with_fields = ResultFields(values, "")
        result = _result(with_fields)
        with_fields.finish()
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ResultError) else type(error).__name__
        raise DataError(f"The result of the run is not as rebake writes it: {reason}.") from None
    return result


class ResultError(ValueError):
    """A value is not of its kind; the message has nothing of it."""


class ResultFields:
    """The values of one object, each of which is read once."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, dict):
            raise ResultError(f"{place or 'it'} is no object")
        self._values: dict[str, Any] = values
        self._place = place
        self._read: set[str] = set()

    def value(self, key: str) -> Any:
        if key not in self._values:
            raise ResultError(f"{self.name(key)} is missing")
        self._read.add(key)
        return self._values[key]

    def name(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def text(self, key: str, most: int = MAX_TEXT) -> str:
        value = self.value(key)
        if not isinstance(value, str) or len(value) > most or not _is_unicode(value):
            raise ResultError(f"{self.name(key)} is no text of at most {most} characters")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.value(key) is None else self.text(key)

    def number(self, key: str) -> int:
        value = self.value(key)
        if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
            raise ResultError(f"{self.name(key)} is no number from 0 up")
        return value

    def seconds(self, key: str) -> float | None:
        value = self.value(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value <= _MAX_NUMBER:
            raise ResultError(f"{self.name(key)} is no number from 0 up")
        return float(value)

    def flag(self, key: str) -> bool:
        value = self.value(key)
        if type(value) is not bool:
            raise ResultError(f"{self.name(key)} is neither true nor false")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self.value(key)
        if value not in choices or not isinstance(value, str):
            raise ResultError(f"{self.name(key)} is none of {', '.join(choices)}")
        return value

    def items(self, key: str, read: Callable[[ResultFields], T], most: int = MAX_ITEMS) -> tuple[T, ...]:
        value = self.value(key)
        if not isinstance(value, list) or len(value) > most:
            raise ResultError(f"{self.name(key)} is no list of at most {most} entries")
        return tuple(_whole(ResultFields(one, f"{self.name(key)}[{index}]"), read) for index, one in enumerate(value))

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value(key)
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise ResultError(f"{self.name(key)} is no list of at most {MAX_ITEMS} texts")
        numbered = ResultFields({str(index): one for index, one in enumerate(value)}, self.name(key))
        return tuple(numbered.text(str(index)) for index in range(len(value)))

    def inner(self, key: str, read: Callable[[ResultFields], T]) -> T | None:
        value = self.value(key)
        return None if value is None else _whole(ResultFields(value, self.name(key)), read)

    def finish(self) -> None:
        if self._values.keys() - self._read:
            raise ResultError(f"{self._place or 'it'} has values that nobody reads")


def _whole(fields: ResultFields, read: Callable[[ResultFields], T]) -> T:
    result = read(fields)
    fields.finish()
    return result


def _result(fields: ResultFields) -> Result:
    if fields.number("format") != FORMAT:
        raise ResultError("it is of another version of rebake")
    name = fields.text("name", MAX_NAME)
    if name != visible(name) or name.strip() != name:
        raise ResultError("name has characters that are not printable")
    parts = fields.items("parts", _part, len(PARTS))
    if len({part.part for part in parts}) != len(parts):
        raise ResultError("parts names one twice")
    code = fields.number("code")
    if code > sum((1, 2, 4, 8)):
        raise ResultError("code is no verdict")
    differences = None
    if fields.value("differences") is not None:
        differences = Differences(fields.items("differences", _difference))
    report = Report(
        mode=fields.choice("mode", get_args(Mode)),
        parts=parts,
        code=code,
        forced=fields.flag("forced"),
        compared_with=fields.optional_text("compared_with"),
        seconds=fields.seconds("seconds"),
        changes=fields.inner("changes", _changes),
        differences=differences,
        gates=fields.items("gates", _gate),
        notices=fields.items("notices", _notice),
        failure=fields.inner("failure", _whole_failure),
        commit=_commit(fields, "commit"),
        name=name,
    )
    directory = fields.text("directory")
    if directory.startswith("/") or ".." in directory.split("/"):
        raise ResultError("directory is not one of the repository")
    return Result(fields.number("pull_request"), directory, fields.flag("fails"), report)


def _part(fields: ResultFields) -> PartReport:
    part: Part = fields.choice("part", PARTS)
    state: State = fields.choice("state", get_args(State))
    origin: Origin = fields.choice("origin", get_args(Origin))
    return PartReport(
        part,
        state,
        fields.texts("reasons"),
        origin=origin,
        source=fields.optional_text("source"),
        seconds=fields.seconds("seconds"),
        saved_seconds=fields.seconds("saved_seconds"),
    )


def _changes(fields: ResultFields) -> Changes:
    base = None if fields.value("base") is None else _commit(fields, "base")
    files = fields.items("files", _file)
    return Changes(files, base, fields.text("base_name"), fields.optional_text("problem"))


def _file(fields: ResultFields) -> FileChange:
    status: Status = fields.choice("status", get_args(Status))
    return FileChange(status, fields.text("path"), fields.optional_text("old_path"))


def _difference(fields: ResultFields) -> Difference:
    clauses = fields.items("clauses", _clause)
    if not clauses:
        raise ResultError(f"{fields.name('clauses')} is empty")
    return Difference(fields.text("kind"), fields.text("name"), clauses)


def _clause(fields: ResultFields) -> Clause:
    side: Side = fields.choice("side", get_args(Side))
    return Clause(fields.text("text"), _location(fields), side, fields.texts("lines"))


def _gate(fields: ResultFields) -> Gate:
    return Gate(fields.text("name"), is_met=False, message=fields.text("message"))


def _notice(fields: ResultFields) -> Notice:
    severity: Literal["error", "warning", "info"] = fields.choice("severity", tuple(map(str, Severity)))
    return Notice(fields.text("message"), _location(fields), level=Severity(severity))


def _whole_failure(fields: ResultFields) -> Failure:
    others = fields.items("others", _failure)
    is_cancelled, exit_code = fields.flag("is_cancelled"), fields.number("exit_code")
    one = _failure(fields)
    return Failure(one.message, one.location, one.fix, exit_code, others, is_cancelled=is_cancelled)


def _failure(fields: ResultFields) -> Failure:
    return Failure(fields.text("message"), _location(fields), fields.optional_text("fix"))


def _location(fields: ResultFields) -> Location | None:
    file = fields.optional_text("file")
    line = None if fields.value("line") is None else fields.number("line")
    return None if file is None or line is None else Location(file, line)


def _commit(fields: ResultFields, key: str) -> str:
    text = fields.text(key)
    if not _COMMIT.fullmatch(text):
        raise ResultError(f"{fields.name(key)} is no commit")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates
        return False
    return True


def _refuse_constant(_: str) -> None:
    raise ResultError("it has a number that is none")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ResultError("it has a key twice")
    return values
