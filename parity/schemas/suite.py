"""rebake must accept and refuse what an unmodified Rasa 3.6.21 does, and Rasa must load what rebake accepts.

    python -m parity schemas [--mutations N] [--seed S] [--loaded N] [--only WORD ...]

Two small projects, which have every key of Rasa's schema files, are changed in one place each: a value becomes one of
every kind, a key or an item is left out, renamed, added or repeated. Both sides train the result (with a pipeline and
policies that need no network), and say whether they refuse it. Of every project that rebake accepts, Rasa reads the
domain that the archive has; a sample of archives it loads whole. Where rebake refuses more, its message must be one of
those that are listed here with a reason; docs/reference/stories-and-domain.md has the same reasons.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from parity.rasa import ask, rasa_python
from parity.report import report
from parity.schemas.mutations import PROJECTS, Mutation, all_mutations, files
from parity.variants import add_choice, working_directory
from rebake.archive.metadata import DOMAIN_FILE
from rebake.archive.pack import read_member
from rebake.assistant.importer import load_assistant
from rebake.build.build import build
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.errors import RebakeError

BATCH = 200  # projects in one process of Rasa

STRICTER: dict[str, str] = {
    r"must be a name, not |must be a slot, or|must be a name, or|is .*, not one name with one value|"
    r"must be a list of names|must be an intent or a list|The name of .* is|'(roles|groups|ignored_intents|"
    r"required_slots|use_entities|ignore_entities)' must be": "Rasa takes for a name what no name can be, and nothing "
    "ever has it",
    r"'(user|bot)' must be text|is empty: it has none of|has .* names with a colon": "Rasa skips it with a warning, or "
    "makes a turn of nothing",
    r"The domain has no (action|form) ": "Rasa's networks and rules stop at it; memory alone learns it",
    r"no featurizer is trained with this Core": "Rasa trains featurizers on the texts of stories alone",
    r"(An? [\w' ]+|'\w+') is empty\.": "nothing has an empty name, and nobody says nothing",
    r"has no '(story|rule)'": "Rasa skips it with a warning",
    r"An example has no 'text'": "Rasa learns nothing from it",
    r"is an empty list": "there is nothing that could be said or come next",
    r"is not a version number": "Rasa reads it as the latest version",
    r"has no value\. Write '- ": "Rasa skips the checkpoint, and so joins stories that were to be apart",
    r"must be true or false": "Rasa takes any value for true or for false",
    r"'\w+' must be a mapping, not ": "Rasa looks for words in the text that stands where settings belong",
    r"must be a mapping, not text \(''\)": "Rasa takes an empty text for an empty file",
}
LOOSER: dict[str, str] = {}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--mutations", type=int, default=400, metavar="N", help="changed projects (default: 400)")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--loaded", type=int, default=10, metavar="N", help="archives that Rasa loads (default: 10)")
    add_choice(parser)


def run(given: Namespace) -> int:
    """Return how many projects differ."""
    found = [f"no project has the key '{key}' of Rasa's schemas" for key in sorted(missing_keys())]
    chosen = [one for one in all_mutations() if any(word in one.name for word in given.only)]
    random.Random(given.seed).shuffle(chosen)
    chosen = chosen[: given.mutations]
    verdicts: Counter[str] = Counter()
    with working_directory(given.keep, "schemas") as work:
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start : start + BATCH]
            loaded = given.loaded * len(batch) // len(chosen) if start else given.loaded - given.loaded // 2
            found += _compare(batch, work / str(start), loaded, verdicts)
    both = ", ".join(f"{count} {name}" for name, count in verdicts.most_common())
    return report(f"{len(chosen)} changed projects ({both})", found)


def missing_keys() -> set[str]:
    """Return the keys of Rasa's schema files that no project has."""
    environment = rasa_python().parent.parent
    shared = next(environment.glob("lib/python3*/site-packages/rasa/shared"))
    schemas = [*shared.glob("utils/schemas/*.yml"), *shared.glob("nlu/training_data/schemas/*.yml")]
    wanted = {key for schema in schemas for key in _schema_keys(yaml.safe_load(schema.read_text(encoding="utf-8")))}
    return wanted - {key for text in files().values() for key in _keys(yaml.safe_load(text))}


def _schema_keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "mapping":
                yield from (key for key in inner if not key.startswith("regex;"))
            yield from _schema_keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _schema_keys(inner)


def _keys(content: Any) -> Iterator[Any]:
    for inner in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _keys(inner)
    if isinstance(content, dict):
        yield from content


def _compare(batch: Sequence[Mutation], work: Path, loaded: int, verdicts: Counter[str]) -> list[str]:
    folders = [work / str(number) for number in range(len(batch))]
    for folder, mutation in zip(folders, batch, strict=True):
        shutil.copytree(PROJECTS / mutation.project, folder)
        (folder / mutation.file).write_text(mutation.text, encoding="utf-8")
    ours = [rebakes(folder) for folder in folders]
    models = [folder / "model.tar.gz" for folder, error in zip(folders, ours, strict=True) if error is None]
    domains = [model.parent / "archived.yml" for model in models]
    job = {
        "projects": [str(folder) for folder in folders],
        "domains": [str(domain) for domain in domains],
        "models": [str(model) for model in models[:loaded]],
    }
    answer = ask("verdicts", job, work)
    found = [
        f"{mutation.project} {mutation.file} {mutation.name}: {difference}"
        for mutation, here, there in zip(batch, ours, answer["projects"], strict=True)
        if (difference := compared(here, there, verdicts)) is not None
    ]
    names = {folder: f"{one.project} {one.file} {one.name}" for folder, one in zip(folders, batch, strict=True)}
    for kind, paths in (("domains", domains), ("models", models[:loaded])):
        for path, error in zip(paths, answer[kind], strict=True):
            if error is not None:
                found.append(f"{names[path.parent]}: Rasa cannot load what rebake trained: {error}")
    verdicts["loaded"] += len(models[:loaded])
    shutil.rmtree(work)
    return found


def compared(ours: str | None, theirs: str | None, verdicts: Counter[str]) -> str | None:
    """Return what is different about two verdicts (None: trained, or why not) and has no listed reason."""
    if (ours is None) == (theirs is None):
        verdicts["trained by both" if ours is None else "refused by both"] += 1
        return None
    if ours is None:
        known, message, what = LOOSER, str(theirs), "Rasa refuses it"
    else:
        known, message, what = STRICTER, ours, "rebake refuses it"
    if any(re.search(pattern, message) for pattern in known):
        verdicts["different for a listed reason"] += 1
        return None
    return f"{what}: {' '.join(message.split())[:300]}"


def rebakes(folder: Path) -> str | None:
    """Train the project to ``model.tar.gz``, with its domain beside it; return why it is refused."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        assistant = load_assistant("config.yml", "domain.yml", ["data"])
        plan = make_plan(Request(assistant, output=folder / "models", augmentation_factor=0))
        model = build(plan).model
    except RebakeError as error:
        return str(error)
    finally:
        os.chdir(before)
    model.rename(folder / "model.tar.gz")
    domain = read_member(folder / "model.tar.gz", f"components/{DOMAIN_FILE}")
    (folder / "archived.yml").write_bytes(domain or b"")
    return None
