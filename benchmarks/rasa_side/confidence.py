"""How confident Rasa 3.6.21 is of intents: its half of `python -m benchmarks confidence`.

python -m benchmarks rasa_confidence RESULT.json ASSISTANT... --work DIR [--seeds 1 2 ...]
"""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from contextlib import redirect_stdout
from typing import Any

from rasa.core.agent import Agent
from rasa.model_training import train_nlu

from benchmarks.confidence_projects import ConfidenceProject, Parse, add_common_options, measure, projects


def trained(project: ConfidenceProject, seed: int) -> Parse:
    config = project.config(seed)
    os.chdir(project.directory)
    with redirect_stdout(sys.stderr):
        archive = train_nlu(str(config), str(project.directory / "data"), str(project.directory / "models"))
    agent = Agent.load(archive)

    async def parse_all(texts: list[str]) -> list[dict[str, Any]]:
        return [dict(await agent.parse_message(text)) for text in texts]

    return lambda texts: asyncio.run(parse_all(texts))


def add_options(parser: ArgumentParser) -> None:
    add_common_options(parser)


def run(given: Namespace) -> int:
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    work, result = given.work.resolve(), given.result.resolve()
    wanted = [(project, seed) for project in projects(given.assistants, work) for seed in given.seeds]
    measure(result, "Rasa", wanted, trained)
    return 0
