"""Which items of a model differ from the assistant's, without looking at all of them again.

Items that both have equally often make no difference to the reasons of a verdict. So a snapshot keeps those that
differed from the model that it was compared with, and later checks add what changed since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rebake.archive.manifest import Item, Manifest, Part, PartRecord
from rebake.assistant.file_cache.codec import KeptFile
from rebake.assistant.model import NluData
from rebake.build.snapshot.change import DataChange
from rebake.build.snapshot.compared_part import ComparedPart, Pair, pair_of
from rebake.build.snapshot.known_model import KnownModel
from rebake.staleness.items import file_name, nlu_items, story_items


def with_differences(
    wanted: Mapping[Part, PartRecord],
    model: KnownModel,
    compared: Mapping[Part, Sequence[ComparedPart]],
    change: DataChange,
    changed: Sequence[tuple[str, KeptFile, KeptFile]],
) -> tuple[dict[Part, PartRecord], Manifest] | None:
    """Return the parts of the assistant and the model, each with the items that may differ; None if that is unknown.

    Args:
        wanted: what the assistant asks for, without items.
        model: to compare with.
        compared: with which parts of models the snapshot was compared.
        change: what changed since the snapshot.
        changed: path, content then and content now of each file that changed.
    """
    files = {file_name(path) for path, *_ in changed}
    present: dict[Part, tuple[Item, ...]] = {
        "nlu": tuple(item for _, _, now in changed for item in _examples(now)),
        "core": tuple(item for _, _, now in changed for item in _stories(now)),
    }
    moved: dict[Part, set[Pair]] = {
        "nlu": set(map(pair_of, nlu_items(NluData(change.examples)))),
        "core": set(map(pair_of, story_items(change.stories))),
    }
    parts: dict[Part, PartRecord] = {}
    pairs: dict[Part, set[Pair]] = {}
    for part, record in wanted.items():
        old = model.manifest.parts.get(part)
        parts[part] = record
        if old is None or old.fingerprint == record.fingerprint:
            continue
        known = next((each for each in compared.get(part, ()) if each.fingerprint == old.fingerprint), None)
        if known is None or any(item.kind == "synonym" and item.file in files for item in known.items):
            return None
        pairs[part] = {*known.pairs, *moved.get(part, ())}
        here = [item for item in present.get(part, ()) if pair_of(item) in pairs[part]]
        elsewhere = [
            item for item in known.items if item.kind not in ("example", "story", "rule") or item.file not in files
        ]
        parts[part] = replace(record, items=tuple(sorted((*elsewhere, *here), key=_order)))
    return parts, model.with_items(pairs)


def _order(item: Item) -> tuple[bool, str, str, int, str, str]:
    """As in a record: stories after the domain, retrieval responses after other NLU data."""
    is_last = item.kind in ("story", "rule", "retrieval response")
    return is_last, item.kind, item.file, item.line, item.name, item.digest


def _examples(file: KeptFile) -> Iterable[Item]:
    return () if file.data.nlu is None else nlu_items(NluData(tuple(file.data.nlu.examples)))


def _stories(file: KeptFile) -> Iterable[Item]:
    return () if file.data.stories is None else story_items(tuple(file.data.stories.stories))
