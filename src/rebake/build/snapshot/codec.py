"""A snapshot as a mapping and sections of bytes, and back."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from rebake.archive.manifest import Item
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.build.snapshot.compared_part import ComparedPart
from rebake.build.snapshot.snapshot import ITEM_LISTS, LISTED_INPUTS, Snapshot
from rebake.staleness.sorted_json import SortedJson

_NUMBERS = "numbers of texts"


def to_parts(snapshot: Snapshot) -> tuple[dict[str, Any], dict[str, Sequence[memoryview]]]:
    """Return what :func:`from_parts` makes the snapshot of."""
    values = {
        "context": snapshot.context,
        "files": snapshot.files,
        "notices": notices_to_json(snapshot.notices),
        "fingerprints": dict(snapshot.fingerprints),
        "compared": {
            part: [each.fingerprint, sorted(each.pairs), [list(astuple(item)) for item in each.items]]
            for part, each in snapshot.compared.items()
        },
        "story_names": snapshot.story_names,
        "inputs": dict(snapshot.inputs),
        "synonyms": dict(snapshot.synonyms),
        "delicate": sorted(snapshot.delicate),
        "has_own_surfaces": snapshot.has_own_surfaces,
        "retrieval_intents": snapshot.retrieval_intents,
        "facts": dict(snapshot.facts),
        "counts": {name: len(found) for name, found in snapshot.lists.items()},
    }
    sections = {name: found.to_pieces() for name, found in snapshot.lists.items()}
    return values, {_NUMBERS: (memoryview(array("Q", snapshot.texts)).cast("B"),), **sections}


def from_parts(values: Mapping[str, Any], sections: Mapping[str, memoryview]) -> Snapshot:
    """Make a snapshot. Raises ValueError, KeyError or TypeError if the parts are not of one."""
    return Snapshot(
        context=values["context"],
        files=[(path, key) for path, key in values["files"]],
        notices=notices_from_json(values["notices"]),
        fingerprints=values["fingerprints"],
        compared={
            part: ComparedPart(
                found, frozenset((kind, digest) for kind, digest in pairs), tuple(Item(*i) for i in items)
            )
            for part, (found, pairs, items) in values["compared"].items()
        },
        story_names=values["story_names"],
        inputs=values["inputs"],
        synonyms=values["synonyms"],
        delicate=frozenset(values["delicate"]),
        has_own_surfaces=values["has_own_surfaces"],
        retrieval_intents=tuple(values["retrieval_intents"]),
        facts=values["facts"],
        texts=sections[_NUMBERS].cast("Q"),
        lists={
            name: SortedJson.from_bytes(sections[name], values["counts"][name])
            for name in (*ITEM_LISTS, *LISTED_INPUTS)
        },
    )


def notices_to_json(notices: Iterable[Notice]) -> list[list[Any]]:
    """Return notices as JSON values."""
    return [
        [
            notice.message,
            None if notice.location is None else [notice.location.file, notice.location.line],
            None if notice.kind is None else notice.kind.value,
            None if notice.level is None else notice.level.value,
            notice.subject,
        ]
        for notice in notices
    ]


def notices_from_json(raw: Iterable[Any]) -> tuple[Notice, ...]:
    """The inverse of :func:`notices_to_json`."""
    kinds = {kind.value: kind for kind in NoticeKind}
    return tuple(
        Notice(
            message,
            None if location is None else Location(*location),
            None if kind is None else kinds[kind],
            None if level is None else Severity(level),
            subject,
        )
        for message, location, kind, level, subject in raw
    )
