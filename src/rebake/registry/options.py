"""Kinds of options: what config.yml may give them, and Rasa's default. The tables of components are made of these."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard

from rebake.assistant.reading import allow_variable, describe

NO_DEFAULT: Final = object()  # of an option that Rasa reads although its table of defaults leaves it out
LARGEST_SEED: Final = 2**32 - 1  # that numpy takes, and with it Rasa

Path = tuple[str | int, ...]


def _as_yaml(value: object) -> str:
    """How a default is written in config.yml."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value is refused.

    Attributes:
        message: completes "The option epochs of DIETClassifier ...".
        fix: a sentence.
        path: keys below the option that lead to what is wrong.
        is_unsupported: Rasa takes the value, and rebake does not.
    """

    message: str
    fix: str
    path: Path = ()
    is_unsupported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(ABC):
    """One option of a component or policy.

    Attributes:
        default: Rasa's.
        nullable: null may be written; it may in any case where it is the default.
        changes_model: False for logging, places of caches and the like: another value makes nothing stale.
        acts: whether it has an effect: always, never, or where the option of this name is set. Without an effect any
            value may stand, as in Rasa.
        names_files: it may name a file or a directory whose content the trained model depends on.
    """

    default: Any = NO_DEFAULT
    nullable: bool = False
    changes_model: bool = True
    acts: bool | str = True
    names_files: bool = False

    def problem(self, value: object) -> Problem | None:
        """Return what is wrong with a value as written; None if nothing is."""
        if value is None and (self.nullable or self.default is None):
            return None
        found = self._problem(value)
        fix = allow_variable(value)
        return found if found is None or fix is None else replace(found, fix=fix)

    @abstractmethod
    def _problem(self, value: object) -> Problem | None: ...

    def _refuse(self, value: object, expected: str) -> Problem:
        null = ", or null" if self.nullable or self.default is None else ""
        example = "" if self.default is NO_DEFAULT or self.default is None else f", such as {_as_yaml(self.default)}"
        return Problem(f"is {describe(value)}.", f"It must be {expected}{null}{example}.")


@dataclass(frozen=True, slots=True)
class Number(Option):
    """A number; ``above`` and ``below`` exclude the bound itself."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def _problem(self, value: object) -> Problem | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._refuse(value, f"a number{self._bounds()}")
        fits = (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        return None if fits else self._refuse(value, f"a number{self._bounds()}")

    def _bounds(self) -> str:
        bounds = (
            (self.least, "of at least"),
            (self.above, "more than"),
            (self.most, "at most"),
            (self.below, "less than"),
        )
        parts = [f"{words} {bound:g}" for bound, words in bounds if bound is not None]
        return f" {' and '.join(parts)}" if parts else ""


def share(default: float) -> Number:
    """Make an option that is a number from 0 to 1."""
    return Number(least=0, most=1, default=default)


def drop_rate(default: float) -> Number:
    """Make an option that is a rate of dropout: with 1 nothing would be left, and TensorFlow refuses it."""
    return Number(least=0, below=1, default=default)


@dataclass(frozen=True, slots=True)
class WholeNumber(Option):
    """A whole number; ``also`` has values beyond the bounds that mean something special."""

    least: int | None = None
    most: int | None = None
    also: tuple[int, ...] = ()

    def _problem(self, value: object) -> Problem | None:
        if _is_whole(value) and (value in self.also or self._fits(value)):
            return None
        return self._refuse(value, self._expected())

    def _fits(self, value: int) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _expected(self) -> str:
        if self.most is not None:
            return f"a whole number from {self.least} to {self.most}"
        expected = "a whole number" if self.least is None else f"a whole number of {self.least} or more"
        return " or ".join([expected, *map(str, self.also)])


def seed(default: int | None = None) -> WholeNumber:
    """Make an option that is a seed for numpy; null: any."""
    return WholeNumber(0, LARGEST_SEED, default=default, nullable=True)


@dataclass(frozen=True, slots=True)
class CountOrShare(Option):
    """A number with a point is a share, without it a count."""

    def _problem(self, value: object) -> Problem | None:
        is_share = isinstance(value, float) and 0 <= value <= 1
        if is_share or (_is_whole(value) and value >= 0):
            return None
        return self._refuse(value, "a whole number of 0 or more, or a share between 0.0 and 1.0")


@dataclass(frozen=True, slots=True)
class Flag(Option):
    """true or false."""

    def _problem(self, value: object) -> Problem | None:
        return None if isinstance(value, bool) else self._refuse(value, "true or false")


@dataclass(frozen=True, slots=True)
class Text(Option):
    """Any text; with ``not_empty`` there must be something between its quotes."""

    not_empty: bool = False

    def _problem(self, value: object) -> Problem | None:
        if not isinstance(value, str):
            return self._refuse(value, "text")
        return Problem("is empty.", "Give it a symbol such as '+', or remove it.") if self._is_blank(value) else None

    def _is_blank(self, value: str) -> bool:
        return self.not_empty and not value


@dataclass(frozen=True, slots=True)
class Choice(Option):
    """One of some names."""

    choices: tuple[str, ...]

    def _problem(self, value: object) -> Problem | None:
        if value in self.choices:
            return None
        null = ", or null" if self.default is None else ""
        return Problem(f"is {describe(value)}.", f"Set it to {listed(self.choices)}{null}.")


@dataclass(frozen=True, slots=True)
class RegularExpression(Option):
    """A regular expression whose matches, or whose one group, are words."""

    def _problem(self, value: object) -> Problem | None:
        if not isinstance(value, str):
            return self._refuse(value, "text")
        try:
            groups = re.compile(value).groups
        except re.error as error:
            return Problem(f"is {value!r}, which is not a regular expression: {error}.", "Correct it, or remove it.")
        if groups > 1:
            return Problem(
                f"is {value!r}, which has {groups} groups, so its matches are not words.",
                "Write (?:...) instead of (...).",
            )
        return None


@dataclass(frozen=True, slots=True)
class ListOf(Option):
    """A list of values of one kind; ``length`` None: any but less than ``least``."""

    item: Option
    what: str = "values"
    length: int | None = None
    least: int = 0

    def _problem(self, value: object) -> Problem | None:
        length = "" if self.length is None else f"{self.length} "
        if not isinstance(value, list) or (self.length is not None and len(value) != self.length):
            return self._refuse(value, f"a list of {length}{self.what}")
        if len(value) < self.least:
            return Problem("is empty.", f"Give a list of {self.what}.")
        for place, item in enumerate(value):
            if (found := self.item.problem(item)) is not None:
                return Problem(f"has the entry {describe(item)}.", _of_each(found.fix), (place,))
        return None


def names(**more: Any) -> ListOf:
    """Make an option that is a list of names."""
    return ListOf(Text(), "names", **more)


@dataclass(frozen=True, slots=True)
class OneOf(Option):
    """A value of any of some kinds; ``what`` says of which."""

    kinds: tuple[Option, ...]
    what: str

    def _problem(self, value: object) -> Problem | None:
        if any(kind.problem(value) is None for kind in self.kinds):
            return None
        return self._refuse(value, self.what)


@dataclass(frozen=True, slots=True)
class MappingOf(Option):
    """A mapping of names to values of one kind."""

    item: Option

    def _problem(self, value: object) -> Problem | None:
        if not isinstance(value, Mapping):
            return self._refuse(value, "a mapping")
        for key, item in value.items():
            if (found := self.item.problem(item)) is not None:
                return Problem(f"has the entry {key}: {describe(item)}.", _of_each(found.fix), (key,))
        return None


@dataclass(frozen=True, slots=True)
class SubOptions(Option):
    """A mapping whose keys are options themselves; what is not written is as in the default."""

    of: Mapping[str, Option]

    def _problem(self, value: object) -> Problem | None:
        if not isinstance(value, Mapping):
            return self._refuse(value, "a mapping")
        for key, inner in value.items():
            if key not in self.of:
                message = f"has the unknown key {describe(key)}."
                return Problem(message, f"It may have {', '.join(self.of)}.", (key,))
            if (found := self.of[key].problem(inner)) is not None:
                return Problem(found.message, found.fix, (key, *found.path))
        return None


def per_attribute(kind: type[Option], defaults: Mapping[str, Any], **bounds: Any) -> SubOptions:
    """Repeat an option for each attribute of a message or a state."""
    of = {attribute: kind(**bounds, default=default) for attribute, default in defaults.items()}
    return SubOptions(of, default=dict(defaults))


@dataclass(frozen=True, slots=True)
class Refused(Option):
    """An option that Rasa reads and rebake does not: any value that is not empty is refused."""

    why: str
    fix: str

    def _problem(self, value: object) -> Problem | None:
        return Problem(self.why, self.fix, is_unsupported=True) if value else None


def listed(names: tuple[str, ...]) -> str:
    """'a, b or c'"""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _of_each(fix: str) -> str:
    return fix.replace("It must be", "Each must be", 1).replace("Set it to", "Each must be", 1)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
