"""Ask an unmodified Rasa 3.6.21 with scripts of its side, in as many processes as there are jobs."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent


def rasa_python() -> Path:
    """Of the environment that scripts/rasa_env makes."""
    made = subprocess.run([SCRIPTS / "rasa_env"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip()) / "bin" / "python"


def rasa_answers(script: str, jobs: Sequence[Mapping[str, Any]], work: Path) -> list[dict[str, Any]]:
    """What SCRIPT JOB.json ANSWER.json writes for each of the jobs, all at a time; ends this program if one fails."""
    python = rasa_python()
    with ThreadPoolExecutor(len(jobs) or 1) as pool:
        return list(pool.map(lambda number: _answer(python, script, number, jobs[number], work), range(len(jobs))))


def _answer(python: Path, script: str, number: int, job: Mapping[str, Any], work: Path) -> dict[str, Any]:
    question, out, talk = (work / f"rasa{number}{end}" for end in ("-job.json", "-answer.json", ".log"))
    question.write_text(json.dumps(job), encoding="utf-8")
    # A cache for each, in `work`: of two processes that make the tables of one database at a time, one fails.
    own = {"RASA_TELEMETRY_ENABLED": "false", "RASA_CACHE_DIRECTORY": f"rasa{number}-cache"}
    environment = {**os.environ, **own}
    with talk.open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [python, SCRIPTS / script, question, out], check=False, cwd=work, env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"Rasa failed with exit code {done.returncode}:\n{talk.read_text(encoding='utf-8')[-4000:]}")
    return dict(json.loads(out.read_text(encoding="utf-8")))
