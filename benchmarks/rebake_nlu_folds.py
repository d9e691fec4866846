"""Cross-validated NLU accuracy of rebake on the folds that `rasa_nlu_folds` uses.

    python -m benchmarks rebake_nlu_folds ASSISTANT RESULT.json [--against RASA.json] [--folds 5]

Each fold is trained by `rebake.model_training.train_nlu` with the assistant's own pipeline and epochs. With --against
the exit code is 1 if the mean accuracy is below Rasa's by more than the spread (standard deviation) of Rasa's folds.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import rebake
from benchmarks.folds import make_folds
from parity.scoring import read_rows, score
from rebake.model_training import train_nlu


def run_fold(directory: Path) -> dict[str, Any]:
    began = time.monotonic()
    archive = train_nlu(
        config=str(directory / "config.yml"), nlu_data=str(directory / "data"), output=str(directory / "models")
    )
    trained = time.monotonic() - began
    model = rebake.load_model(str(archive))
    gold = read_rows(directory / "test.jsonl")
    parses = [model.parse(row["text"]) for row in gold]
    return {"fold": directory.name, "train_seconds": round(trained, 1), **score(gold, parses)}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("assistant", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--folds", type=int, default=5)


def run(given: Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="rebake-folds-") as work:
        rows = [run_fold(directory) for directory in make_folds(given.assistant, Path(work) / "folds", given.folds)]
    accuracies = [row["intent_accuracy"] for row in rows]
    results = {
        "assistant": given.assistant.name,
        "trainer": f"rebake {rebake.__version__}",
        "machine": f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}",
        "mean_intent_accuracy": statistics.fmean(accuracies),
        "spread_intent_accuracy": statistics.stdev(accuracies),
        "mean_entity_f1": statistics.fmean(row["entity_f1"] for row in rows),
        "per_fold": rows,
    }
    given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"rebake: {results['mean_intent_accuracy']:.3f} +- {results['spread_intent_accuracy']:.3f}")
    if given.against:
        rasa = json.loads(given.against.read_text(encoding="utf-8"))
        print(f"Rasa:   {rasa['mean_intent_accuracy']:.3f} +- {rasa['spread_intent_accuracy']:.3f}")
        if results["mean_intent_accuracy"] < rasa["mean_intent_accuracy"] - rasa["spread_intent_accuracy"]:
            sys.exit("rebake's accuracy is lower than Rasa's by more than the spread of Rasa's folds.")
    return 0
