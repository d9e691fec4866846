"""rebake must read NLU data as an unmodified Rasa 3.6.21 does: every shared assistant, and projects made up at random.

    python -m parity nlu_data [--random N] [--seed S]

Random projects have several files in directories: YAML in all its forms, Rasa's JSON, exports of LUIS, wit.ai and
Dialogflow, lookup files, annotations of every kind, metadata, duplicates, odd characters. Compared are the examples
with entities and metadata, synonyms, regexes and lookup tables, in order. Known differences are not made: empty
examples (rebake leaves them out) and JSON entities without a value (Rasa takes "None").
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from parity.nlu_data.random_project import Maker
from parity.paths import shared_assistants
from parity.rasa import ask
from parity.report import report
from parity.variants import working_directory
from rebake.assistant.importer import ProjectImporter
from rebake.errors import RebakeError


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--random", type=int, default=150, metavar="N", help="random projects (default: 150)")
    parser.add_argument("--seed", type=int, default=0, metavar="S")


def run(given: Namespace) -> int:
    """Return how many projects differ."""
    with working_directory(None, "nlu-data") as work:
        jobs = shared_jobs() + random_jobs(given.random, given.seed, work / "projects")
        answers = ask("nlu_data", jobs, work)
        before = Path.cwd()
        try:
            sides = [(ours(job), theirs(answer)) for job, answer in zip(jobs, answers, strict=True)]
        finally:
            os.chdir(before)
    refused = sum("error" in here and "error" in there for here, there in sides)
    found = [
        f"{job['directory']}: {key}: rebake {here.get(key)}, Rasa {there.get(key)}"
        for job, (here, there) in zip(jobs, sides, strict=True)
        if not ("error" in here and "error" in there)
        for key in sorted({*here, *there})
        if here.get(key) != there.get(key)
    ]
    return report(f"{len(jobs)} projects, {refused} refused by both", found)


def ours(job: dict[str, Any]) -> dict[str, Any]:
    os.chdir(job["directory"])
    try:
        data = ProjectImporter(job["config"], job["domain"], job["data"]).get_nlu_data()
    except RebakeError as error:
        return {"error": str(error)}
    examples = [
        [
            one.text, one.intent, [[e.start, e.end, e.entity, e.value, e.role, e.group] for e in one.entities],
            one.metadata,
        ]
        for one in data.examples
    ]  # fmt: skip
    return {
        "examples": examples,
        "synonyms": [[synonym.surface, synonym.value] for synonym in data.synonyms],
        "regexes": sorted([[one.name, one.pattern] for one in data.regexes], key="+".join),
        "lookups": [[one.name, list(one.elements)] for one in data.lookups],
    }


def theirs(answer: dict[str, Any]) -> dict[str, Any]:
    """Rewrite what Rasa has in other forms: numbers as values become texts, the role "O" none, intents are stripped."""
    for example in answer.get("examples", ()):
        example[1] = example[1].strip() if example[1] else None
        for entity in example[2]:
            entity[3] = str(entity[3])
            entity[4] = None if entity[4] == "O" else entity[4]
    answer["synonyms"] = [[surface, str(value)] for surface, value in answer.get("synonyms", [])]
    return answer


def shared_jobs() -> list[dict[str, Any]]:
    return [
        {"directory": str(path), "config": "config.yml", "domain": "domain.yml", "data": ["data"], "language": "en"}
        for path in shared_assistants()
    ]


def random_jobs(count: int, seed: int, folder: Path) -> list[dict[str, Any]]:
    jobs = []
    for number in range(count):
        directory = folder / str(number)
        for name, text in Maker(seed + number).make().items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        jobs.append({"directory": str(directory), "config": None, "domain": None, "data": ["data"], "language": "en"})
    return jobs
