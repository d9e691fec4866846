"""Fine-tuning against training from scratch: accuracy on test data, and time.

    python -m benchmarks finetuning RESULT.json --project DIR --test FILES [--epochs N] [--fractions F ...]

Trains the NLU of a project on 90 % of its examples, then adds the other 10 % in two ways: by fine-tuning that model,
with each of the fractions of the epochs, and by training from scratch on all of it. A second fine-tuning from each
fine-tuned model, on the same data, shows whether going on again does harm. The project of the figures in README.md is
hwu64 (../shared/nlu/hwu64_k1).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, NamedTuple

import yaml

from benchmarks.nlu_quality import measured
from benchmarks.processes import machine

FRACTIONS = (0.1, 0.2, 0.5)
FIRST = 0.9  # of the examples
SEED = 7


def prepared(project: Path, work: Path, epochs: int | None) -> tuple[Path, Path]:
    """Two copies of the project: with most of its examples, and with all of them."""
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    for component in config["pipeline"] if epochs is not None else ():
        if "epochs" in component or component["name"] == "DIETClassifier":
            component["epochs"] = epochs
    copies = (work / "most", work / "all")
    for copy in copies:
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("models", "test", ".*"))
        (copy / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    files = ["--nlu", copies[1] / "data", "--training-fraction", FIRST, "--random-seed", SEED, "--out", work / "split"]
    run_rebake("split", *files)
    shutil.rmtree(copies[0] / "data")
    (copies[0] / "data").mkdir()
    shutil.copy(work / "split" / "training_data.yml", copies[0] / "data" / "nlu.yml")
    return copies


class Spent(NamedTuple):
    """Seconds of a command: on the clock, and of processors, which depend less on what else the machine does."""

    seconds: float
    cpu: float


def run_rebake(*arguments: object) -> Spent:
    """Run the command line; returns how long it took."""
    began, before = time.monotonic(), getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "rebake", *map(str, arguments)], stdout=subprocess.DEVNULL, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(round(time.monotonic() - began, 1), round(cpu, 1))


def trained(copy: Path, out: Path, *arguments: object) -> tuple[Path, Spent]:
    files = ["--config", copy / "config.yml", "--domain", copy / "domain.yml", "--data", copy / "data", "--out", out]
    spent = run_rebake("train", "nlu", *files, "--fixed-model-name", "model", *arguments)
    return out / "model.tar.gz", spent


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("--project", type=Path, required=True, help="has config.yml, domain.yml and data")
    parser.add_argument("--test", type=Path, required=True, help="NLU data to test on")
    parser.add_argument("--epochs", type=int, help="of every network, in place of the configured ones")
    parser.add_argument("--fractions", type=float, nargs="+", default=list(FRACTIONS), metavar="F")


def run(given: Namespace) -> int:
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="rebake-finetuning-") as work:
        most, everything = prepared(given.project, Path(work), given.epochs)

        def add(name: str, model: Path, spent: Spent) -> None:
            quality = measured(everything, everything / "config.yml", given.test, model)
            rows[name] = {**spent._asdict(), **quality}
            print(name, rows[name], flush=True)

        base, spent = trained(most, Path(work) / "base")
        add("90 % from scratch", base, spent)
        add("all from scratch", *trained(everything, Path(work) / "scratch"))
        for fraction in given.fractions:
            share = ("--epoch-fraction", fraction, "--finetune")
            once = trained(everything, Path(work) / f"once{fraction}", *share, base)
            add(f"fine-tuned, {fraction} of the epochs", *once)
            twice = trained(everything, Path(work) / f"twice{fraction}", "--force", *share, once[0])
            add(f"fine-tuned again, {fraction} of the epochs", *twice)
    content = {"machine": machine(), "project": given.project.resolve().name, "epochs": given.epochs, "models": rows}
    given.result.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0
