"""How often Rasa 3.6.21's TEDPolicy, asked alone, predicts the actions of the training stories.

    python -m benchmarks rasa_ted RESULT.json POINTS_DIR ASSISTANT... [--seeds 1 2 3]

For each seed `rasa train core` trains the assistant's own policies at their own epochs (RulePolicy is there because
what it knows of rules hides turns from TEDPolicy, also when TEDPolicy alone is asked). The prediction points (rules
left out, no augmentation) are written to POINTS_DIR/<assistant>.json for `rebake_ted`. Seeds that the
result file already has are not run again.
"""

from __future__ import annotations

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
from rasa.shared.importers.importer import TrainingDataImporter

from benchmarks.ted_projects import project_with_seed
from parity.rasa_side.archives import decide, policy_nodes, project_points


def story_points(project: Path) -> list[dict[str, Any]]:
    importer = TrainingDataImporter.load_from_config(
        str(project / "config.yml"), str(project / "domain.yml"), [str(project / "data")]
    )
    return [point for point in project_points(importer) if not point["rule"] and not point["swapped"]]


def right_of_ted(archive: Path, points: list[dict[str, Any]]) -> int:
    agent = Agent.load(str(archive))
    nodes = [node for node in policy_nodes(agent) if "TEDPolicy" in node and "Unexpec" not in node]
    right = 0
    for point in points:
        results = decide(agent, nodes, agent.processor.domain, point["events"])["policies"][nodes[0]]
        right += max(results, key=lambda name: results[name]) == point["expected"]
    return right


def run_seed(assistant: Path, work: Path, seed: int, points_file: Path) -> dict[str, Any]:
    project = project_with_seed(assistant, work, seed)
    began = time.monotonic()
    subprocess.run(
        [
            str(Path(sys.executable).with_name("rasa")),
            *("train", "core", "--config", "config.yml", "--domain", "domain.yml", "--stories", "data"),
            *("--out", "models", "--fixed-model-name", "model"),
        ],
        cwd=project,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    seconds = time.monotonic() - began
    points = story_points(project)
    points_file.parent.mkdir(parents=True, exist_ok=True)
    points_file.write_text(json.dumps(points, ensure_ascii=False), encoding="utf-8")
    right = right_of_ted(project / "models" / "model.tar.gz", points)
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])


def run(given: Namespace) -> int:
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    results: dict[str, Any] = {
        "trainer": "rasa 3.6.21",
        "machine": f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}",
        "assistants": {},
    }
    kept = json.loads(given.result.read_text(encoding="utf-8"))["assistants"] if given.result.exists() else {}
    results["assistants"].update(kept)
    for assistant in given.assistants:
        rows = kept.get(assistant.name, {}).get("per_seed", [])
        for seed in sorted(set(given.seeds) - {row["seed"] for row in rows}):
            with tempfile.TemporaryDirectory(prefix="rasa-ted-") as work:
                points_file = given.points.resolve() / f"{assistant.name}.json"
                rows.append(run_seed(assistant, Path(work) / "project", seed, points_file))
            accuracies = [row["accuracy"] for row in rows]
            results["assistants"][assistant.name] = {
                "mean_accuracy": statistics.fmean(accuracies),
                "lowest": min(accuracies),
                "highest": max(accuracies),
                "per_seed": rows,
            }
            given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
