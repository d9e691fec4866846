"""What differs between two states of an assistant, in the words of its domain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rebake.base.location import Location

Side = Literal["base", "head"]
Link = Callable[[Location, Side], str | None]
"""Gives the address of a line on the web; None where it has none."""

MAX_VALUE = 80  # characters of a value within a sentence


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that differs.

    Attributes:
        text: says what ("5 examples added", "step 3, action_a -> action_b").
        location: where it stands; None where it is in no file.
        side: of the location: what was removed stands in the base alone.
        lines: the things that the text counts, one by one.
    """

    text: str
    location: Location | None = None
    side: Side = "head"
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs about one thing.

    Attributes:
        kind: "intent", "story", "slot", "TEDPolicy" ...
        name: of the thing, as its file gives it; "" where there is one of the kind.
        clauses: at least one.
    """

    kind: str
    name: str
    clauses: tuple[Clause, ...]

    @property
    def subject(self) -> str:
        """The kind and the name; a name of several words, as stories have, is quoted."""
        if not self.name:
            return self.kind
        return f"{self.kind} {quoted(self.name) if self.kind in _NAMED_IN_WORDS else self.name}"


_NAMED_IN_WORDS = frozenset({"story", "rule", "test story", "lookup table", "regex"})


def quoted(text: str) -> str:
    """A text between quotation marks, on one line."""
    return json.dumps(shortened(text), ensure_ascii=False)


def shortened(text: str) -> str:
    """At most MAX_VALUE characters of a text."""
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def value_text(value: Any) -> str:
    """A value of YAML as text of limited length: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return shortened(value) if value else '""'
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


def change_text(label: str, before: Any, after: Any) -> str:
    """ "max_value: 1.0 -> 5.0"."""
    prefix = f"{label}: " if label else ""
    return f"{prefix}{value_text(before)} -> {value_text(after)}"


def count_text(count: int, noun: str, plural: str | None = None) -> str:
    """ "1 example", "1,200 examples"."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
