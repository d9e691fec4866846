"""Kinds of values in an assistant's files. The schemas beside this module are made of them.

A schema finds everything that is wrong with a file, not the first mistake alone, and the readers that come after it
need not look at kinds again. What Rasa 3.6.21's own schemas refuse is refused: ``python -m parity schemas`` compares.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rebake.assistant.reading import FileSource, allow_variable, describe
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, DataErrors

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value.

    Attributes:
        message: a sentence, without the full stop.
        fix: a sentence.
        path: keys and positions that lead to the value, from where the schema begins.
    """

    message: str
    fix: str
    path: Path = ()

    def below(self, key: Any) -> Fault:
        return replace(self, path=(key, *self.path))


class Kind(ABC):
    """A kind of values. ``what`` completes "must be ..."."""

    what: str

    def faults(self, value: Any, name: str) -> Iterator[Fault]:
        """Yield what is wrong with a value; ``name`` is what messages call it."""
        if not self.fits(value):
            fix = allow_variable(value) or self.fix(value)
            yield Fault(f"{name} must be {self.what}, not {describe(value)}", fix)
        else:
            yield from self.inner(value, name)

    @abstractmethod
    def fits(self, value: Any) -> bool:
        """Return whether the value itself, not what is in it, is of this kind."""

    def fix(self, value: Any) -> str:
        return f"Write {self.what}."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        """Yield what is wrong inside of a value of this kind."""
        return iter(())


@dataclass(frozen=True)
class String(Kind):
    """Text; ``blank`` says whether it may be empty, ``nullable`` whether null may stand in its place."""

    blank: bool = True
    nullable: bool = False
    what: str = "text"

    def faults(self, value: Any, name: str) -> Iterator[Fault]:
        if isinstance(value, str) and not self.fits(value):
            yield Fault(f"{name} is empty", self.fix(value))
        else:
            yield from super().faults(value, name)

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.nullable
        return isinstance(value, str) and (self.blank or bool(value.strip()))

    def fix(self, value: Any) -> str:
        if isinstance(value, str) or value is None:
            return "Write the text, or remove the key."
        return "Put it in quotes." if not isinstance(value, list | Mapping) else "Write one text."


@dataclass(frozen=True)
class Name(String):
    """Text that is not blank."""

    blank: bool = False
    what: str = "a name"

    def fix(self, value: Any) -> str:
        noun = self.what.removeprefix("a ")
        if value is None or isinstance(value, str):
            return f"Write the {noun}."
        return "Put it in quotes." if not isinstance(value, list | Mapping) else f"Write one {noun}."


@dataclass(frozen=True)
class Numeric(Kind):
    """A number, of ``least`` or more; null where ``nullable``. ``what`` says so too."""

    least: float | None = None
    nullable: bool = False
    what: str = "a number"

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.nullable
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.least is None or value >= self.least


@dataclass(frozen=True)
class Boolean(Kind):
    """true or false; null where ``nullable``."""

    nullable: bool = False
    what: str = "true or false"

    def fits(self, value: Any) -> bool:
        return isinstance(value, bool) or (value is None and self.nullable)

    def fix(self, value: Any) -> str:
        return "Write true or false, without quotes; YAML 1.2 has no yes."


@dataclass(frozen=True)
class Anything(Kind):
    """A value of any kind."""

    what: str = "anything"

    def fits(self, value: Any) -> bool:
        return True


def check(schema: Kind, content: Any, source: FileSource, name: str) -> None:
    """Raise one DataError for everything that is wrong with the content of a file, each with its line."""
    errors = DataErrors()
    for fault in schema.faults(content, name):
        place = source.below(content, fault.path)
        errors.add(DataError(f"{fault.message}.", location=place, fix=fault.fix, kind=NoticeKind.INVALID_VALUE))
    errors.finish()
