"""The verdict of the action: a part is fresh if it was published under its fingerprint, by whatever run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rebake.archive.lineage import finetuned_key
from rebake.archive.manifest import PARTS, Part
from rebake.build.plan import Baseline, Plan
from rebake.errors import AccessDeniedError, ModelError, RateLimitError, StorageError
from rebake.report.model import Mode, PartReport
from rebake.staleness.verdict import PartVerdict, bit_code
from rebake.store.protocol import Store, StoredPart

if TYPE_CHECKING:
    from rebake.store.releases import Releases  # which imports what a check on the command line does without


@dataclass(frozen=True)
class StoreVerdict:
    """What the store knows of the assistant.

    Attributes:
        parts: the verdicts, in the order core, nlu, nlg.
        stored: the parts that were published under just the wanted fingerprint.
        forced: training is asked for whatever the verdicts say.
        problem: what could not be read, a clause.
        error: why a part could not be looked up.
    """

    parts: tuple[PartReport, ...]
    stored: Mapping[Part, StoredPart]
    forced: bool
    problem: str | None
    error: StorageError | None = None

    @property
    def code(self) -> int:
        """As :func:`rebake.staleness.verdict.bit_code`."""
        return bit_code((part.part for part in self.parts if part.is_stale), self.forced)


def require_access(verdict: StoreVerdict, mode: Mode, releases: Releases | None) -> None:
    """End a run that has no verdict to give, or could not publish what it would train.

    Args:
        verdict: of the store.
        mode: of the run.
        releases: that the run is to publish in; None where it may only read.

    Raises:
        StorageError: why the run ends.
    """
    if mode == "check" and isinstance(verdict.error, AccessDeniedError):
        raise verdict.error
    if mode == "train" and releases is not None and verdict.code:
        if isinstance(verdict.error, RateLimitError):
            raise verdict.error
        releases.require_budget()


def newest_published(store: Store, *manifest_names: str) -> Baseline:
    """The newest model of the store, under the first of the names that is there.

    It only explains: where it cannot be read, the parts are still looked up.
    """
    try:
        found = (store.newest_manifest(name) for name in manifest_names)
        return Baseline(manifest=next((manifest for manifest in found if manifest is not None), None))
    except (StorageError, ModelError) as error:
        return Baseline(problem=error.message.rstrip("."))


def verdict_of_store(plan: Plan, store: Store) -> StoreVerdict:
    """Ask the store for every part that the assistant has; the plan compares it with the newest published model."""
    problem = plan.baseline.problem
    error: StorageError | None = None
    stored: dict[Part, StoredPart] = {}
    reports: dict[Part, PartReport] = {}
    for verdict in plan.verdict.parts:
        found, failed = _look_up(store, verdict, accept_finetuned=plan.request.accept_finetuned)
        error = error or failed
        unread = failed.message.rstrip(".") if failed is not None else None
        if found is not None:
            stored[verdict.part] = found
        problem = problem or unread
        refusal = store.refusal(verdict.part, verdict.fingerprint) if verdict.fingerprint is not None else None
        report = _report(verdict, found, unread, refusal)
        if found is not None and plan.baseline.manifest is None:
            report = replace(report, reasons=())  # there is nothing that it could have changed since
        reports[verdict.part] = report
    parts = tuple(reports[part] for part in PARTS if part in reports)
    return StoreVerdict(parts, stored, plan.request.force, problem, error)


def _look_up(
    store: Store, verdict: PartVerdict, *, accept_finetuned: bool
) -> tuple[StoredPart | None, StorageError | None]:
    """A part that was trained from scratch comes before one that was fine-tuned."""
    if verdict.fingerprint is None:
        return None, None
    try:
        found = store.find(verdict.part, verdict.fingerprint)
        if found is None and accept_finetuned and verdict.part != "nlg":
            found = store.find(verdict.part, finetuned_key(verdict.fingerprint))
        return found, None
    except StorageError as error:
        return None, error


def _report(verdict: PartVerdict, found: StoredPart | None, problem: str | None, refusal: str | None) -> PartReport:
    part, fingerprint = verdict.part, verdict.fingerprint
    if fingerprint is None:  # nothing to train; if the newest model has it still, the reasons say so
        return PartReport(part, "absent", verdict.reasons)
    if found is not None:
        reasons = verdict.reasons if verdict.state == "stale" else ()
        finetuned = verdict.finetuned if found.fingerprint != fingerprint else None
        return PartReport(part, "fresh", reasons, fingerprint, finetuned=finetuned)
    if problem is not None:
        return PartReport(part, "unknown", (f"the store cannot be read: {problem}",), fingerprint)
    if refusal is not None:
        return PartReport(part, "stale", (refusal, *verdict.reasons), fingerprint)
    if verdict.state == "stale":
        return PartReport(part, "stale", verdict.reasons, fingerprint)
    return PartReport(part, "stale", ("it is not in the store of trained parts", *verdict.reasons), fingerprint)
