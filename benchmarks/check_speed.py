"""How fast an assistant is read, validated, fingerprinted and compared, and how that grows with its examples.

    python -m benchmarks check_speed ASSISTANT RESULT.json [FACTOR ...]

What `rebake check` does once its process has started, with a model trained on the same data. Each factor multiplies the
assistant's NLU examples: copy k of an example says its text, then k. Figures are seconds of processor time, the least
of three rounds; ``growth`` says by which power of the number of examples each grew between the two largest factors
(1 = linear).
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rebake.archive.manifest import PARTS, Manifest
from rebake.assistant.importer import load_assistant
from rebake.staleness.compare import compare
from rebake.staleness.fingerprints import fingerprint
from rebake.validation.assistant import check_assistant

FACTORS = (1, 10, 100)
ROUNDS = 3

Result = TypeVar("Result")


def multiply(folder: Path, factor: int) -> None:
    """Add ``factor - 1`` copies of every NLU example to the assistant in this folder."""
    lines = []
    for file in sorted((folder / "data").rglob("*.yml")):
        for group in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("nlu") or []:
            if "intent" in group and isinstance(group.get("examples"), str):
                texts = [line[2:] for line in group["examples"].splitlines() if line.startswith("- ")]
                copies = "".join(f"    - {text} {copy}\n" for copy in range(1, factor) for text in texts)
                lines.append(f"- intent: {group['intent']}\n  examples: |\n{copies}" if copies else "")
    if any(lines):
        (folder / "data" / "copies.yml").write_text("nlu:\n" + "".join(lines), encoding="utf-8")


def measured(folder: Path) -> dict[str, Any]:
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Result]) -> Result:
        best = math.inf
        for _ in range(ROUNDS):
            began = time.process_time()
            result = work()
            best = min(best, time.process_time() - began)
        seconds[name] = best
        return result

    domain = folder / "domain.yml"
    assistant = timed(
        "read", lambda: load_assistant(folder / "config.yml", domain if domain.exists() else None, folder / "data")
    )
    timed("validate", lambda: check_assistant(assistant, frozenset(PARTS), to_train=False))
    prints = timed("fingerprint", lambda: fingerprint(assistant, parts=frozenset(PARTS)))
    known = Manifest(prints.parts, prints.components)
    timed("compare", lambda: compare(prints, known))
    return {
        "examples": len(assistant.nlu.examples),
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "total_seconds": round(sum(seconds.values()), 4),
    }


def growth(small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    """The power of the number of examples by which each figure grew."""
    times = math.log(large["examples"] / small["examples"])
    return {
        name: round(math.log(large["seconds"][name] / before) / times, 2)
        for name, before in small["seconds"].items()
        if before > 0
    }


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("assistant", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("factors", type=int, nargs="*", default=list(FACTORS), metavar="FACTOR")


def run(given: Namespace) -> int:
    rows: dict[int, dict[str, Any]] = {}
    for factor in given.factors:
        with tempfile.TemporaryDirectory(prefix="rebake-check-speed-") as work:
            folder = Path(work) / "assistant"
            shutil.copytree(given.assistant, folder, ignore=shutil.ignore_patterns("models", ".*"))
            multiply(folder, factor)
            rows[factor] = measured(folder)
        print(factor, rows[factor], flush=True)
    result: dict[str, Any] = {"assistant": given.assistant.name, "factors": rows}
    if len(rows) > 1:
        *_, small, large = rows.values()
        result["growth"] = growth(small, large)
        print(result["growth"])
    given.result.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0
