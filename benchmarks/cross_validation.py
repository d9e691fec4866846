"""`rasa test nlu --cross-validation` and `rebake test nlu --cross-validation` side by side, as a user types them.

    python -m benchmarks cross_validation RESULT.json ASSISTANT... [--folds 5]

Each side cross-validates the assistant's NLU data with the assistant's configuration, in a fresh copy, one
after the other. Each side draws its own folds. The load before each run is recorded; what else the result file has is
kept.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from benchmarks.processes import machine, run_measured
from parity.rasa import environment

COMPARED = ("seconds", "cpu_seconds", "peak_megabytes")


def commands(folds: int, rasa: Path) -> dict[str, list[str]]:
    """What either side is started with, in a directory with config.yml, domain.yml and data."""
    options = ["test", "nlu", "--cross-validation", "--folds", str(folds), "--config", "config.yml", "--nlu", "data"]
    return {
        "rebake": [sys.executable, "-m", "rebake", *options, "--out", "results"],
        "rasa": [str(rasa / "bin" / "rasa"), *options, "--out", "results"],
    }


def compare(assistant: Path, folds: int, rasa: Path) -> dict[str, Any]:
    """What each side takes, its weighted F1 of intents, and how many times rebake's figures those of Rasa are."""
    found: dict[str, dict[str, Any]] = {}
    for name, command in commands(folds, rasa).items():
        with tempfile.TemporaryDirectory(prefix=f"{name}-folds-") as work:
            project = shutil.copytree(assistant, Path(work) / "project")
            found[name] = run_measured(command, project)
            report = json.loads((project / "results" / "intent_report.json").read_text(encoding="utf-8"))
            found[name]["intent_f1"] = round(report["weighted avg"]["f1-score"], 4)
    ratios = {key: round(found["rasa"][key] / found["rebake"][key], 1) for key in COMPARED}
    return {**found, "rasa_to_rebake": ratios}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("assistants", type=Path, nargs="+")
    parser.add_argument("--folds", type=int, default=5)


def run(given: Namespace) -> int:
    rasa = environment()
    results: dict[str, Any] = {"assistants": {}}
    if given.result.exists():
        results = json.loads(given.result.read_text(encoding="utf-8"))
    results["machine"] = machine()
    print("| assistant | folds | | seconds | processor seconds | peak memory, MB | intents, F1 |")
    print("|---|---|---|---|---|---|---|")
    for assistant in given.assistants:
        found = compare(assistant, given.folds, rasa)
        results["assistants"].setdefault(assistant.name, {})[str(given.folds)] = found
        given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        for name, figures in (("rasa", found["rasa"]), ("rebake", found["rebake"]), ("ratio", found["rasa_to_rebake"])):
            cells = " | ".join(str(figures.get(key, "")) for key in (*COMPARED, "intent_f1"))
            print(f"| {assistant.name} | {given.folds} | {name} | {cells} |", flush=True)
    return 0
