"""Ask an unmodified Rasa 3.6.21: run modules of ``parity.rasa_side`` with the Python of its environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from parity.paths import ROOT


def environment() -> Path:
    """Return the environment that ``scripts/rasa_env`` makes (REBAKE_RASA_ENV names another one)."""
    made = subprocess.run([ROOT / "scripts" / "rasa_env"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


def rasa_python() -> Path:
    return environment() / "bin" / "python"


def ask(module: str, job: object, work: Path, python: Path | None = None) -> Any:
    """Return what ``parity.rasa_side.MODULE`` answers to the job. Files of the exchange go to ``work``."""
    return _answer(python or rasa_python(), module, module, job, work)


def ask_at_once(
    module: str, jobs: Sequence[Mapping[str, Any]], work: Path, variables: Mapping[str, str] | None = None
) -> list[Any]:
    """Return the answers to several jobs, each in a process of its own with these variables, all at the same time."""
    python = rasa_python()
    with ThreadPoolExecutor(len(jobs) or 1) as pool:
        numbers = range(len(jobs))
        return list(
            pool.map(lambda number: _answer(python, module, f"rasa{number}", jobs[number], work, variables), numbers)
        )


def _answer(
    python: Path, module: str, name: str, job: object, work: Path, variables: Mapping[str, str] | None = None
) -> Any:
    work = work.resolve()
    question, out = work / f"{name}-job.json", work / f"{name}-answer.json"
    question.write_text(json.dumps(job), encoding="utf-8")
    # A cache for each process: of two that create the tables of one database at the same time, one fails.
    own = {"RASA_CACHE_DIRECTORY": str(work / f"{name}-cache"), "HF_HUB_OFFLINE": "1", **(variables or {})}
    run_module(python, f"parity.rasa_side.{module}", question, out, log=work / f"{name}.log", variables=own)
    return json.loads(out.read_text(encoding="utf-8"))


def run_module(
    python: Path, module: str, *arguments: str | Path, log: Path, variables: Mapping[str, str] | None = None
) -> None:
    """Run a module of this checkout with another environment's Python; exit with the end of its log if it fails."""
    with log.open("w", encoding="utf-8") as out:
        done = subprocess.run(
            [python, "-m", module, *arguments], check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", **(variables or {})},
        )  # fmt: skip
    if done.returncode:
        printed = log.read_text(encoding="utf-8", errors="replace")[-4000:]
        raise SystemExit(f"{module} failed with exit code {done.returncode}:\n{printed}")
