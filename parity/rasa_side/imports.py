"""What Rasa reads of projects that import others.

The job is a list of directories, each a project with config.yml and perhaps domain.yml and data. The answer to each:
`error`, or `domain`, `slots`, `responses`, `actions`, `examples`, `stories` and `tests` (names).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.shared.importers.importer import TrainingDataImporter

from parity.rasa_side.job import run

walk = os.walk


def walk_by_name(top: Any, **options: Any) -> Iterator[Any]:
    """Rasa takes files in the order in which the file system lists them; here it is by name, as in rebake."""
    for directory, directories, files in walk(top, **options):
        directories.sort()
        yield directory, directories, sorted(files)


def read(directory: str) -> dict[str, Any]:
    os.chdir(directory)
    domain = "domain.yml" if Path("domain.yml").exists() else None
    importer = TrainingDataImporter.load_from_config("config.yml", domain, ["data"] if Path("data").is_dir() else [])
    read_domain = importer.get_domain()
    return {
        "domain": read_domain.as_dict(),
        "slots": list(read_domain.as_dict().get("slots", {})),
        "responses": list(read_domain.responses),
        "actions": read_domain.action_names_or_texts,
        "examples": [
            [one.get("text"), one.get_full_intent()]
            for one in importer.get_nlu_data().training_examples
            if one.get("text") and one.get("intent")
        ],
        "stories": [step.block_name for step in importer.get_stories().story_steps],
        "tests": [step.block_name for step in importer.get_conversation_tests().story_steps],
    }


def answer(directories: list[str]) -> list[dict[str, Any]]:
    warnings.simplefilter("ignore")
    os.walk = walk_by_name  # type: ignore[assignment]
    answers = []
    for directory in directories:
        try:
            answers.append(read(directory))
        except Exception as error:  # any: what Rasa refuses is what is asked for
            answers.append({"error": f"{type(error).__name__}: {error}"[:300]})
    return answers


if __name__ == "__main__":
    run(answer)
