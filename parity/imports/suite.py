"""Compare what both read of projects that import others, with Rasa's MultiProjectImporter.

Compared are the merged domain, the order of actions, slots and responses, the NLU examples in their order, and the
names of the stories, rules and test stories.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parity.compare import value_differences
from parity.imports.projects import PROJECTS, TWICE
from parity.rasa import ask
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake.assistant.domain.names import action_names
from rebake.assistant.domain.serialization import domain_as_dict
from rebake.assistant.importer import ProjectImporter
from rebake.errors import RebakeError


def add_options(parser: ArgumentParser) -> None:
    add_keep(parser)


def run(given: Namespace) -> int:
    """Return how many differences there are."""
    projects = {**PROJECTS, **TWICE}
    with working_directory(given.keep, "imports") as work:
        directories = [written(work / "projects" / name.replace(" ", "-"), files) for name, files in projects.items()]
        answers = ask("imports", [str(directory) for directory in directories], work)
        before = Path.cwd()
        try:
            sides = [(ours(directory), answer) for directory, answer in zip(directories, answers, strict=True)]
        finally:
            os.chdir(before)
    found = [
        difference
        for name, (here, there) in zip(projects, sides, strict=True)
        for difference in value_differences(name, once(there) if name in TWICE else there, here)
    ]
    return report(f"{len(projects)} projects", found)


def once(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without the examples and stories that Rasa has twice."""
    return {
        key: value
        if key == "domain" or isinstance(value, str)
        else [item for place, item in enumerate(value) if item not in value[:place]]
        for key, value in answer.items()
    }


def ours(directory: Path) -> dict[str, Any]:
    os.chdir(directory)
    domain = "domain.yml" if Path("domain.yml").exists() else None
    try:
        assistant = ProjectImporter("config.yml", domain, "data" if Path("data").is_dir() else None).load()
    except RebakeError as error:
        return {"error": str(error)}
    return {
        "domain": domain_as_dict(assistant.domain),
        "slots": [slot.name for slot in assistant.domain.slots],
        "responses": [response.name for response in assistant.domain.responses],
        "actions": list(action_names(assistant.domain)),
        "examples": [[example.text, example.intent] for example in assistant.nlu.examples],
        "stories": [story.name for story in assistant.stories],
        "tests": [story.name for story in assistant.test_stories],
    }


def written(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory
