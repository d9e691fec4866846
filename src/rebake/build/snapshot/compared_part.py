"""How a part of an assistant differed from a model's when both were read as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rebake.archive.manifest import Item, Manifest, Part, PartRecord

MAX_DIFFERENCES = 2_000  # of a part; where there are more, everything is read each time

Pair = tuple[str, str]  # kind and digest


@dataclass(frozen=True)
class ComparedPart:
    """A part of the assistant that was compared with a model's.

    Attributes:
        fingerprint: of the model's part.
        pairs: of the items that one side had more often than the other.
        items: all items of the assistant with one of these pairs.
    """

    fingerprint: str
    pairs: frozenset[Pair] = frozenset()
    items: tuple[Item, ...] = ()


def compared_parts(parts: Mapping[Part, PartRecord], manifest: Manifest | None) -> dict[Part, ComparedPart]:
    """Compare an assistant with a model; leaves out what is alike, or too different."""
    found = {}
    for part, record in parts.items():
        old = None if manifest is None else manifest.parts.get(part)
        if old is None or old.fingerprint == record.fingerprint:
            continue
        before, after = (Counter(map(pair_of, items)) for items in (old.items, record.items))
        pairs = frozenset(pair for pair in {*before, *after} if before[pair] != after[pair])
        if len(pairs) <= MAX_DIFFERENCES:
            items = tuple(item for item in record.items if pair_of(item) in pairs)
            found[part] = ComparedPart(old.fingerprint, pairs, items)
    return found


def pair_of(item: Item) -> Pair:
    """What an item counts by."""
    return item.kind, item.digest
