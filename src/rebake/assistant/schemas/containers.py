"""Kinds of lists and mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rebake.assistant.reading import describe, did_you_mean
from rebake.assistant.schemas.kinds import Fault, Kind


@dataclass(frozen=True)
class Items(Kind):
    """A list of values of one kind; ``least`` items or more.

    Attributes:
        item: the kind of every item.
        name: what messages call an item.
        example: how one is written.
        nullable: null is an empty list.
        or_one: an item alone is a list of one.
    """

    item: Kind
    name: str
    example: str
    least: int = 0
    nullable: bool = False
    or_one: bool = False
    what: str = "a list"

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.nullable
        if self.or_one and not isinstance(value, list):
            return self.item.fits(value)
        return isinstance(value, list)

    def fix(self, value: Any) -> str:
        otherwise = ", or remove the key" if value is None else ""
        return f"Write '- {self.example}', one item per line{otherwise}."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        if isinstance(value, list) and len(value) < self.least:
            yield Fault(f"{name} is an empty list", self.fix(value))
        for position, item in enumerate(value if isinstance(value, list) else ()):
            for fault in self.item.faults(item, self.name):
                yield fault.below(position)


Check = Callable[[Mapping[Any, Any]], Iterator[Fault]]


@dataclass(frozen=True)
class Fields(Kind):
    """A mapping with keys of its own.

    Attributes:
        of: the keys and what they must be.
        required: the keys that must be there.
        open: other keys are not looked at; otherwise they are refused.
        checks: what else is wrong with it, asked if all kinds are right.
        unknown_fixes: what to do about some keys that are not known.
        example: how one is written.
    """

    of: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    open: bool = False
    checks: tuple[Check, ...] = ()
    nullable: bool = False
    unknown_fixes: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    what: str = "a mapping"

    def fits(self, value: Any) -> bool:
        return isinstance(value, Mapping) or (value is None and self.nullable)

    def fix(self, value: Any) -> str:
        return f"Write '{self.example}'." if self.example else "Write its keys below it, each with a colon."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        found = False
        for fault in self._faults(value or {}, name):
            found = True
            yield fault
        if not found and value is not None:
            for check in self.checks:
                yield from check(value)

    def _faults(self, value: Mapping[Any, Any], name: str) -> Iterator[Fault]:
        for key in self.required:
            if key not in value:
                yield Fault(f"{name} has no '{key}'", f"Add '{key}:' to it.")
        for key, item in value.items():
            if key in self.of and isinstance(key, str):
                for fault in self.of[key].faults(item, f"'{key}'"):
                    yield fault.below(key)
            elif not self.open:
                hint = did_you_mean(str(key), self.of)
                fix = self.unknown_fixes.get(str(key), f"Remove it; known are {', '.join(self.of)}.")
                yield Fault(f"{name} has the unknown key '{key}'", hint.strip() or fix, (key,))


@dataclass(frozen=True)
class Entries(Kind):
    """A mapping of names to values of one kind.

    Attributes:
        item: the kind of every value.
        name: what messages call an entry, e.g. "slot"; they name its key too.
        needs_letter: a name must have a letter from A to Z: Rasa's schemas look for one.
    """

    item: Kind
    name: str
    nullable: bool = False
    needs_letter: bool = False
    what: str = "a mapping"

    def fits(self, value: Any) -> bool:
        return isinstance(value, Mapping) or (value is None and self.nullable)

    def fix(self, value: Any) -> str:
        otherwise = ", or remove the key" if value is None else ""
        return f"Write the name of each {self.name} with a colon below it{otherwise}."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        for key, item in (value or {}).items():
            if not isinstance(key, str) or not key:
                yield Fault(
                    f"The name of a {self.name} under {name} is {describe(key)}", "Put a name in quotes.", (key,)
                )
                continue
            if self.needs_letter and not any(letter.isascii() and letter.isalpha() for letter in key):
                message = f"The name of the {self.name} '{key}' has no letter from A to Z, and Rasa refuses it"
                yield Fault(message, "Rename it.", (key,))
            for fault in self.item.faults(item, f"The {self.name} '{key}'"):
                owner = "" if f"{self.name} '{key}'" in fault.message else f" ({self.name} '{key}')"
                yield replace(fault.below(key), message=f"{fault.message}{owner}")


@dataclass(frozen=True)
class Either(Kind):
    """A value of one of several kinds; the first one that fits it decides what may be inside."""

    kinds: tuple[Kind, ...]
    what: str
    example: str = ""

    def fits(self, value: Any) -> bool:
        return any(kind.fits(value) for kind in self.kinds)

    def fix(self, value: Any) -> str:
        return f"Write {self.example}." if self.example else super().fix(value)

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        yield from next(kind for kind in self.kinds if kind.fits(value)).inner(value, name)


@dataclass(frozen=True)
class ByKey(Kind):
    """A mapping whose first key of some decides which others may stand beside it.

    Attributes:
        of: key -> the mapping as a whole.
        otherwise: a mapping with none of the keys; None refuses it.
    """

    of: Mapping[str, Fields]
    example: str
    otherwise: Fields | None = None
    what: str = "a mapping"

    def fits(self, value: Any) -> bool:
        return isinstance(value, Mapping)

    def fix(self, value: Any) -> str:
        return f"Write '- {self.example}'."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        key = next((key for key in self.of if key in value), None)
        if key is not None:
            others = [other for other in value if other in self.of and other not in self.of[key].of]
            for other in others:
                item = name.removeprefix("A ").removeprefix("An ")
                yield Fault(f"'{other}' and '{key}' cannot be in the same {item}", "Split it into two.", (other,))
            yield from self.of[key].inner({k: v for k, v in value.items() if k not in others}, name)
            return
        keys = [str(key) for key in value if self.otherwise is None or key not in self.otherwise.of]
        if keys or self.otherwise is None:
            hint = next((hint for key in keys if (hint := did_you_mean(key, self.of))), "")
            found = f"has the key '{keys[0]}' and " if keys else "is empty: it has "
            yield Fault(f"{name} {found}none of {', '.join(self.of)}", hint.strip() or self.fix(value))
