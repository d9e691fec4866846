"""NLU trained by several processes, or on several GPUs: what they agree on, and who writes the model."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebake.archive.scratch import temporary_directory
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.base.training_context import TrainingContext
from rebake.base.visible import one_line
from rebake.build.plan import Plan
from rebake.build.workers.agreement import details_of, differences
from rebake.build.workers.channels import Lines, answer_of, await_workers, connect_to_chief, lost
from rebake.build.workers.cluster import Cluster
from rebake.errors import RebakeError, StorageError, UsageError
from rebake.nlu.pipeline import PipelineTraining, train_pipeline

_KEPT_SECONDS = 14 * 24 * 3600.0  # unfinished trainings that are older are removed
_UNFINISHED = "unfinished"


class Workers:
    """The processes and devices that train NLU together, as one of the processes sees them.

    Args:
        cluster: the processes; None = this one alone.
        gpus: how many GPUs of its machine each process uses.
        cache: where the chief saves the state of a training, so that the next one goes on from there; None = nowhere.

    Attributes:
        trains: whether there is anything to train, once :meth:`meet` has asked the chief.
    """

    def __init__(self, cluster: Cluster | None, gpus: int = 1, cache: Path | None = None) -> None:
        self.cluster = cluster
        self.trains = True
        self._gpus = gpus
        self._cache = cache
        self._directory: Path | None = None
        self._lines: list[Lines] = []
        self._replicas: Any = None

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the model."""
        return self.cluster is None or self.cluster.is_chief

    def meet(self, plan: Plan, *, trains: bool = True) -> None:
        """Wait for all processes, and compare what they are about to train.

        Args:
            plan: of this process.
            trains: whether NLU is to be trained; what the chief says counts.

        Raises:
            StorageError: a worker has not come, or trains from something else.
            UsageError: NLU cannot be trained by several workers.
        """
        self.trains = trains
        if trains:
            _require_trainable(plan)
            self._directory = self._unfinished(plan)
        if self.cluster is None:
            return
        details = details_of(plan)
        if not self.cluster.is_chief:
            chief = connect_to_chief(self.cluster)
            self._lines = [chief]
            chief.send(details)
            answer = answer_of(chief, seconds=None)
            self.trains = answer.get("trains") is True
            return
        self._lines = await_workers(self.cluster)
        others = [lines.receive() for lines in self._lines]
        differing = [
            f"{lines.peer} has {differences(details, other)}"
            for lines, other in zip(self._lines, others, strict=True)
            if differences(details, other)
        ]
        if differing and trains:
            error = StorageError(
                f"The workers would train different models: beside worker 0, {'; '.join(differing)}.",
                fix="Give all workers the same files, the same command and the same installation.",
            )
            self._tell({"error": str(error)})
            raise error
        self._tell({"trains": trains})

    def _tell(self, message: Mapping[str, Any]) -> None:
        for lines in self._lines:
            lines.send(message)

    def context(self, context: TrainingContext) -> TrainingContext:
        """The context of a training by all of them. Call it when the others do: all wait for each other.

        Raises:
            StorageError: a worker was lost meanwhile.
            UsageError: the machine lacks GPUs.
        """
        from rebake.nn.training.strategies import replicas_of

        saved: dict[str, Any] = {}
        if self.is_chief:
            from rebake.nn.training.unfinished import read_saved

            saved = read_saved(self._directory)
            for lines in self._lines:
                lines.receive()
            self._tell({"saved": saved})
        else:
            [chief] = self._lines
            chief.send({"ready": True})
            saved = dict(answer_of(chief).get("saved") or {})
        for node, state in saved.items():
            context.warn(f"{node} goes on after epoch {state['epoch']}, where an earlier run of this training ended.")
        addresses = () if self.cluster is None else self.cluster.addresses
        number = 0 if self.cluster is None else self.cluster.number
        self._replicas = replicas_of(
            addresses,
            number,
            gpus=self._gpus,
            num_threads=context.num_threads,
            warn=context.warn,
            saved=saved,
            directory=self._directory if self.is_chief else None,
        )
        return replace(context, replicas=self._replicas)

    def train(self, plan: Plan, context: TrainingContext, components: Path) -> PipelineTraining:
        """Train the pipeline with all others into ``components/``.

        Raises:
            StorageError: a worker was lost.
            RebakeError: as :func:`rebake.nlu.pipeline.train_pipeline`.
        """
        from rebake.nn.training.strategies import LostWorkerError

        try:
            together = self.context(context)
            with together.replicas.losing_workers():
                return train_pipeline(
                    plan.request.assistant.config.pipeline,
                    plan.request.assistant,
                    together,
                    components,
                    lambda _: None,
                    end_to_end=plan.is_end_to_end,
                )
        except LostWorkerError as error:
            names = "another worker"
            if self.cluster is not None and error.number is not None and error.number < len(self.cluster.addresses):
                names = self.cluster.name_of(error.number)
            fix = "Start all workers again; the training goes on from the last epoch that was saved."
            raise lost(names, error.reason, fix) from error

    def finish(self, model: str) -> None:
        """Say, as the chief, that the model is written; what was saved of its training goes."""
        if self._directory is not None and self.trains:
            shutil.rmtree(self._directory, ignore_errors=True)
        for lines in self._lines:
            with suppress(StorageError):  # it has nothing left to do
                lines.send({"model": model})
            lines.close()

    def _fail(self, error: RebakeError) -> None:
        for lines in self._lines:
            with suppress(StorageError):
                lines.send({"error": f"Worker 0 has failed: {error}"})

    @contextmanager
    def led(self) -> Iterator[None]:
        """Let the others know of an error that ends the chief's run inside."""
        try:
            yield
        except RebakeError as error:
            self._fail(error)
            raise

    def model(self) -> str:
        """Wait, as a worker, until the chief has written the model; its path there.

        Raises:
            StorageError: it has not.
        """
        [chief] = self._lines
        answer = answer_of(chief, seconds=None)
        chief.close()
        return one_line(str(answer.get("model")))

    def _unfinished(self, plan: Plan) -> Path | None:
        if self._cache is None or not self.is_chief:
            return None
        place = self._cache / _UNFINISHED
        with suppress(OSError):
            for entry in list(place.iterdir()):
                if entry.is_dir() and time.time() - entry.stat().st_mtime > _KEPT_SECONDS:
                    shutil.rmtree(entry, ignore_errors=True)
        key = "\n".join(f"{name}={value}" for name, value in sorted(details_of(plan).items()))
        return place / hashlib.sha256(key.encode()).hexdigest()[:32]


def assist(plan: Plan, workers: Workers, progress: Progress, notices: NoticeSink) -> str | None:
    """Train NLU as a worker that is not the chief.

    Returns:
        Where the chief has written the model; None where nothing was to be trained.

    Raises:
        StorageError: the workers do not agree, one was lost, or the chief has failed.
        RebakeError: the assistant cannot be trained.
    """
    workers.meet(plan)
    if not workers.trains:
        return None
    context = TrainingContext(
        language=plan.request.assistant.config.language,
        num_threads=plan.request.num_threads,
        progress=progress,
        notices=notices,
    )
    with temporary_directory() as scratch:
        workers.train(plan, context, scratch)
    return workers.model()


def _require_trainable(plan: Plan) -> None:
    if "nlu" in plan.by_rasa:
        raise UsageError("Your own Rasa trains NLU here, in one process.", fix="Unset TF_CONFIG, and leave out --gpus.")
    if plan.request.finetune is not None:
        raise UsageError("Fine-tuning runs in one process.", fix="Unset TF_CONFIG, and leave out --gpus.")
