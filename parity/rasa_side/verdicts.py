"""Whether Rasa trains a project, and whether it loads a domain or a model that rebake wrote.

The job has `projects` (directories with config.yml, domain.yml and data), `domains` (files) and `models` (archives).
The answer has, for each of them in order, null or why it is refused. Projects are trained with all that Rasa does in
`rasa train`, in this one process, so their pipelines and policies should be quick to train.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import rasa.model_training
from rasa.core.agent import Agent
from rasa.shared.core.domain import Domain

from parity.rasa_side.job import run

EMPTY_DOMAIN = "Using empty domain"
NO_AUGMENTATION = {"augmentation_factor": 0}


def refusal(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:400]


def train(directory: str) -> str | None:
    os.chdir(directory)
    with warnings.catch_warnings(record=True) as caught, tempfile.TemporaryDirectory() as out:
        warnings.simplefilter("always")
        try:
            # Of a domain that is invalid Rasa only warns, and trains NLU without it.
            if Path("domain.yml").exists():
                Domain.load("domain.yml")
            result = rasa.model_training.train(
                "domain.yml", "config.yml", ["data"], out, core_additional_arguments=NO_AUGMENTATION
            )
        except (Exception, SystemExit) as error:  # any: what Rasa refuses is what is asked for
            return refusal(error)
    lost = [str(warning.message) for warning in caught if EMPTY_DOMAIN in str(warning.message)]
    if lost:
        return lost[0][:400]
    return None if result.code == 0 else f"exit code {result.code}"


def load_domain(file: str) -> str | None:
    try:
        Domain.from_file(file)
    except Exception as error:  # any, as above
        return refusal(error)
    return None


def load_model(archive: str) -> str | None:
    try:
        agent = Agent.load(archive)
        asyncio.run(agent.parse_message("hello"))
    except Exception as error:  # any, as above
        return refusal(error)
    return None if agent.is_ready() else "not ready"


def answer(job: dict[str, list[str]]) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    sys.setrecursionlimit(5000)
    with Path(os.devnull).open("w") as quiet, contextlib.redirect_stdout(quiet):
        return {
            "projects": [train(directory) for directory in job["projects"]],
            "domains": [load_domain(file) for file in job["domains"]],
            "models": [load_model(archive) for archive in job["models"]],
        }


if __name__ == "__main__":
    run(answer)
