"""From an assistant to a model archive: take each part from an archive that has it already, train the rest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebake.archive.manifest import PARTS, Manifest, Part, read_manifest
from rebake.archive.pack import COMPONENTS_NAME, SUFFIX, pack, read_member, verify
from rebake.archive.part_sources import PartSources
from rebake.archive.scratch import scratch_directory
from rebake.assistant.model import Assistant
from rebake.assistant.nlu_data.writer import PERSISTED_NLU
from rebake.base.progress import Progress, Silent
from rebake.build.job import BuildJob, nothing_to_train
from rebake.errors import ModelError, StorageError, UsageError
from rebake.staleness.compare import compare
from rebake.staleness.fingerprints import fingerprint
from rebake.staleness.verdict import Verdict


@dataclass(frozen=True)
class BuildResult:
    """What came out.

    Attributes:
        model: the archive; the old one where nothing was stale.
        plan: what was stale before, and why.
        trained: the parts that were trained now.
        reused: part -> name of the archive it was carried over from.
        rebuilt: part that is new as a whole, though each of its components is carried over (another ``assistant_id``,
            another threshold of FallbackClassifier) -> names of the archives they are from.
        manifest: what rebake.json of the model says.
        seconds: part -> how long its training took.
        metrics: figures of the training, e.g. {"DIETClassifier5.loss": 0.2}.
        written: whether ``model`` is a new file.
    """

    model: Path
    plan: Verdict
    trained: tuple[Part, ...]
    reused: Mapping[Part, str]
    manifest: Manifest
    rebuilt: Mapping[Part, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    written: bool = True

    @property
    def new(self) -> tuple[Part, ...]:
        """The trained and the rebuilt parts: those that no given archive has as they are."""
        return (*self.trained, *self.rebuilt)


def build(
    assistant: Assistant,
    *,
    output: Path,
    old: Path | None = None,
    sources: Sequence[Path] = (),
    parts: frozenset[Part] = frozenset(PARTS),
    force: bool = False,
    fixed_model_name: str | None = None,
    core_arguments: Mapping[str, Any] | None = None,
    nlu_arguments: Mapping[str, Any] | None = None,
    persist_nlu_data: bool = False,
    progress: Progress | None = None,
    on_plan: Callable[[Verdict], None] | None = None,
) -> BuildResult:
    """Write the model of an assistant, training only what no given archive has.

    Args:
        assistant: what to train.
        output: directory of models; made if it is missing.
        old: the newest model: the verdict compares with it. Returned as it is where nothing is stale.
        sources: further archives, of the whole or of one part, that a part with the wanted fingerprint is taken from.
        parts: what the model is to hold.
        force: train every part, stale or not.
        fixed_model_name: file name of the archive, with or without ``.tar.gz``; otherwise it is made of the time and
            the content, and starts with ``nlu-`` or ``core-`` where the model holds that part alone.
        core_arguments: ``augmentation_factor``.
        nlu_arguments: ``num_threads``.
        persist_nlu_data: put the NLU training data into the archive, where ``rasa train --persist-nlu-data`` puts it;
            a fresh model without them is then written anew, with all its parts.
        progress: where training reports.
        on_plan: told the verdict before anything is trained.

    Raises:
        UsageError: ``fixed_model_name`` is a path, or a name under which no model would be found.
        DataError: the assistant cannot be trained; nothing was written.
        StorageError: the archive could not be written; what was there before still is.
    """
    _refuse_path(fixed_model_name)
    job = BuildJob(
        assistant,
        parts,
        core_arguments or {},
        nlu_arguments or {},
        progress or Silent(),
        persist_nlu_data=persist_nlu_data,
    )
    manifest, problem = _read_old(old)
    plan = compare(job.fingerprints, manifest, model=old.name if old else None, problem=problem, force=force)
    if on_plan is not None:
        on_plan(plan)
    lacks_data = persist_nlu_data and "nlu" in job.fingerprints.parts and not _has_nlu_data(old)
    if plan.is_fresh and old is not None and manifest is not None and not lacks_data:
        return BuildResult(old, plan, (), {}, manifest, written=False)
    archives = [] if force else [path for path in (old, *sources) if path is not None]
    with _working_directory(output) as directory:
        _run(job, directory, archives)
        name = fixed_model_name or job.prefix + time.strftime("%Y%m%d-%H%M%S-") + job.model_id[:8]
        model = output / (name if name.endswith(SUFFIX) else name + SUFFIX)
        pack(directory, model)
    return BuildResult(model, plan, tuple(job.trained), job.reused, job.manifest, job.rebuilt, job.seconds, job.metrics)


def build_into(job: BuildJob, directory: Path, sources: Sequence[Path] = ()) -> None:
    """Fill a directory with what the archive would hold; where it exists already, only its model files are replaced."""
    with _working_directory(directory.parent) as scratch:
        _run(job, scratch, sources)
        directory.mkdir(exist_ok=True)
        for entry in scratch.iterdir():
            target = directory / entry.name
            if target.is_dir():
                shutil.rmtree(target)
            entry.replace(target)


def dry_run(
    assistant: Assistant,
    *,
    old: Path | None,
    parts: frozenset[Part] = frozenset(PARTS),
    force: bool = False,
    core_arguments: Mapping[str, Any] | None = None,
    nlu_arguments: Mapping[str, Any] | None = None,
) -> Verdict:
    """What of ``old`` is stale, and why; nothing is trained, imported from TensorFlow, or written.

    Raises:
        DataError: there is nothing that could be trained, so that a model can be neither fresh nor stale.
    """
    wanted = fingerprint(assistant, core_arguments=core_arguments or {}, nlu_arguments=nlu_arguments or {}, parts=parts)
    if not wanted.parts.keys() & {"nlu", "core"}:
        raise nothing_to_train(assistant, parts)
    manifest, problem = _read_old(old)
    return compare(wanted, manifest, model=old.name if old else None, problem=problem, force=force)


def _refuse_path(name: str | None) -> None:
    if name and (name.startswith(".") or Path(name).name != name):
        raise UsageError(
            f"The model cannot be named '{name}': it is written into the directory of models.",
            fix="Give a plain file name that does not start with a dot, and the directory with --out.",
        )


def _run(job: BuildJob, directory: Path, archives: Sequence[Path]) -> None:
    with PartSources(archives) as sources:
        job.run(directory, sources)


@contextmanager
def _working_directory(output: Path) -> Iterator[Path]:
    """A temporary directory beside the models, so that the finished archive is renamed within one file system.

    After an error it is gone, and so is ``output`` if it was made for this.
    """
    is_new = not output.exists()
    try:
        output.mkdir(parents=True, exist_ok=True)
        stack = ExitStack()
        scratch = stack.enter_context(scratch_directory(output))
    except OSError as error:
        raise StorageError(
            f"cannot write models to {output}: {error.strerror}.", fix="Choose a directory you may write to (--out)."
        ) from error
    try:
        with stack:
            yield scratch
    except BaseException as error:
        if is_new:
            with suppress(OSError):  # another training may have written a model there meanwhile
                output.rmdir()
        if isinstance(error, OSError):  # a full disk names no file
            raise StorageError(f"the model could not be written below {output}: {error.strerror or error}.") from error
        raise


def _has_nlu_data(model: Path | None) -> bool:
    return model is not None and read_member(model, f"{COMPONENTS_NAME}/{PERSISTED_NLU}") is not None


def _read_old(old: Path | None) -> tuple[Manifest | None, str | None]:
    """The old model's manifest, None where it has none; the second is why the model could not be read.

    All of the archive is read: what is cut off behind its manifest is no model that could stay as it is.
    """
    if old is None:
        return None, None
    try:
        manifest = read_manifest(old)
        if old.name.endswith(SUFFIX):
            verify(old)
    except ModelError as error:
        return None, str(error)
    return manifest, None
