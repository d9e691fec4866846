"""From a plan to a model archive: reuse each part that an archive has already, train the rest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rebake.archive.manifest import Manifest, Part
from rebake.archive.pack import COMPONENTS_NAME, SUFFIX, pack, read_member, require_place
from rebake.archive.part_sources import PartSources
from rebake.assistant.nlu_data.writer import PERSISTED_NLU
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.base.progress import Progress, Silent
from rebake.build.continuations import Continuations
from rebake.build.job import Job
from rebake.build.output import working_directory
from rebake.build.plan import Plan
from rebake.build.workers.workers import Workers
from rebake.own_rasa.training import Log


@dataclass(frozen=True)
class BuildResult:
    """What a build gave.

    Attributes:
        model: the archive; the old one where nothing was stale.
        plan: what was stale before, and why.
        trained: the parts that were trained now.
        reused: part -> name of the archive it was carried over from.
        rebuilt: part that is new as a whole, though each of its components is carried over (another ``assistant_id``,
            another threshold of FallbackClassifier) -> names of the archives they are from.
        manifest: what rebake.json of the model says.
        seconds: part -> how long its training took.
        saved: part that was not trained now -> how long its training took when it was, where that is known.
        metrics: figures of the training, e.g. {"DIETClassifier5.loss": 0.2}.
        written: whether ``model`` is a new file.
        single_parts: new part -> an archive of that part alone, where they were asked for.
        notices: what a person should know about this training.
    """

    model: Path
    plan: Plan
    trained: tuple[Part, ...]
    reused: Mapping[Part, str]
    manifest: Manifest
    rebuilt: Mapping[Part, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    saved: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    written: bool = True
    single_parts: Mapping[Part, Path] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    @property
    def new(self) -> tuple[Part, ...]:
        """The trained and the rebuilt parts: those that no given archive has as they are."""
        return (*self.trained, *self.rebuilt)


def build(
    plan: Plan,
    sources: Sequence[Path] = (),
    *,
    progress: Progress | None = None,
    single_parts: Path | None = None,
    notices: Notices | None = None,
    log: Log | None = None,
    workers: Workers | None = None,
) -> BuildResult:
    """Write the model of an assistant, training only what no given archive has.

    Args:
        plan: what is stale; its baseline is returned as it is where nothing is.
        sources: further archives, of the whole or of one part, that a part with the wanted fingerprint, or a
            component, is taken from.
        progress: where training reports.
        single_parts: an existing directory for archives of each new part alone; None = they are not wanted.
        notices: collects the result's notices; here they are also where an error ends the build.
        log: receives each line that the user's own Rasa prints, as it is.
        workers: that train NLU together, of which this process is the chief; None = it is trained here alone.

    Raises:
        DataError: the assistant cannot be trained; nothing was written.
        StorageError: the archive could not be written; what was there before still is.
    """
    request, old = plan.request, plan.baseline.path
    if plan.verdict.is_fresh and old is not None and plan.baseline.manifest is not None and not _lacks_nlu_data(plan):
        if workers is not None:
            workers.meet(plan, trains=False)
        return BuildResult(old, plan, (), {}, plan.baseline.manifest, written=False)
    if request.model_name is not None:
        require_place(_model_path(plan, request.model_name))
    collected = Notices() if notices is None else notices
    archives = [] if request.force else [path for path in (old, *sources) if path is not None]
    with working_directory(request.output) as scratch:
        directory = scratch / "model"
        directory.mkdir()
        with (
            PartSources(archives, collected, finetuned=request.accept_finetuned) as open_sources,
            Continuations(plan, collected) as continuations,
        ):
            job = Job(plan, progress or Silent(), collected, continuations, log, workers)
            job.run(directory, open_sources)
        name = request.model_name or _prefix(plan) + time.strftime("%Y%m%d-%H%M%S-") + job.model_id[:8]
        model = _model_path(plan, name)
        pack(directory, model.resolve() if request.follow_links else model, seal=True)
        singles = {} if single_parts is None else _cut(job, directory, scratch, single_parts)
    return BuildResult(
        model,
        plan,
        tuple(job.trained),
        job.reused,
        job.manifest,
        job.rebuilt,
        job.seconds,
        job.saved,
        job.metrics,
        single_parts=singles,
        notices=tuple(collected),
    )


def build_into(
    plan: Plan,
    directory: Path,
    sources: Sequence[Path] = (),
    *,
    notices: Notices,
    workers: Workers | None = None,
) -> None:
    """Fill a directory with the archive's content; where it exists already, only its model files are replaced.

    ``notices`` collects what a person should know about this training; ``workers`` is as for :func:`build`.
    """
    with working_directory(directory.parent) as scratch:
        with (
            PartSources(sources, notices, finetuned=plan.request.accept_finetuned) as open_sources,
            Continuations(plan, notices) as continuations,
        ):
            Job(plan, Silent(), notices, continuations, workers=workers).run(scratch, open_sources)
        directory.mkdir(exist_ok=True)
        for entry in scratch.iterdir():
            target = directory / entry.name
            if target.is_dir():
                shutil.rmtree(target)
            entry.replace(target)


def _cut(job: Job, whole: Path, scratch: Path, target: Path) -> dict[Part, Path]:
    """Archives of each new part alone, from the directory of the whole model."""
    archives: dict[Part, Path] = {}
    for part in (*job.trained, *job.rebuilt):
        alone = scratch / part
        alone.mkdir()
        job.cut(part, whole, alone)
        archives[part] = pack(alone, target / f"{part}{SUFFIX}", seal=True)
    return archives


def _model_path(plan: Plan, name: str) -> Path:
    return plan.request.output / (name if name.endswith(SUFFIX) else name + SUFFIX)


def _prefix(plan: Plan) -> str:
    """Of the archive's name, as Rasa names models of one part."""
    trainable = plan.fingerprints.parts.keys() & {"nlu", "core"}
    return "" if len(trainable) == 2 else f"{trainable.pop()}-"


def _lacks_nlu_data(plan: Plan) -> bool:
    """Whether the NLU training data is to be in the archive, and the old model does not have it."""
    old = plan.baseline.path
    return (
        plan.request.persist_nlu_data
        and "nlu" in plan.fingerprints.parts
        and (old is None or read_member(old, f"{COMPONENTS_NAME}/{PERSISTED_NLU}") is None)
    )
