"""`rasa train` and `rebake train` side by side on the same files: wall time and peak memory of the whole process.

    python -m benchmarks compare_training RESULT.json ASSISTANT... [--parts all nlu core] [--runs 1]

Both start cold (no cache, no old model) in a fresh copy of the assistant, take turns, and use its own configuration;
where that has no pipeline or no policies, both take Rasa's defaults. The time of a run with the machine busy with other
things says little: the load before each run is recorded with it. What else the result file has is kept.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from benchmarks.processes import machine, train
from parity.rasa import environment

DATA_OPTION = {"all": "--data", "nlu": "--nlu", "core": "--stories"}  # of `rasa train`, `rasa train nlu` ...
COMPARED = ("seconds", "peak_megabytes", "archive_megabytes")


def training_commands(part: str, rasa: Path) -> dict[str, list[str]]:
    """What either side is started with, in a directory with config.yml, domain.yml and data."""
    files = ["--config", "config.yml", "--domain", "domain.yml", "--out", "models"]
    subcommand = ["train"] if part == "all" else ["train", part]
    return {
        "rasa": [str(rasa / "bin" / "rasa"), *subcommand, *files, DATA_OPTION[part], "data"],
        "rebake": [sys.executable, "-m", "rebake", *subcommand, *files, "--data", "data"],
    }


def compare(assistant: Path, commands: dict[str, list[str]], turns: int) -> dict[str, Any]:
    """Both sides in turns; their single runs, medians, and how many times rebake's the figures of Rasa are."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory(prefix=f"{name}-train-") as work:
                runs[name].append(train(command, shutil.copytree(assistant, Path(work) / "project")))
    middle = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in runs.items()
    }
    ratios = {key: round(middle["rasa"][key] / middle["rebake"][key], 1) for key in COMPARED}
    return {"median": middle, "rasa_to_rebake": ratios, "runs": runs}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("assistants", type=Path, nargs="+")
    parser.add_argument("--parts", choices=tuple(DATA_OPTION), nargs="+", default=["all"], help="what is trained")
    parser.add_argument("--runs", type=int, default=1, help="of each side; the median counts")


def run(given: Namespace) -> int:
    rasa = environment()
    results: dict[str, Any] = {"machine": machine(), "assistants": {}}
    if given.result.exists():
        results["assistants"].update(json.loads(given.result.read_text(encoding="utf-8"))["assistants"])
    print("| assistant | part | | seconds | peak memory, MB | archive, MB |\n|---|---|---|---|---|---|")
    for assistant in given.assistants:
        for part in given.parts:
            found = compare(assistant, training_commands(part, rasa), given.runs)
            results["assistants"].setdefault(assistant.name, {})[part] = found
            given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
            for name, figures in [*found["median"].items(), ("ratio", found["rasa_to_rebake"])]:
                cells = " | ".join(str(figures[key]) for key in COMPARED)
                print(f"| {assistant.name} | {part} | {name} | {cells} |", flush=True)
    return 0
