"""Cross-validation: a model for each fold, trained on the other folds and tested on this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.evaluation.entities import EntityTest
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.nlu.folds import folds_of, left_out
from rebake.evaluation.nlu.side_by_side import Trial, run_trials
from rebake.evaluation.result import NluTest
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
    check(request, notices)
    return join(run_trials(_trials(request), request.processes, progress, notices))


def run_fold(request: CrossValidation, number: int, progress: Progress, notices: NoticeSink) -> NluTest:
    """Train and test one fold, from 1 on; :func:`join` makes the same of all folds as :func:`cross_validate`.

    Raises DataError, UnsupportedError as :func:`cross_validate`.
    """
    check(request, notices)
    [test] = run_trials([_trials(request)[number - 1]], 1, progress, notices)
    return test


def check(request: CrossValidation, notices: NoticeSink) -> None:
    """Report the findings about the assistant, and which intents are left out. Raises DataError, UnsupportedError."""
    assistant = request.assistant
    for notice in check_assistant(assistant, frozenset({"nlu"}), to_train=True):
        notices.add(notice)
    for intent, number in left_out(assistant.nlu.examples, request.folds).items():
        message = f"The intent '{intent}' is left out: it has {number} of the {request.folds} examples that it needs."
        notices.add(Notice(message))


def _trials(request: CrossValidation) -> list[Trial]:
    splits = folds_of(request.assistant.nlu.examples, request.folds, request.seed)
    return [
        Trial(f"Fold {number}", request.assistant, train, held_out)
        for number, (train, held_out) in enumerate(splits, start=1)
    ]


def join(tests: Sequence[NluTest]) -> NluTest:
    """Make one test of those of all folds, in their order."""
    intents = [example for test in tests if test.intents is not None for example in test.intents.examples]
    responses = [example for test in tests if test.responses is not None for example in test.responses.examples]
    entities = [example for test in tests if test.entities is not None for example in test.entities.examples]
    return NluTest(
        LabelTest(tuple(intents)) if intents else None,
        LabelTest(tuple(responses)) if responses else None,
        EntityTest(tuple(entities)) if entities else None,
        tuple(fold for test in tests for fold in test.folds),
    )
