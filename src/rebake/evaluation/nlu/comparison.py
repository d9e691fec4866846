"""Configurations compared as ``rasa test nlu --config A.yml B.yml`` does: on random splits, with ever less data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rebake.assistant.model import Assistant, Example, NluData
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.errors import DataError
from rebake.evaluation.nlu.parsed_examples import base_intent
from rebake.evaluation.nlu.side_by_side import Trial, run_trials
from rebake.evaluation.result import ComparedTest
from rebake.evaluation.split import split_examples
from rebake.validation.assistant import check_assistant

FEWEST_EXAMPLES = 5  # of an intent that counts
TRAINING_FRACTION = 0.8
PERCENTAGES = (0, 25, 50, 75)
RUNS = 3


@dataclass(frozen=True)
class Competition:
    """What a comparison is to do.

    Attributes:
        assistants: name of a configuration -> the assistant with it; all have the same NLU data.
        data: to split into a training and a test part, 80 to 20, differently in each run.
        percentages: how much of the training part is left out, as a percentage.
        runs: how many times each configuration is trained for each percentage.
        seed: of the first run; each further one has the next.
        processes: how many models are trained at the same time; None = as many as there are processors.
    """

    assistants: dict[str, Assistant]
    data: NluData
    percentages: Sequence[int] = PERCENTAGES
    runs: int = RUNS
    seed: int = 42
    processes: int | None = None


@dataclass(frozen=True)
class ComparisonRun:
    """The data of one run.

    Attributes:
        number: from 1.
        test: the examples that all its models are tested on.
        train: percentage that is left out -> what is trained on.
    """

    number: int
    test: tuple[Example, ...]
    train: dict[int, tuple[Example, ...]]


def runs_of(request: Competition) -> list[ComparisonRun]:
    """Split the data for each run. Raises DataError where no intent has enough examples.

    As with Rasa, one example of each intent is left out at least, even at 0 %.
    """
    examples = request.data.examples
    counts = Counter(base_intent(example) for example in examples)
    frequent = [one for one in examples if base_intent(one) and counts[base_intent(one)] >= FEWEST_EXAMPLES]
    if not frequent:
        raise DataError(f"No intent has {FEWEST_EXAMPLES} examples.", fix="Add examples, or name more with --nlu.")
    runs = []
    for number in range(request.runs):
        seed = request.seed + number
        train, test = split_examples(frequent, TRAINING_FRACTION, seed)
        shares = {percent: tuple(split_examples(train, percent / 100, seed)[1]) for percent in request.percentages}
        runs.append(ComparisonRun(number + 1, tuple(test), shares))
    return runs


def compare_configurations(
    request: Competition, runs: Sequence[ComparisonRun], progress: Progress, notices: NoticeSink
) -> list[ComparedTest]:
    """Train and test every configuration with every share of every run, in this order: run, percentage, configuration.

    Args:
        request: what to do.
        runs: of :func:`runs_of`.
        progress: gets the tasks of all trainings.
        notices: receives the findings about the assistants, and what the trainings warn of.

    Raises:
        DataError, UnsupportedError: mistakes in the files.
    """
    for assistant in request.assistants.values():
        for notice in check_assistant(assistant, frozenset({"nlu"}), to_train=True):
            notices.add(notice)
    places = [(run, percent, name) for run in runs for percent in request.percentages for name in request.assistants]
    trials = [
        Trial(f"{name}, run {run.number}, {percent} % left out", request.assistants[name], run.train[percent], run.test)
        for run, percent, name in places
    ]
    tests = run_trials(trials, request.processes, progress, notices)
    return [
        ComparedTest(name, run.number, percent, len(run.train[percent]), test)
        for (run, percent, name), test in zip(places, tests, strict=True)
    ]
