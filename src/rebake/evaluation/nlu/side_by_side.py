"""Pipelines trained and tested side by side, each process one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rebake.archive.scratch import temporary_directory
from rebake.assistant.model import Assistant, Example
from rebake.base.child_process import ChildProcess, Work, can_fork
from rebake.base.memory import available_memory
from rebake.base.notices import NoticeSink
from rebake.base.processors import processors
from rebake.base.progress import Progress, Silent, Task
from rebake.base.training_context import TrainingContext
from rebake.evaluation.json import nlu_as_dict, nlu_from_dict
from rebake.evaluation.nlu.parsed_examples import evaluate_nlu
from rebake.evaluation.result import Fold, NluTest

PROCESS_MEMORY = 1 << 30  # bytes; a training of helpdesk's pipeline takes 800 MB


@dataclass(frozen=True)
class Trial:
    """A pipeline to train on some examples and to test on others.

    Attributes:
        name: of its tasks.
        assistant: its pipeline, its synonyms, regexes and lookup tables, and its responses count.
        train: what to train on.
        held_out: what to test on.
    """

    name: str
    assistant: Assistant
    train: tuple[Example, ...]
    held_out: tuple[Example, ...]


def run_trials(
    trials: Sequence[Trial], processes: int | None, progress: Progress, notices: NoticeSink
) -> list[NluTest]:
    """Train and test; each result has one fold, with the figures on the training examples as well.

    Args:
        trials: what to do; they are dealt out to the processes.
        processes: how many run at the same time; None = as many as there are processors, and memory for them. It
            changes no result.
        progress: gets the tasks of all trials.
        notices: receives what the trainings warn of.

    Raises:
        DataError, UnsupportedError: a training fails on the assistant's files.
    """
    workers = min(processes or _most_processes(), len(trials)) if can_fork() else 1
    threads = max(processors() // max(workers, 1), 1)
    shares = [range(first, len(trials), workers) for first in range(workers)]
    work = [partial(_run_share, trials, share, threads) for share in shares]
    answers: dict[str, Any] = {}
    if workers == 1:
        answers.update(work[0](progress, notices))
    else:
        with _running(work, progress, notices) as children:
            for child in children:
                answers.update(child.answer())
    return [nlu_from_dict(answers[str(number)]) for number in range(len(trials))]


def _most_processes() -> int:
    memory = available_memory()
    return processors() if memory is None else max(min(processors(), memory // PROCESS_MEMORY), 1)


@contextmanager
def _running(work: Sequence[Work], progress: Progress, notices: NoticeSink) -> Iterator[list[ChildProcess]]:
    children: list[ChildProcess] = []
    fix = "Train fewer models at a time with --processes."
    try:
        children.extend(ChildProcess(share, progress, name="A training", fix=fix, listen=False) for share in work)
        for child in children:
            child.listen()
        yield children
    finally:
        for child in children:
            child.stop()
        for notice in dict.fromkeys(notice for child in children for notice in child.notices):
            notices.add(notice)


def _run_share(
    trials: Sequence[Trial], share: Sequence[int], threads: int, progress: Progress, notices: NoticeSink
) -> Mapping[str, Any]:
    """Run some trials: number -> the test as JSON, which a pipe can carry."""
    return {
        str(number): nlu_as_dict(_run(trials[number], threads, _Named(progress, trials[number].name), notices))
        for number in share
    }


def _run(trial: Trial, threads: int, progress: Progress, notices: NoticeSink) -> NluTest:
    from rebake.nlu.pipeline import load_pipeline, train_pipeline

    assistant = replace(trial.assistant, nlu=replace(trial.assistant.nlu, examples=trial.train))
    context = TrainingContext(assistant.config.language, threads, progress=progress, notices=notices)
    with temporary_directory() as directory:
        trained = train_pipeline(assistant.config.pipeline, assistant, context, Path(directory), lambda _: None)
        pipeline = load_pipeline(trained.nodes, Path(directory))
        test = evaluate_nlu(pipeline, trial.held_out, progress, "test")
        own = evaluate_nlu(pipeline, trial.train, Silent())
    return replace(test, folds=(Fold(len(trial.held_out), test.weighted_f1, own.weighted_f1),))


class _Named:
    """A progress whose tasks begin with the name of their trial."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name = progress, name

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        with self._progress.task(f"{self._name}, {name}", total, unit) as task:
            yield task
