"""`rasa train` and `rebake train` side by side on the same files: wall time and peak memory of the whole process.

    .venv/bin/python benchmarks/compare_training.py RESULT.json ASSISTANT... [--runs 1]

Both start cold (no cache, no old model) in a fresh copy of the assistant, take turns, and use its own configuration. A
configuration without a pipeline or policies gets Rasa's defaults less the two components that rebake leaves out
(ResponseSelector, UnexpecTEDIntentPolicy), so that both train the same. The time of a run with the machine busy with
other things says little: the load before each run is recorded with it. Other assistants in the result file are kept.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from ted_projects import DEFAULT_POLICIES

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PIPELINE = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
    {"name": "EntitySynonymMapper"},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
]


def copied(assistant: Path, out: Path) -> Path:
    shutil.copytree(assistant, out)
    config = yaml.safe_load((out / "config.yml").read_text(encoding="utf-8"))
    config["pipeline"] = config.get("pipeline") or DEFAULT_PIPELINE
    config["policies"] = config.get("policies") or DEFAULT_POLICIES
    (out / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return out


def measured(command: list[str], directory: Path) -> dict[str, Any]:
    """Run it; seconds of wall time and processor, peak memory of the biggest process, and the archive's size."""
    load = os.getloadavg()[0]
    began = time.monotonic()
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}
    with subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    archives = list((directory / "models").glob("*.tar.gz"))
    if process.returncode or not archives:
        sys.exit(f"{' '.join(command)} failed with exit code {process.returncode}:\n{said[-3000:].decode()}")
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_megabytes": round(used.ru_maxrss / 1024),
        "archive_megabytes": round(archives[0].stat().st_size / 1e6, 1),
        "load_before": round(load, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("assistants", type=Path, nargs="+")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    made = subprocess.run([ROOT / "scripts" / "rasa_env"], stdout=subprocess.PIPE, text=True, check=True)
    files = ["--config", "config.yml", "--domain", "domain.yml", "--data", "data", "--out", "models"]
    commands = {
        "rasa": [str(Path(made.stdout.strip()) / "bin" / "rasa"), "train", *files],
        "rebake": [sys.executable, "-m", "rebake", "train", *files],
    }
    told: dict[str, Any] = {
        "machine": f"{os.cpu_count()} CPU cores ({platform.machine()})",
        "assistants": {},
    }
    if given.result.exists():
        told["assistants"].update(json.loads(given.result.read_text(encoding="utf-8"))["assistants"])
    print("| assistant | | seconds | peak memory, MB | archive, MB |\n|---|---|---|---|---|")
    for assistant in given.assistants:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for _ in range(given.runs):
            for name, command in commands.items():
                with tempfile.TemporaryDirectory(prefix=f"{name}-train-") as work:
                    runs[name].append(measured(command, copied(assistant, Path(work) / "project")))
        middle = {
            name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in runs.items()
        }
        ratios = {
            key: round(middle["rasa"][key] / middle["rebake"][key], 1)
            for key in ("seconds", "peak_megabytes", "archive_megabytes")
        }
        told["assistants"][assistant.name] = {"median": middle, "rasa_to_rebake": ratios, "runs": runs}
        given.result.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        for name in commands:
            figures = " | ".join(str(middle[name][key]) for key in ratios)
            print(f"| {assistant.name} | {name} | {figures} |")
        print(f"| {assistant.name} | ratio | {' | '.join(str(ratios[key]) for key in ratios)} |", flush=True)


if __name__ == "__main__":
    main()
