"""Let Rasa fetch a model from a bucket, as `rasa run --remote-storage aws` does, and ask it.

The job: `model` (the file name that --model has), `texts`, `work` (where Rasa leaves the file that it downloads). The
bucket is that of the variables BUCKET_NAME and AWS_ENDPOINT_URL. The answer: `parses`.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from rasa.core.agent import load_agent

from parity.rasa_side.job import run


async def parses(model: str, texts: list[str]) -> list[Any]:
    agent = await load_agent(model_path=model, remote_storage="aws")
    if not agent.is_ready():
        raise SystemExit(f"Rasa did not load {model}; the log says why.")
    return [await agent.parse_message(text) for text in texts]


def answer(job: dict[str, Any]) -> dict[str, Any]:
    os.chdir(job["work"])
    return {"parses": asyncio.run(parses(job["model"], job["texts"]))}


if __name__ == "__main__":
    run(answer)
