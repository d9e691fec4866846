"""One plan for a run: the assistant is validated once, fingerprinted once and compared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rebake.archive.integrity import Damage, inspect_model
from rebake.archive.manifest import Manifest, Part
from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notices import Notices, NoticeSink
from rebake.build.request import Request
from rebake.errors import DataError, ModelError, UnsupportedError, UsageError
from rebake.own_rasa.training_plan import NOTHING, OwnTraining, plan_own_training
from rebake.registry.node import Node, pipeline_nodes, policy_nodes
from rebake.staleness.compare import compare
from rebake.staleness.explanation import PartExplanation, explain
from rebake.staleness.fingerprints import Fingerprints, fingerprint
from rebake.staleness.verdict import Verdict
from rebake.validation.assistant import check_assistant


@dataclass(frozen=True)
class Baseline:
    """The model that an assistant is compared with.

    Attributes:
        path: its archive; None where there is none, or where only its manifest is known.
        manifest: what it was trained from; None where there is no model, or no rebake.json in it.
        problem: why it could not be read, a clause: then nothing is known of any part.
        damages: its files that are not as they were written: then nothing is known of the parts that they belong to.
    """

    path: Path | None = None
    manifest: Manifest | None = None
    problem: str | None = None
    damages: tuple[Damage, ...] = ()

    @classmethod
    def of_model(cls, path: Path | None) -> Baseline:
        """Read a model to its end, and each of its files: a part with a damaged file cannot stay as it is.

        Raises:
            StorageError: the file cannot be read.
        """
        if path is None:
            return NO_BASELINE
        try:
            found = inspect_model(path)
        except ModelError as error:
            return cls(path, problem=f"{error.message.rstrip('.')}, so this part will be trained again")
        return cls(path, found.manifest, damages=found.damages)


NO_BASELINE = Baseline()


@dataclass(frozen=True)
class Plan:
    """What a run knows before anything is trained.

    Attributes:
        request: what was asked for.
        baseline: the model that the verdict compares with.
        nlu: the pipeline of the model; empty where it has no NLU part.
        core: the policies of the model; empty where it has no Core part.
        fingerprints: what the assistant asks for.
        verdict: which parts are stale, and why.
        notices: what deserves attention in the assistant.
        by_rasa: the parts that the user's own Rasa trains.
    """

    request: Request
    baseline: Baseline
    nlu: tuple[Node, ...]
    core: tuple[Node, ...]
    fingerprints: Fingerprints
    verdict: Verdict
    notices: tuple[Notice, ...]
    by_rasa: frozenset[Part] = frozenset()

    @property
    def is_end_to_end(self) -> bool:
        """Whether policies of the model see texts through its pipeline."""
        return bool(self.nlu) and bool(self.core) and self.request.assistant.is_end_to_end


def make_plan(request: Request, baseline: Baseline = NO_BASELINE, *, notices: NoticeSink | None = None) -> Plan:
    """Validate the assistant, fingerprint it, and compare it with a model. Nothing is trained or written.

    Args:
        request: what is asked for.
        baseline: the model to compare with.
        notices: receives what deserves attention in the assistant, also if there is an error in it.

    Raises:
        UsageError: the name of the model is a path, or a name under which no model would be found.
        DataError: mistakes in the assistant's files, or there is nothing that could be trained, so that a model can
            be neither fresh nor stale.
        UnsupportedError: what rebake does not train, if the request is to train.
    """
    _refuse_path(request.model_name)
    assistant = request.assistant
    own = _plan_own_training(request)
    found = Notices()
    for notice in assistant.notices:
        found.add(notice)
    try:
        check_assistant(assistant, request.parts, to_train=request.to_train, by_rasa=own.parts, notices=found)
    finally:
        if notices is not None:
            for notice in found:
                notices.add(notice)
    wanted = fingerprint(
        assistant,
        parts=request.parts,
        augmentation_factor=request.augmentation_factor,
        own=own,
    )
    if not wanted.parts.keys() & {"nlu", "core"}:
        raise _nothing_to_train(assistant, request.parts)
    verdict = compare(
        wanted,
        baseline.manifest,
        model=baseline.path.name if baseline.path is not None else None,
        problem=baseline.problem,
        damages=baseline.damages,
        force=request.force,
        accept_finetuned=request.accept_finetuned,
    )
    nlu: tuple[Node, ...] = ()
    core: tuple[Node, ...] = ()
    if request.to_train and "nlu" in wanted.parts:
        nlu = pipeline_nodes(assistant.config, by_rasa="nlu" in own.parts)
    if request.to_train and "core" in wanted.parts:
        core = policy_nodes(assistant.config, by_rasa="core" in own.parts)
    return Plan(request, baseline, nlu, core, wanted, verdict, tuple(found), own.parts)


def _plan_own_training(request: Request) -> OwnTraining:
    """What the user's own Rasa trains; a check has an answer also where it cannot."""
    try:
        return plan_own_training(request.rasa, request.assistant, request.parts)
    except UnsupportedError:
        if request.to_train:
            raise
        return NOTHING


def explain_plan(plan: Plan) -> tuple[PartExplanation, ...]:
    """Explain a plan's verdict component by component."""
    baseline = plan.baseline
    config = plan.request.assistant.config
    return explain(plan.verdict, plan.fingerprints, baseline.manifest, config, damages=baseline.damages)


def _refuse_path(name: str | None) -> None:
    if name and (name.startswith(".") or Path(name).name != name):
        raise UsageError(
            f"The model cannot be named '{name}': it is written into the directory of models.",
            fix="Give a plain file name that does not start with a dot, and the directory with --out.",
        )


def _nothing_to_train(assistant: Assistant, parts: frozenset[Part]) -> DataError:
    """Why none of the parts that are asked for can be trained."""
    place = assistant.config.location
    if "nlu" in parts and assistant.nlu:
        return DataError("The pipeline is empty.", location=place, fix="List the components under `pipeline:`.")
    if "core" in parts and assistant.stories:
        if assistant.domain.is_empty:
            return DataError("There are stories, but no domain.", fix="Name the domain file or directory (--domain).")
        return DataError("There are no policies.", location=place, fix="List the policies under `policies:`.")
    missing = [name for part, name in (("nlu", "NLU examples"), ("core", "stories or rules")) if part in parts]
    return DataError(
        f"There is nothing to train: the data contains no {' and no '.join(missing)}.",
        fix="Name the files or directories that contain them (--data).",
    )
