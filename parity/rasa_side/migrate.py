"""What ``rasa data migrate`` makes of domains, and what Rasa reads in files that either side has migrated.

The job is a list, each item of which has `domain` (the file or directory of Rasa 2), `out` (where Rasa's result goes)
and `migrated` (rebake's result, or null). The answer to it: `error`, or `written` (the values of Rasa's files by name),
and `rasa` and `rebake`: the domains that Rasa reads in both results.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import rasa.shared.utils.io
from rasa.core.migrate import migrate_domain_format
from rasa.shared.core.domain import Domain

from parity.rasa_side.job import run


def read(path: str) -> Any:
    """Return the domain with its names in lists, so that their order counts."""
    domain = Domain.load(path).as_dict()
    for key in ("slots", "forms"):
        domain[key] = [list(pair) for pair in domain.get(key, {}).items()]
    return domain


def migrate(job: dict[str, Any]) -> dict[str, Any]:
    migrate_domain_format(job["domain"], job["out"])
    out = Path(job["out"])
    files = sorted(out.iterdir()) if out.is_dir() else [out]
    return {"written": {file.name: rasa.shared.utils.io.read_yaml_file(str(file)) for file in files}}


def attempt(work: Any, *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except Exception as error:  # any: what Rasa refuses is what is asked for
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def answer(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    warnings.simplefilter("ignore")
    answers = []
    for job in jobs:
        answered = attempt(migrate, job)
        if "error" not in answered:
            answered["rasa"] = attempt(read, job["out"])
        if job["migrated"]:
            answered["rebake"] = attempt(read, job["migrated"])
        answers.append(answered)
    return answers


if __name__ == "__main__":
    run(answer)
