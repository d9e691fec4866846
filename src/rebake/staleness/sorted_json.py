"""A sorted list as canonical JSON, of which elements can be exchanged without touching the others.

Fingerprints of data are digests over long sorted lists. Where a few elements of hundreds of thousands changed, what
takes time is making and sorting the list. Here it is kept as the text that is hashed, beside the place of each element.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rebake.staleness.meaning import encoded

_BYTES = array("Q").itemsize  # of a place


class SortedJson:
    """A list that is sorted as Python sorts its elements.

    Args:
        text: the elements as canonical JSON, with a comma between each two.
        places: where each element begins in the text.
    """

    def __init__(self, text: bytes | memoryview, places: Sequence[int]) -> None:
        self._text = memoryview(text)
        self._places = places

    @classmethod
    def of(cls, values: Iterable[Any]) -> SortedJson:
        """Sort and encode values, which JSON must give back as they were but for tuples."""
        elements = list(map(encoded, sorted(values)))
        places, place = array("Q"), 0
        for element in elements:
            places.append(place)
            place += len(element) + 1
        return cls(b",".join(elements), places)

    @classmethod
    def from_bytes(cls, content: memoryview, count: int) -> SortedJson:
        """Read what :meth:`to_pieces` returned. Raises ValueError or TypeError if it is something else."""
        if not 0 <= count * _BYTES <= len(content):
            raise ValueError("it is too short")
        text, places = content[count * _BYTES :], content[: count * _BYTES].cast("Q")
        if count and not (places[0] == 0 and places[-1] < len(text)):
            raise ValueError("a place is outside the text")
        return cls(text, places)

    def to_pieces(self) -> tuple[memoryview, memoryview]:
        """Return the places and the text, as bytes; one after the other they are what :meth:`from_bytes` reads."""
        return memoryview(array("Q", self._places)).cast("B"), self._text

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, position: int) -> Any:
        """Return an element; tuples come back as lists. Raises IndexError."""
        place = self._places[position]
        return json.loads(str(self._text[place : self._end(position)], "utf-8", "surrogatepass"))

    def position(self, value: Any) -> int:
        """Return where a value is, or would have to be inserted: before all that are not less."""
        return bisect_left(range(len(self)), value, key=self.__getitem__)

    def count(self, value: Any) -> int:
        """Return how often a value (lists, no tuples) is in the list."""
        position = found = self.position(value)
        while found < len(self) and self[found] == value:
            found += 1
        return found - position

    def changed(self, removed: Iterable[Any], added: Iterable[Any]) -> ChangedJson:
        """Return the list without some of its elements and with others. Raises LookupError for one that it lacks."""
        return ChangedJson(self, tuple(removed), tuple(added))

    def segment(self, begin: int, end: int) -> memoryview:
        """The text of the elements from ``begin`` up to ``end``, of which there is at least one.

        Raises ValueError if a place is outside the text.
        """
        first, last = self._places[begin], self._end(end - 1)
        if not first < last <= len(self._text):
            raise ValueError("a place is outside the text")
        return self._text[first:last]

    def _end(self, position: int) -> int:
        """Where an element ends."""
        return len(self._text) if position + 1 == len(self) else self._places[position + 1] - 1


@dataclass(frozen=True)
class ChangedJson:
    """A list as JSON, with elements removed and added."""

    base: SortedJson
    removed: tuple[Any, ...] = ()
    added: tuple[Any, ...] = ()

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the canonical JSON of the list."""
        yield b"["
        for number, segment in enumerate(self._segments()):
            if number:
                yield b","
            yield segment
        yield b"]"

    def digest(self) -> str:
        """SHA-256 in hex: what :func:`rebake.staleness.meaning.digest` returns for the list."""
        found = hashlib.sha256()
        for piece in self.pieces():
            found.update(piece)
        return found.hexdigest()

    def _segments(self) -> Iterator[bytes | memoryview]:
        """Elements that are added and runs of those that stay, in order."""
        edits: list[tuple[int, bytes | None]] = [(position, None) for position in self._removed_positions()]
        edits += [(self.base.position(value), encoded(value)) for value in sorted(self.added)]
        edits.sort(key=lambda edit: edit[0])
        place = 0
        for position, element in edits:
            if position > place:
                yield self.base.segment(place, position)
                place = position
            if element is None:
                place += 1
            else:
                yield element
        if place < len(self.base):
            yield self.base.segment(place, len(self.base))

    def _removed_positions(self) -> list[int]:
        taken: dict[int, int] = {}
        positions = []
        for value in self.removed:
            first = self.base.position(value)
            position = first + taken.get(first, 0)
            taken[first] = taken.get(first, 0) + 1
            if position >= len(self.base) or self.base[position] != value:
                raise LookupError("the list does not have an element that is to be removed")
            positions.append(position)
        return positions
