"""Rasa's half of scripts/conformance_variants, run by the Python of scripts/rasa_env: all variants in one process.

    PYTHON scripts/conformance_variants_rasa.py JOB.json ANSWER.json

The job: `texts`, `domain` and `variants`, each {"name", "config", "nlu", "ours", "theirs"}: Rasa trains the
configuration into the archive `theirs`, and parses the texts with it and with the archive `ours`.
The answer: `parses`, {name: {"theirs": parses, "ours": parses}}, and `defaults` of the job's `classes`.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.engine.exceptions import GraphComponentException
from rasa.model_training import train_nlu
from rasa.shared.utils.common import class_from_module_path


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


def answer(job: dict[str, Any], variant: dict[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    theirs = Path(variant["theirs"])
    trained = train_nlu(
        variant["config"], variant["nlu"], str(theirs.parent), fixed_model_name=theirs.name, domain=job["domain"]
    )
    if trained is None or not theirs.exists():
        raise SystemExit(f"Rasa trained nothing for {variant['name']}.")
    told = {side: parses(variant[side], job["texts"]) for side in ("theirs", "ours") if side in variant}
    print(f"{variant['name']}: {time.monotonic() - began:.0f} s", flush=True)
    return told


def plain(value: Any) -> Any:
    """What knows no JSON: float32 numbers of numpy, and paths among the defaults."""
    return str(value) if isinstance(value, Path) else float(value)


def main() -> None:
    question, out = map(Path, sys.argv[1:3])
    job = json.loads(question.read_text(encoding="utf-8"))
    told = {
        "defaults": {name: class_from_module_path(name).get_default_config() for name in job["classes"]},
        "parses": {variant["name"]: answer(job, variant) for variant in job["variants"]},
    }
    out.write_text(json.dumps(told, ensure_ascii=False, default=plain), encoding="utf-8")


if __name__ == "__main__":
    main()
