"""Core trains in a separate process, beside NLU, where both parts are stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rebake.base.child_process import ChildFailedError, ChildProcess, Polling, can_fork
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.base.training_context import TrainingContext
from rebake.build.training import Reuse, TrainedPart, TrainPart, TrainWith


@contextmanager
def core_beside_nlu(
    train_core: TrainWith, context: TrainingContext, components: Path, found: Mapping[str, Path | None] | None
) -> Iterator[tuple[TrainingContext, TrainPart]]:
    """Start the training of Core in a child process, if the parts can be trained side by side.

    Args:
        train_core: trains Core.
        context: settings of this run.
        components: ``components/`` of the model.
        found: of each of Core's nodes the directory that it is reused from; they are looked up before the process
            starts, so that no archive is unpacked in it. None where Core must wait for NLU.

    Yields:
        The context for the training of NLU, in which a failure of Core ends it, and what waits for Core (or trains
        it, where there is no child process).
    """
    if found is None or not can_fork():
        yield context, partial(train_core, context)
        return

    def work(progress: Progress, notices: NoticeSink) -> dict[str, Any]:
        reused: list[str] = []

        def reuse(node_id: str) -> Path | None:
            directory = found[node_id]
            if directory is not None:
                reused.append(node_id)
            return directory

        done = train_core(replace(context, progress=progress, notices=notices), components, reuse)
        return {
            "metrics": dict(done.metrics),
            "trained": list(done.trained),
            "seconds": done.seconds,
            "reused": reused,
            "finetuned": done.finetuned,
        }

    child = ChildProcess(
        work,
        context.progress,
        name="The training of Core",
        fix="Train the parts one after the other: `rebake train nlu`, then `rebake train`.",
    )

    def wait(_: Path, reuse: Reuse) -> TrainedPart:
        answer = child.answer()
        for node_id in answer["reused"]:
            reuse(node_id)
        return TrainedPart(answer["metrics"], answer["trained"], answer["seconds"], answer["finetuned"])

    try:
        yield replace(context, progress=Polling(context.progress, child)), wait
    except ChildFailedError:
        child.answer()
        raise
    finally:
        child.stop()
        for notice in child.notices:
            context.notices.add(notice)
