"""Train a project with Rasa, and ask the archive, as `archives` does.

The job is that of `archives`; Rasa trains `project` into `archive` first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.model_training import train

from parity.rasa_side import archives
from parity.rasa_side.job import run


def answer(job: dict[str, Any]) -> dict[str, Any]:
    archive, project = Path(job["archive"]), job["project"]
    files = (project["domain"], project["config"], project["data"], str(archive.parent))
    train(*files, force_training=True, fixed_model_name=archive.name)
    if not archive.exists():
        raise SystemExit("Rasa trained nothing.")
    return archives.answer(job)


if __name__ == "__main__":
    run(answer)
