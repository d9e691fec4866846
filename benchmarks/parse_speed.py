"""How fast a model parses, in a separate process; run by the Python of either environment.

    python -m benchmarks parse_speed ARCHIVE TEXTS.json RESULT.json [--rounds 3]         rebake
    python -m benchmarks rasa_parse_speed ARCHIVE TEXTS.json RESULT.json [--rounds 3]    Rasa

TEXTS.json is a list of texts. Loading is timed by itself and one text is parsed before anything else is timed. Then, a
round after the other: all texts one message at a time (Rasa has no other way), and with rebake all of them at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Ask = Callable[[list[str]], object]


def rasa_ways(archive: str) -> dict[str, Ask]:
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    logging.getLogger("rasa").setLevel(logging.WARNING)
    configure_structlog(logging.WARNING)  # as Rasa's command line does: else every message prints what was parsed
    agent = Agent.load(archive)

    async def one_by_one(texts: list[str]) -> None:
        for text in texts:
            await agent.parse_message(text)

    return {"one_at_a_time": lambda texts: asyncio.run(one_by_one(texts))}


def rebake_ways(archive: str) -> dict[str, Ask]:
    import rebake

    model = rebake.load_model(archive)
    return {
        "one_at_a_time": lambda texts: [model.parse(text) for text in texts],
        "all_at_once": model.parse_all,
    }


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time and of processor time."""
    wall, processor = time.monotonic(), time.process_time()
    action()
    return time.monotonic() - wall, time.process_time() - processor


def measured(ways: dict[str, Ask], texts: list[str], rounds: int) -> dict[str, Any]:
    """Per way the rounds and, of their medians, messages a second and milliseconds a message."""
    result: dict[str, Any] = {}
    for name, ask in ways.items():
        figures = [timed(partial(ask, texts)) for _ in range(rounds)]
        wall, processor = (statistics.median(values) for values in zip(*figures, strict=True))
        result[name] = {
            "messages_per_second": round(len(texts) / wall, 1),
            "milliseconds": round(1000 * wall / len(texts), 3),
            "cpu_milliseconds": round(1000 * processor / len(texts), 3),
            "round_seconds": [round(seconds, 3) for seconds, _ in figures],
        }
    return result


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("archive")
    parser.add_argument("texts", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--rounds", type=int, default=3)


def run(given: Namespace) -> int:
    texts = json.loads(given.texts.read_text(encoding="utf-8"))
    began = time.monotonic()
    ways = rebake_ways(given.archive) if find_spec("rasa") is None else rasa_ways(given.archive)
    next(iter(ways.values()))(texts[:1])  # rebake reads the archive's weights when it is first asked
    loaded = time.monotonic() - began
    results = {"messages": len(texts), "load_seconds": round(loaded, 1), **measured(ways, texts, given.rounds)}
    given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
