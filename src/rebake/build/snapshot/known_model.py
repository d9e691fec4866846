"""A model's manifest, whose items can be looked up without reading all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rebake.archive.manifest import Item, Manifest, Part, format_manifest, parse_manifest
from rebake.archive.sealed_gzip import is_sealed
from rebake.build.plan import Baseline
from rebake.build.snapshot.storage import read_file, write_file
from rebake.errors import ModelError
from rebake.staleness.sorted_json import SortedJson


@dataclass(frozen=True)
class KnownModel:
    """A whole model that was read before.

    Attributes:
        manifest: without the items of its parts.
        items: part -> [kind, digest, number, file, line, name] of each item, by number in their order.
    """

    manifest: Manifest
    items: Mapping[Part, SortedJson]

    def with_items(self, pairs: Mapping[Part, Iterable[tuple[str, str]]]) -> Manifest:
        """Return the manifest with the items that have one of the given kinds and digests."""
        parts = {
            part: replace(record, items=tuple(self._items(part, pairs.get(part, ()))))
            for part, record in self.manifest.parts.items()
        }
        return replace(self.manifest, parts=parts)

    def _items(self, part: Part, pairs: Iterable[tuple[str, str]]) -> list[Item]:
        found: dict[int, Item] = {}
        listed = self.items[part]
        for kind, digest in set(pairs):
            position = listed.position([kind, digest])
            while position < len(listed):
                of_kind, of_digest, number, file, line, name = listed[position]
                if (of_kind, of_digest) != (kind, digest):
                    break
                found[number] = Item(kind, name, digest, file, line)
                position += 1
        return [found[number] for number in sorted(found)]


def known_model(model: Path, kept: Path) -> KnownModel | None:
    """Return what is kept of a model; of another model, read it and keep it.

    None where the model is not whole, or not as rebake wrote it: then it has to be looked at closely.

    Args:
        model: an archive.
        kept: the file in the user's cache directory.
    """
    try:
        digest = _digest(model)
        if (found := _kept(kept, digest)) is not None:
            return found
        if not is_sealed(model):
            return None
        baseline = Baseline.of_model(model)
        if baseline.manifest is None or baseline.manifest.files is None or baseline.damages:
            return None
        if _digest(model) != digest:
            return None
    except OSError:
        return None
    known = _known(baseline.manifest)
    values = {
        "model": digest,
        "manifest": format_manifest(known.manifest),
        "counts": {part: len(items) for part, items in known.items.items()},
    }
    write_file(kept, values, {part: items.to_pieces() for part, items in known.items.items()})
    return known


def _known(manifest: Manifest) -> KnownModel:
    items = {
        part: SortedJson.of(
            [item.kind, item.digest, number, item.file, item.line, item.name]
            for number, item in enumerate(record.items)
        )
        for part, record in manifest.parts.items()
    }
    parts = {part: replace(record, items=()) for part, record in manifest.parts.items()}
    return KnownModel(replace(manifest, parts=parts), items)


def _kept(file: Path, digest: str) -> KnownModel | None:
    found = read_file(file)
    if found is None:
        return None
    values, sections = found
    try:
        if values["model"] != digest:
            return None
        manifest = parse_manifest(values["manifest"].encode(), str(file))
        items = {part: SortedJson.from_bytes(sections[part], values["counts"][part]) for part in manifest.parts}
    except (ModelError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return KnownModel(manifest, items)


def _digest(model: Path) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
