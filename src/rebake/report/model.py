"""What one run found and did, as one immutable value that every output is rendered from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import Part
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.base.version import __version__
from rebake.differences.model import Difference, Link
from rebake.errors import EXIT_INTERNAL, RebakeError
from rebake.report.quality import Gate, Quality
from rebake.staleness.explanation import PartExplanation
from rebake.staleness.git.changes import Changes
from rebake.staleness.verdict import State, Verdict, needs_training

Mode = Literal["check", "train", "test"]
Origin = Literal["trained", "reused", "rebuilt", "updated", "none"]

PART_NAMES: dict[Part, str] = {"core": "Core", "nlu": "NLU", "nlg": "Responses"}


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part of the model: what was found, and where the new model takes it from.

    Attributes:
        part: "core", "nlu" or "nlg".
        state: what was found before anything was trained.
        reasons: what changed since the newest model, or why nothing is known; clauses, most informative first.
        fingerprint: 64 hex digits; None where the assistant does not have the part.
        origin: "trained" now; "reused" from ``source``; "rebuilt": new as a whole, of components that are all from
            ``source``, so that nothing was trained; "updated" (responses, which need no training);
            "none" where no model was made of it (a check, an error, an absent part).
        source: the archive or store entry that the part was carried over from; None for responses, which stand in
            the domain.
        seconds: how long its training took.
        saved_seconds: of a reused or rebuilt part, how long its training took when it was trained; None if unknown.
        explanation: component by component, where that was asked for.
        finetuned: of the model's part, which was not trained from scratch: what it was trained on from, and how often.
    """

    part: Part
    state: State
    reasons: tuple[str, ...] = ()
    fingerprint: str | None = None
    origin: Origin = "none"
    source: str | None = None
    seconds: float | None = None
    saved_seconds: float | None = None
    explanation: PartExplanation | None = None
    finetuned: FinetunedFrom | None = None

    @property
    def is_stale(self) -> bool:
        return needs_training(self.state)


@dataclass(frozen=True, slots=True)
class Failure:
    """The error that ended the run: message, location and fix, kept apart; ``others`` were found together with it.

    ``is_cancelled`` where it is none of the run, which was ended from outside. ``kind`` is its code as a finding; None
    where it has none.
    """

    message: str
    location: Location | None = None
    fix: str | None = None
    exit_code: int = EXIT_INTERNAL
    others: tuple[Failure, ...] = ()
    kind: NoticeKind | None = None
    is_cancelled: bool = False

    @classmethod
    def of(cls, error: RebakeError) -> Failure:
        others = tuple(map(cls.of, error.others))
        return cls(error.message, error.location, error.fix, error.exit_code, others, error.kind)


@dataclass(frozen=True, slots=True)
class ReleaseAsset:
    """One file of a release: name, address, size in bytes, and "sha256:..." where the server says it."""

    name: str
    url: str
    size: int
    digest: str | None


@dataclass(frozen=True, slots=True)
class Release:
    """The release that a model was published on."""

    id: int
    url: str
    assets: tuple[ReleaseAsset, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs from the base, and what gives the address of a line on either side."""

    found: tuple[Difference, ...]
    link: Link | None = None


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        mode: "check" (nothing was trained), "train", or "test" (nothing is said of its state).
        parts: in the order core, nlu, nlg.
        code: 0 fresh; else the sum of 1 core, 2 nlu, 4 nlg; 8 alone where training was forced.
        forced: training was asked for whatever the verdict.
        compared_with: what the reasons are relative to ("models/x.tar.gz", "release rebake-models"); None = nothing.
        model_path: the archive of the assistant's model; None where there is none.
        model_written: whether ``model_path`` was written by this run.
        model_url: where the model can be downloaded from.
        release: that the model was published on; None for a run that published none.
        provenance_path: the statement where a released model is from; None for a run that published none.
        metrics: figures of the training, e.g. {"DIETClassifier5.loss": 0.2}.
        seconds: the whole run.
        changes: the changed training files according to git; explains, never decides.
        differences: what they change, in the words of the domain; None where the base could not be read.
        quality: what the model got right in its test; None where it was not tested.
        gates: the conditions of the workflow on the findings; those on the model are in ``quality``.
        notices: warnings about the assistant and the run.
        failure: the error that ended the run.
        commit: the commit that the model is of.
        run_url: the page of the CI run.
        name: what the assistant is called where one repository contains several; "" otherwise.
        tool_version: the release of rebake.
    """

    mode: Mode
    parts: tuple[PartReport, ...] = ()
    code: int = 0
    forced: bool = False
    compared_with: str | None = None
    model_path: str | None = None
    model_written: bool = False
    model_url: str | None = None
    release: Release | None = None
    provenance_path: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    changes: Changes | None = None
    differences: Differences | None = None
    quality: Quality | None = None
    gates: tuple[Gate, ...] = ()
    notices: tuple[Notice, ...] = ()
    failure: Failure | None = None
    commit: str | None = None
    run_url: str | None = None
    name: str = ""
    tool_version: str = __version__

    @property
    def trained(self) -> tuple[Part, ...]:
        """The parts that this run trained."""
        return tuple(part.part for part in self.parts if part.origin == "trained")

    @property
    def stale(self) -> tuple[Part, ...]:
        """The parts that were stale before this run."""
        return tuple(part.part for part in self.parts if part.is_stale)

    @property
    def saved_seconds(self) -> float | None:
        """How long the training of the parts took that this run did not train again; None where that is not known."""
        known = [part.saved_seconds for part in self.parts if part.saved_seconds is not None]
        return sum(known) if known else None

    @property
    def headline(self) -> str:
        """The run in one sentence, without anything from the assistant's files: fit for a commit status."""
        if self.failure is not None:
            return "The run was cancelled." if self.failure.is_cancelled else "The run failed."
        match self.mode:
            case "test":
                return "The model was tested."
            case "check":
                return "The model is fresh." if not self.code else f"The model is stale: {self.named(self.stale)}."
            case "train":
                return self._what_was_done

    @property
    def _what_was_done(self) -> str:
        if self.trained:
            return f"Trained {self.named(self.trained)}."
        rebuilt = tuple(part.part for part in self.parts if part.origin == "rebuilt")
        if rebuilt:
            return f"Nothing to train; {self.named(rebuilt)} rebuilt."
        if any(part.origin == "updated" for part in self.parts):
            return "Nothing to train; the responses were updated."
        return "The model is fresh: nothing to train."

    def named(self, parts: tuple[Part, ...]) -> str:
        """The parts in words: "Core and NLU"."""
        names = [PART_NAMES[part] for part in parts]
        if not names:
            return "training was forced"
        return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def with_explanations(report: Report, explanations: Iterable[PartExplanation]) -> Report:
    """Add the explanation of each part to a report."""
    by_part = {explanation.part: explanation for explanation in explanations}
    return replace(report, parts=tuple(replace(part, explanation=by_part.get(part.part)) for part in report.parts))


def parts_of_verdict(
    verdict: Verdict,
    *,
    trained: tuple[Part, ...] = (),
    reused: Mapping[Part, str] | None = None,
    rebuilt: Mapping[Part, str] | None = None,
    seconds: Mapping[str, float] | None = None,
    saved: Mapping[str, float] | None = None,
    finetuned: Mapping[Part, FinetunedFrom] | None = None,
) -> tuple[PartReport, ...]:
    """Return the parts of a run: a verdict, and what the build did (nothing, for a check)."""
    found = [
        PartReport(part.part, part.state, part.reasons, part.fingerprint, finetuned=part.finetuned)
        for part in verdict.parts
    ]
    return with_origins(
        found,
        trained=trained,
        reused=reused or {},
        rebuilt=rebuilt or {},
        seconds=seconds or {},
        saved=saved or {},
        finetuned=finetuned,
    )


def with_origins(
    parts: Iterable[PartReport],
    *,
    trained: tuple[Part, ...],
    reused: Mapping[Part, str],
    rebuilt: Mapping[Part, str],
    seconds: Mapping[str, float],
    saved: Mapping[str, float],
    finetuned: Mapping[Part, FinetunedFrom] | None = None,
) -> tuple[PartReport, ...]:
    """Add where the model has each part from, as the build reports; without any there is no new model."""
    is_written = bool(trained or reused or rebuilt)
    sources = {part: source or None for part, source in (*reused.items(), *rebuilt.items())}

    def origin(part: PartReport) -> Origin:
        if part.part in trained:
            return "trained"
        if part.part in reused:
            return "reused"
        if part.part in rebuilt:
            return "rebuilt"
        if part.part == "nlg" and is_written and part.state != "absent":
            return "updated" if part.is_stale else "reused"
        return "none"

    return tuple(
        replace(
            part,
            origin=origin(part),
            source=sources.get(part.part),
            seconds=seconds.get(part.part),
            saved_seconds=saved.get(part.part),
            finetuned=part.finetuned if finetuned is None else finetuned.get(part.part),
        )
        for part in parts
    )
