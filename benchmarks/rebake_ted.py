"""How often rebake's TEDPolicy, asked alone, predicts the actions of the training stories.

    python -m benchmarks rebake_ted RESULT.json POINTS_DIR ASSISTANT... [--against RASA.json] [--seeds 1 2 3]

The prediction points are those that `rasa_ted` wrote. With --against the exit code is 1 if the mean over
the seeds is lower than the lowest of Rasa's seeds.
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
from benchmarks.ted_projects import project_with_seed
from rebake.model_training import train_core


def right_of_ted(archive: str, points: list[dict[str, Any]]) -> int:
    model = rebake.load_model(archive)
    right = 0
    for point in points:
        policies = model.predict_next(point["events"])["policies"]
        results = next(policies[node] for node in policies if node.removeprefix("run_").startswith("TEDPolicy"))
        right += max(results, key=lambda name: results[name]) == point["expected"]
    return right


def run_seed(assistant: Path, work: Path, seed: int, points: list[dict[str, Any]]) -> dict[str, Any]:
    project = project_with_seed(assistant, work, seed)
    began = time.monotonic()
    archive = train_core(
        domain=str(project / "domain.yml"),
        config=str(project / "config.yml"),
        stories=str(project / "data"),
        output=str(project / "models"),
    )
    seconds = time.monotonic() - began
    right = right_of_ted(str(archive), points)
    return {
        "seed": seed,
        "train_seconds": round(seconds, 1),
        "points": len(points),
        "right": right,
        "accuracy": right / len(points),
    }


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("points", type=Path)
    parser.add_argument("assistants", type=Path, nargs="+")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])


def run(given: Namespace) -> int:
    results: dict[str, Any] = {
        "trainer": f"rebake {rebake.__version__}",
        "machine": f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}",
        "assistants": {},
    }
    kept = json.loads(given.result.read_text(encoding="utf-8"))["assistants"] if given.result.exists() else {}
    results["assistants"].update(kept)
    rasa = json.loads(given.against.read_text(encoding="utf-8"))["assistants"] if given.against else {}
    worse = []
    for assistant in given.assistants:
        points = json.loads((given.points / f"{assistant.name}.json").read_text(encoding="utf-8"))
        rows = kept.get(assistant.name, {}).get("per_seed", [])
        for seed in sorted(set(given.seeds) - {row["seed"] for row in rows}):
            with tempfile.TemporaryDirectory(prefix="rebake-ted-") as work:
                rows.append(run_seed(assistant, Path(work) / "project", seed, points))
        accuracies = [row["accuracy"] for row in rows]
        mean = statistics.fmean(accuracies)
        results["assistants"][assistant.name] = {
            "mean_accuracy": mean,
            "lowest": min(accuracies),
            "highest": max(accuracies),
            "per_seed": rows,
        }
        given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        print(f"{assistant.name}: rebake {mean:.3f} ({min(accuracies):.3f} to {max(accuracies):.3f})")
        theirs = rasa.get(assistant.name)
        if theirs:
            print(f"  Rasa {theirs['mean_accuracy']:.3f} ({theirs['lowest']:.3f} to {theirs['highest']:.3f})")
            if mean < theirs["lowest"]:
                worse.append(assistant.name)
    if worse:
        sys.exit(f"TEDPolicy of rebake is right less often than the worst seed of Rasa's on {', '.join(worse)}.")
    return 0
