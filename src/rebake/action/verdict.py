"""The verdict of the action: a part is fresh if it was published under its fingerprint, by whatever run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rebake.archive.manifest import PARTS, Manifest, Part
from rebake.errors import ModelError, StorageError
from rebake.report.model import PartReport
from rebake.staleness.compare import compare
from rebake.staleness.fingerprints import Fingerprints
from rebake.staleness.verdict import CODE_FORCED, CODES, PartVerdict
from rebake.store.release_store import ReleaseStore, StoredPart


@dataclass(frozen=True)
class StoreVerdict:
    """What the store knows of the assistant.

    Attributes:
        parts: the verdicts, in the order core, nlu, nlg.
        stored: the parts that were published under just the wanted fingerprint.
        newest: the manifest of the newest model; None where none was published or it could not be read.
        forced: training is asked for whatever the verdicts say.
        problem: what could not be read, a clause.
    """

    parts: tuple[PartReport, ...]
    stored: Mapping[Part, StoredPart]
    newest: Manifest | None
    forced: bool
    problem: str | None

    @property
    def code(self) -> int:
        """As :attr:`rebake.staleness.verdict.Verdict.code`."""
        return CODE_FORCED if self.forced else sum(CODES[part.part] for part in self.parts if part.is_stale)


def verdict_of_store(wanted: Fingerprints, store: ReleaseStore, manifest_name: str, *, force: bool) -> StoreVerdict:
    """Ask the store for every part that the assistant has.

    The newest model serves to tell what changed, no more: where it cannot be read, the parts are still looked up.
    """
    newest, problem = _newest(store, manifest_name)
    plan = compare(wanted, newest, problem=problem)
    stored: dict[Part, StoredPart] = {}
    reports: dict[Part, PartReport] = {}
    for verdict in plan.parts:
        found, unread = _look_up(store, verdict)
        if found is not None:
            stored[verdict.part] = found
        problem = problem or unread
        report = _report(verdict, found, unread)
        if found is not None and newest is None:
            report = replace(report, reasons=())  # there is nothing that it could have changed since
        reports[verdict.part] = report
    return StoreVerdict(tuple(reports[part] for part in PARTS if part in reports), stored, newest, force, problem)


def _newest(store: ReleaseStore, name: str) -> tuple[Manifest | None, str | None]:
    try:
        return store.newest_manifest(name), None
    except (StorageError, ModelError) as error:
        return None, error.message.rstrip(".")


def _look_up(store: ReleaseStore, verdict: PartVerdict) -> tuple[StoredPart | None, str | None]:
    if verdict.fingerprint is None:
        return None, None
    try:
        return store.find(verdict.part, verdict.fingerprint), None
    except StorageError as error:
        return None, error.message.rstrip(".")


def _report(verdict: PartVerdict, found: StoredPart | None, problem: str | None) -> PartReport:
    part, fingerprint = verdict.part, verdict.fingerprint
    if fingerprint is None:  # nothing to train; if the newest model has it still, the reasons say so
        return PartReport(part, "absent", verdict.reasons)
    if found is not None:
        return PartReport(part, "fresh", verdict.reasons if verdict.state == "stale" else (), fingerprint)
    if problem is not None:
        return PartReport(part, "unknown", (f"the store cannot be read: {problem}",), fingerprint)
    if verdict.state == "stale":
        return PartReport(part, "stale", verdict.reasons, fingerprint)
    return PartReport(part, "stale", ("it is not in the store of trained parts", *verdict.reasons), fingerprint)
