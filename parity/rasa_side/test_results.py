"""Let Rasa test models: what `rasa test nlu` and `rasa test core` write.

The job: `tests`, each with `archive`, `out` (a directory to be made) and `nlu` (NLU data), or `stories` (a file) with
`end_to_end`; and `splits`, each a file with NLU data and a fraction. Tests of one archive follow each other, as it is
loaded once. The answer: `tests`, for each the files that were written, {name: content}, JSON as values and everything
else as text; `splits`, for each how many examples of each intent or response are to train on, and to test on.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import tensorflow as tf
from rasa.core.agent import Agent
from rasa.core.test import test as test_stories
from rasa.nlu.classifiers.diet_classifier import DIETClassifier
from rasa.nlu.selectors.response_selector import ResponseSelector
from rasa.nlu.test import run_evaluation
from rasa.shared.nlu.training_data.loading import load_data

from parity.rasa_side.job import run


def run_diet_eagerly() -> None:
    """Load and ask DIET, and what extends it, without tracing graphs, which takes minutes; TED cannot be asked so."""
    load, process = DIETClassifier.load.__func__, DIETClassifier.process

    def eagerly(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def called(*arguments: Any, **options: Any) -> Any:
            tf.config.run_functions_eagerly(True)
            try:
                return function(*arguments, **options)
            finally:
                tf.config.run_functions_eagerly(False)

        return called

    DIETClassifier.load = classmethod(eagerly(load))
    DIETClassifier.process = eagerly(process)
    ResponseSelector.process = eagerly(ResponseSelector.process)


async def tested(agent: Agent, job: dict[str, Any]) -> None:
    if "nlu" in job:
        assert agent.processor is not None
        await run_evaluation(
            job["nlu"], agent.processor, output_directory=job["out"], successes=True, errors=True, disable_plotting=True
        )
    else:
        await test_stories(
            job["stories"], agent, out_directory=job["out"], e2e=job["end_to_end"], disable_plotting=True,
            successes=True, errors=True, warnings=True,
        )  # fmt: skip


def written(directory: Path) -> dict[str, Any]:
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(directory.iterdir())}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in texts.items()}


def split(path: str, fraction: float) -> list[dict[str, int]]:
    parts = load_data(path).train_test_split(fraction, random_seed=1)
    return [dict(Counter(example.get_full_intent() for example in part.nlu_examples)) for part in parts]


def answer(job: dict[str, Any]) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    run_diet_eagerly()
    answers = []
    agents: dict[str, Agent] = {}
    for test in job["tests"]:
        if test["archive"] not in agents:
            agents = {test["archive"]: Agent.load(test["archive"])}
        Path(test["out"]).mkdir(parents=True)
        asyncio.run(tested(agents[test["archive"]], test))
        answers.append(written(Path(test["out"])))
    return {"tests": answers, "splits": [split(*given) for given in job.get("splits", ())]}


if __name__ == "__main__":
    run(answer)
