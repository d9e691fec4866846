"""Rasa's half of the suites `pipelines` and `extras`: all variants of a job in one process.

The job: `texts`, `domain` and `variants`, each {"name", "config", "nlu", "ours", "theirs"}: Rasa trains the
configuration into the archive `theirs`, and parses the texts with it and with the archive `ours`.
The answer: `parses`, {name: {"theirs": parses, "ours": parses}}, and `defaults` of the job's `classes`.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.engine.exceptions import GraphComponentException
from rasa.model_training import train_nlu
from rasa.shared.utils.common import class_from_module_path

from parity.rasa_side.job import run


def parses(archive: str, texts: list[str]) -> list[dict[str, Any]]:
    agent = Agent.load(archive)
    if not agent.is_ready():
        raise SystemExit(f"Rasa could not load {archive}.")

    async def parse(text: str) -> dict[str, Any]:
        try:
            return dict(await agent.parse_message(text))
        except GraphComponentException as error:  # DIET, of a text without the dense features it was trained with
            return {"failed": repr(error.__cause__)}

    async def parse_all() -> list[dict[str, Any]]:
        return [await parse(text) for text in texts]

    return asyncio.run(parse_all())


def answer_of(job: dict[str, Any], variant: dict[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    theirs = Path(variant["theirs"])
    trained = train_nlu(
        variant["config"], variant["nlu"], str(theirs.parent), fixed_model_name=theirs.name, domain=job["domain"]
    )
    if trained is None or not theirs.exists():
        raise SystemExit(f"Rasa trained nothing for {variant['name']}.")
    answered: dict[str, Any] = {
        side: parses(variant[side], job["texts"]) for side in ("theirs", "ours") if side in variant
    }
    print(f"{variant['name']}: {time.monotonic() - began:.0f} s", flush=True)
    return answered


def answer(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "defaults": {name: class_from_module_path(name).get_default_config() for name in job["classes"]},
        "parses": {variant["name"]: answer_of(job, variant) for variant in job["variants"]},
    }


if __name__ == "__main__":
    run(answer)
