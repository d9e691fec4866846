"""Regexes and lookup tables of the training data as one list of patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebake.assistant.model import NluData
from rebake.base.location import Location
from rebake.errors import RETRAIN, DataError, ModelError


@dataclass(frozen=True, slots=True)
class Pattern:
    """A named regular expression; a lookup table is one of them, with an alternative per element."""

    name: str
    pattern: str
    compiled: re.Pattern[str]

    def as_dict(self) -> dict[str, str]:
        """Serialize as in ``patterns.json`` and ``regex.json``."""
        return {"name": self.name, "pattern": self.pattern}


def extract_patterns(
    data: NluData, options: Mapping[str, Any], *, case_sensitive: bool, names: frozenset[str] | None = None
) -> list[Pattern]:
    """Regexes sorted by name and pattern, then lookup tables in data order.

    Args:
        data: where they are written.
        options: ``use_regexes``, ``use_lookup_tables``, ``use_word_boundaries`` of the component.
        case_sensitive: how they will match.
        names: only those of these names; None = all.

    Raises:
        DataError: a regex that does not compile, with its place.
    """
    found: list[tuple[str, str, Location | None]] = []
    if options["use_regexes"]:
        ordered = sorted(data.regexes, key=lambda entry: (f"{entry.name}+{entry.pattern}", entry.name))
        found += [(entry.name, entry.pattern, entry.location) for entry in ordered]
    if options["use_lookup_tables"]:
        boundary = r"\b" if options["use_word_boundaries"] else ""
        found += [(table.name, _alternatives(table.elements, boundary), table.location) for table in data.lookups]
    result = []
    for name, pattern, location in found:
        if names is not None and name not in names:
            continue
        try:
            result.append(Pattern(name, pattern, _compiled(pattern, case_sensitive)))
        except re.error as error:
            raise DataError(
                f"regex {name!r}: {pattern!r} is not a regular expression: {error}.",
                location=location,
                fix="Correct the pattern.",
            ) from error
    return result


def patterns_from_json(entries: list[Any], *, case_sensitive: bool) -> list[Pattern]:
    """Return the content of ``patterns.json`` or ``regex.json``. Raises ModelError."""
    try:
        return [
            Pattern(entry["name"], entry["pattern"], _compiled(entry["pattern"], case_sensitive)) for entry in entries
        ]
    except (KeyError, TypeError, re.error) as error:
        raise ModelError(f"A pattern of the model is broken: {error}.", fix=RETRAIN) from error


def _alternatives(elements: tuple[str, ...], boundary: str) -> str:
    between = f"{boundary}|{boundary}"
    return f"({boundary}{between.join(re.escape(element) for element in elements)}{boundary})"


def _compiled(pattern: str, case_sensitive: bool) -> re.Pattern[str]:
    return re.compile(pattern, 0 if case_sensitive else re.IGNORECASE)


def grown(known: Sequence[Pattern], found: Sequence[Pattern]) -> list[Pattern]:
    """Known patterns at their places, and behind them those that are new.

    One that was changed replaces the known one of its name, as its column means the same to a trained network.
    """
    patterns = list(known)
    present = {(pattern.name, pattern.pattern) for pattern in found}
    free = [place for place, pattern in enumerate(known) if (pattern.name, pattern.pattern) not in present]
    unchanged = {(pattern.name, pattern.pattern) for pattern in known}
    for pattern in found:
        if (pattern.name, pattern.pattern) in unchanged:
            continue
        place = next((place for place in free if patterns[place].name == pattern.name), None)
        if place is None:
            patterns.append(pattern)
        else:
            free.remove(place)
            patterns[place] = pattern
    return patterns
