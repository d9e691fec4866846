"""Cross-validated NLU accuracy of Rasa 3.6.21.

    python -m benchmarks rasa_nlu_folds ASSISTANT RESULT.json [--work DIR] [--folds 5]

Each fold is trained by `rasa train nlu` with the assistant's own pipeline and epochs and asked through `Agent`. The
result is written after every fold, so a run that is stopped keeps what it has, and a later run goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent

from benchmarks.folds import make_folds
from parity.scoring import read_rows, score


async def parse_all(archive: str, texts: list[str]) -> list[dict[str, Any]]:
    agent = Agent.load(archive)
    return [await agent.parse_message(text) for text in texts]


def run_fold(directory: Path) -> dict[str, Any]:
    began = time.monotonic()
    subprocess.run(
        [
            str(Path(sys.executable).with_name("rasa")),
            *("train", "nlu", "--config", "config.yml", "--nlu", "data", "--out", "models"),
            *("--fixed-model-name", "model"),
        ],
        cwd=directory,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    trained = time.monotonic() - began
    gold = read_rows(directory / "test.jsonl")
    parses = asyncio.run(parse_all(str(directory / "models" / "model.tar.gz"), [row["text"] for row in gold]))
    return {"fold": directory.name, "train_seconds": round(trained, 1), **score(gold, parses)}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("assistant", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "rasa-nlu-folds")
    parser.add_argument("--folds", type=int, default=5)


def run(given: Namespace) -> int:
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    rows = json.loads(given.result.read_text())["per_fold"] if given.result.exists() else []
    done = {row["fold"] for row in rows}
    for directory in make_folds(given.assistant, given.work, given.folds):
        if directory.name in done:
            continue
        rows.append(run_fold(directory))
        accuracies = [row["intent_accuracy"] for row in rows]
        results = {
            "assistant": given.assistant.name,
            "trainer": "rasa 3.6.21",
            "machine": f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}",
            "mean_intent_accuracy": statistics.fmean(accuracies),
            "spread_intent_accuracy": statistics.stdev(accuracies) if len(rows) > 1 else None,
            "mean_entity_f1": statistics.fmean(row["entity_f1"] for row in rows),
            "per_fold": rows,
        }
        given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
