"""Cross-validation: a model for each fold, trained on the other folds and tested on this one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rebake.assistant.model import Assistant
from rebake.base.child_process import ChildProcess, can_fork
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.base.processors import processors
from rebake.base.progress import Progress, Silent, Task
from rebake.base.training_context import TrainingContext
from rebake.evaluation.entities import EntityTest
from rebake.evaluation.json import nlu_as_dict, nlu_from_dict
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.nlu.folds import Split, folds_of, left_out
from rebake.evaluation.nlu.parsed_examples import evaluate_nlu
from rebake.evaluation.result import Fold, NluTest
from rebake.validation.assistant import check_assistant


@dataclass(frozen=True)
class CrossValidation:
    """What a cross-validation is to do.

    Attributes:
        assistant: its pipeline is trained on shares of its NLU data.
        folds: how many.
        seed: decides which example is in which fold; the training has the seeds of the pipeline.
        processes: how many folds are trained at the same time, each in its own process; None = as many as there are
            processors. The result is the same.
    """

    assistant: Assistant
    folds: int = 5
    seed: int = 42
    processes: int | None = None


def cross_validate(request: CrossValidation, progress: Progress, notices: NoticeSink) -> NluTest:
    """Train and test all folds; the examples of the result are those of all folds, in order.

    Args:
        request: what to do.
        progress: gets the tasks of all folds.
        notices: receives the findings about the assistant, which intents are left out, and what the trainings warn of.

    Raises:
        DataError, UnsupportedError: mistakes in the assistant's files, or too few examples.
    """
    assistant = request.assistant
    for notice in check_assistant(assistant, frozenset({"nlu"}), to_train=True):
        notices.add(notice)
    examples = assistant.nlu.examples
    splits = folds_of(examples, request.folds, request.seed)
    for intent, number in left_out(examples, request.folds).items():
        message = f"The intent '{intent}' is left out: it has {number} of the {request.folds} examples that it needs."
        notices.add(Notice(message))
    workers = min(request.processes or processors(), len(splits)) if can_fork() else 1
    shares = [list(range(first, len(splits), workers)) for first in range(workers)]
    work = partial(_test_folds, assistant, splits, max(processors() // workers, 1))
    answers: dict[str, Any] = {}
    if workers == 1:
        answers.update(work(shares[0], progress, notices))
    else:
        with _running([partial(work, share) for share in shares], progress, notices) as children:
            for child in children:
                answers.update(child.answer())
    return _joined([answers[str(number)] for number in range(len(splits))])


@contextmanager
def _running(work: Sequence[Any], progress: Progress, notices: NoticeSink) -> Iterator[list[ChildProcess]]:
    children: list[ChildProcess] = []
    fix = "Train fewer folds at a time with --processes."
    try:
        children.extend(
            ChildProcess(share, progress, name="The training of a fold", fix=fix, listen=False) for share in work
        )
        for child in children:
            child.listen()
        yield children
    finally:
        for child in children:
            child.stop()
        for notice in dict.fromkeys(notice for child in children for notice in child.notices):
            notices.add(notice)


def _test_folds(
    assistant: Assistant,
    splits: Sequence[Split],
    threads: int,
    numbers: Sequence[int],
    progress: Progress,
    notices: NoticeSink,
) -> dict[str, Any]:
    """Train and test some folds, one after the other: number -> its test as JSON, which a pipe can carry."""
    answers = {}
    for number in numbers:
        named = _Named(progress, f"Fold {number + 1}")
        answers[str(number)] = _test_fold(assistant, splits[number], threads, named, notices)
    return answers


def _test_fold(
    assistant: Assistant, split: Split, threads: int, progress: Progress, notices: NoticeSink
) -> dict[str, Any]:
    from rebake.nlu.pipeline import load_pipeline, train_pipeline

    train, held_out = split
    part = replace(assistant, nlu=replace(assistant.nlu, examples=train))
    context = TrainingContext(assistant.config.language, threads, progress=progress, notices=notices)
    with tempfile.TemporaryDirectory(prefix="rebake-fold-") as directory:
        trained = train_pipeline(assistant.config.pipeline, part, context, Path(directory), lambda _: None)
        pipeline = load_pipeline(trained.nodes, Path(directory))
        test = evaluate_nlu(pipeline, held_out, progress, "test")
        own = evaluate_nlu(pipeline, train, Silent())
    fold = Fold(len(held_out), _weighted_f1(test), _weighted_f1(own))
    return nlu_as_dict(replace(test, folds=(fold,)))


def _weighted_f1(test: NluTest) -> dict[str, float]:
    figures = {
        name: labels.scores.weighted.f1
        for name, labels in (("intents", test.intents), ("responses", test.responses))
        if labels is not None
    }
    extractors = test.entities.extractors if test.entities is not None else ()
    return figures | {extractor.name: extractor.tokens.weighted.f1 for extractor in extractors}


def _joined(answers: Sequence[Mapping[str, Any]]) -> NluTest:
    """One test of the examples of all folds."""
    tests = [nlu_from_dict(answer) for answer in answers]
    intents, responses = (
        tuple(example for test in tests if (labels := getattr(test, kind)) is not None for example in labels.examples)
        for kind in ("intents", "responses")
    )
    entities = tuple(example for test in tests if test.entities is not None for example in test.entities.examples)
    return NluTest(
        LabelTest(intents) if intents else None,
        LabelTest(responses) if responses else None,
        EntityTest(entities) if entities else None,
        tuple(fold for test in tests for fold in test.folds),
    )


class _Named:
    """A progress whose tasks begin with the name of their fold."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name = progress, name

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        with self._progress.task(f"{self._name}, {name}", total, unit) as task:
            yield task
