"""How the time and memory of `rebake check` grow with the assistant, and what a second check takes.

    python -m benchmarks check_scale RESULT.json [--sizes 0.01 0.1 1]

Size 1 is a generated assistant of 200,000 examples and 20,000 stories in 2,000 files. Each size is checked by the
command line against a model of the same data: with an empty cache of files, again, after a change of one example, and
without the cache. Figures are seconds of the process (``cpu``: user and system) and its peak memory; ``growth`` says by
which power of the size each check grew between the two largest sizes (1 = linear).
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from benchmarks.processes import machine
from rebake.archive.manifest import PARTS, Manifest, write_manifest
from rebake.archive.pack import pack
from rebake.assistant.importer import load_assistant
from rebake.staleness.fingerprints import fingerprint

EXAMPLES, STORIES, FILES = 200_000, 20_000, 2_000
SIZES = (0.1, 0.3, 1.0)
GROWING = ("cpu", "peak_mib")
NAMES = 100  # intents, and as many responses
CONFIG = """\
recipe: default.v1
assistant_id: large
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: DIETClassifier
policies:
- name: MemoizationPolicy
- name: RulePolicy
- name: TEDPolicy
"""


def generate(folder: Path, size: float) -> None:
    """Write an assistant; half of its files have examples, half have stories."""
    draw = random.Random(7)
    (folder / "data").mkdir(parents=True)
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    intents = "".join(f"- intent_{number}\n" for number in range(NAMES))
    responses = "".join(f"  utter_{number}:\n  - text: reply {number}\n" for number in range(NAMES))
    domain = f'version: "3.1"\nintents:\n{intents}entities:\n- thing\nresponses:\n{responses}'
    (folder / "domain.yml").write_text(domain, encoding="utf-8")
    files = max(round(FILES * size), 2) // 2
    per_file = round(EXAMPLES * size) // files, round(STORIES * size) // files
    for number in range(files):
        examples = (example(draw, number * per_file[0] + place) for place in range(per_file[0]))
        blocks = "".join(f"- intent: {intent}\n  examples: |\n    - {text}\n" for intent, text in examples)
        (folder / "data" / f"nlu{number:04}.yml").write_text(f'version: "3.1"\nnlu:\n{blocks}', encoding="utf-8")
        stories = "".join(story(draw, number * per_file[1] + place) for place in range(per_file[1]))
        text = f'version: "3.1"\nstories:\n{stories}'
        (folder / "data" / f"stories{number:04}.yml").write_text(text, encoding="utf-8")


def example(draw: random.Random, number: int) -> tuple[str, str]:
    words = [f"word{draw.randrange(5000)}" for _ in range(draw.randint(3, 9))]
    if number % 5 == 0:
        words[0] = f"[{words[0]}](thing)"
    return f"intent_{number % NAMES}", f"{' '.join(words)} {number}"


def story(draw: random.Random, number: int) -> str:
    turns = ((draw.randrange(NAMES), draw.randrange(NAMES)) for _ in range(draw.randint(2, 6)))
    steps = "".join(f"  - intent: intent_{intent}\n  - action: utter_{action}\n" for intent, action in turns)
    return f"- story: story {number}\n  steps:\n{steps}"


def model_of(folder: Path) -> None:
    """An archive that says of itself that it was trained from the assistant."""
    assistant = load_assistant(folder / "config.yml", folder / "domain.yml", folder / "data")
    prints = fingerprint(assistant, parts=frozenset(PARTS))
    model = folder / "model"
    model.mkdir()
    write_manifest(Manifest(prints.parts, prints.components), model)
    pack(model, folder / "models" / "model.tar.gz", seal=True)


def checked(folder: Path, cache: Path, **variables: str) -> dict[str, float]:
    """Run the command line; it must call the model fresh or stale, and not fail."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), **variables}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "rebake", "check"], cwd=folder, env=environment, **quiet)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 7:
        raise SystemExit(f"rebake check failed with exit code {process.returncode}")
    return {
        "seconds": round(time.monotonic() - began, 2),
        "cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "verdict": process.returncode,
    }


def measured(folder: Path, cache: Path) -> dict[str, dict[str, float]]:
    found = {"first": checked(folder, cache), "second": checked(folder, cache)}
    file = folder / "data" / "nlu0000.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("word", "other", 1), encoding="utf-8")
    found["after one change"] = checked(folder, cache)
    found["without the cache"] = checked(folder, cache, REBAKE_FILE_CACHE="off")
    return found


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("--sizes", type=float, nargs="+", default=list(SIZES))


def run(given: Namespace) -> int:
    rows: dict[float, dict[str, dict[str, float]]] = {}
    for size in given.sizes:
        with tempfile.TemporaryDirectory(prefix="rebake-check-scale-") as work:
            folder = Path(work) / "assistant"
            generate(folder, size)
            model_of(folder)
            rows[size] = measured(folder, Path(work) / "cache")
        print(size, json.dumps(rows[size], indent=2), flush=True)
    result: dict[str, Any] = {"machine": machine(), "sizes": rows}
    if len(rows) > 1:
        (_, small), (_, large) = list(rows.items())[-2:]
        times = math.log(given.sizes[-1] / given.sizes[-2])
        result["growth"] = {
            check: {name: round(math.log(large[check][name] / small[check][name]) / times, 2) for name in GROWING}
            for check in small
        }
        print(result["growth"])
    given.result.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0
