"""Parts of earlier runs, downloaded from the store before training."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from rebake.archive.manifest import Part
from rebake.base.location import Notice
from rebake.build.plan import Plan
from rebake.build.store_verdict import StoreVerdict
from rebake.errors import ModelError, StorageError
from rebake.report.model import PartReport
from rebake.store.protocol import Store

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")


@dataclass
class FetchedParts:
    """What was downloaded.

    Attributes:
        archives: that parts (or, of the newest model's parts, single components) can be taken from.
        unknown: part that was found but not fetched -> what becomes of it, a clause.
        notices: why not.
    """

    archives: list[Path] = field(default_factory=list)
    unknown: dict[Part, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def unknown_in(self, parts: Iterable[PartReport]) -> tuple[PartReport, ...]:
        """Return the parts of a report, with what became of those that were not fetched."""
        return tuple(
            replace(part, state="unknown", reasons=(self.unknown[part.part], *part.reasons))
            if part.part in self.unknown
            else part
            for part in parts
        )


def fetch_parts(
    store: Store, plan: Plan, verdict: StoreVerdict, scratch: Path, *, parts: Collection[Part] = TRAINED_PARTS
) -> FetchedParts:
    """Download the parts that the assistant asks for, and in place of others those of the newest model.

    Args:
        store: where they are.
        plan: of the run; its baseline is the newest model.
        verdict: which parts the store has.
        scratch: the directory that they are written to.
        parts: those that are wanted.
    """
    fetched = FetchedParts()
    newest = plan.baseline.manifest
    for part in (part for part in TRAINED_PARTS if part in parts):
        stored = verdict.stored.get(part)
        if stored is not None:
            try:
                fetched.archives.append(store.fetch(stored, scratch))
                continue
            except (StorageError, ModelError) as error:
                fetched.notices.append(Notice(str(error)))
                fetched.unknown[part] = f"{error.message.rstrip('.')}, so this part will be trained again"
        record = newest.parts.get(part) if newest is not None else None
        if record is not None and (stored is None or record.key != stored.fingerprint):
            _fetch_newest(store, part, record.key, scratch, fetched)
    return fetched


def _fetch_newest(store: Store, part: Part, key: str, scratch: Path, fetched: FetchedParts) -> None:
    """The newest model's part, from which single components can be taken. It may be missing."""
    try:
        stored = store.find(part, key)
    except StorageError:  # the verdict says so already
        return
    try:
        if stored is not None:
            fetched.archives.append(store.fetch(stored, scratch))
    except (StorageError, ModelError) as error:
        fetched.notices.append(Notice(str(error)))
