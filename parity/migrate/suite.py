"""Compare `rebake migrate` with `rasa data migrate`: both migrate each domain, and Rasa reads both results.

The domains are those of the shared assistants, turned back to Rasa 2 (where ../shared is there), domains written by
hand for each way to write one, and random ones. Compared are the values that are written, and the domain that Rasa
reads: slots and forms in their order, mappings, conditions, ignored intents, versions. What rebake writes, rebake must
read, and migrating it again must change nothing.
"""

from __future__ import annotations

import json
import shutil
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.migrate.domains import DOMAINS
from parity.migrate.random_domain import Maker
from parity.migrate.turn_back import turn_back
from parity.paths import CAFE, shared_assistants
from parity.rasa import ask
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.yaml.values import plain
from rebake.assistant.yaml.writer import dump_yaml
from rebake.assistant.yaml.yaml12 import read_yaml
from rebake.errors import DataError, RebakeError
from rebake.migration.project import migrate_project, write_files


@dataclass(frozen=True)
class Case:
    """A domain of Rasa 2 on disk.

    Attributes:
        name: what it is called in the output.
        domain: the file or directory that rebake migrates in place.
        for_rasa: the same for Rasa.
        rasa_migrates: whether Rasa migrates it; that it does not is compared too.
        refused: whether rebake refuses it.
    """

    name: str
    domain: Path
    for_rasa: Path
    rasa_migrates: bool = True
    refused: bool = False


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--random", type=int, default=200, metavar="N", help="random domains (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    add_keep(parser)


def run(given: Namespace) -> int:
    """Return how many differences there are."""
    with working_directory(given.keep, "migrate") as work:
        cases = [*turned_back(work / "turned-back"), *by_hand(work / "by-hand")]
        cases += made(work / "random", given.random, given.seed)
        ours = [migrated(case) for case in cases]
        jobs = [
            {
                "domain": str(case.for_rasa),
                "out": str(case.for_rasa.with_name(f"new-{case.for_rasa.name}")),
                "migrated": None if case.refused else str(case.domain),
            }
            for case in cases
        ]
        answers = ask("migrate", jobs, work)
        found = [
            f"{case.name}: {difference}"
            for case, own, answer in zip(cases, ours, answers, strict=True)
            for difference in differences(case, own, answer)
        ]
    refused = sum(case.refused for case in cases)
    return report(f"{len(cases)} domains, {refused} of them refused by both", found)


def differences(case: Case, own: list[str], answer: dict[str, Any]) -> list[str]:
    if own:
        return own
    if not case.rasa_migrates:
        found = [] if "error" in answer else ["Rasa migrates it"]
        if not case.refused and "error" in answer["rebake"]:
            found.append(f"Rasa does not read what rebake writes: {answer['rebake']}")
        return found
    read = [answer, *(answer[side] for side in ("rasa", "rebake") if side in answer)]
    if error := next((one["error"] for one in read if "error" in one), None):
        return [f"Rasa fails: {error}"]
    for side in ("rasa", "rebake"):
        without_empty(dict(answer[side]["forms"]))
    found = [] if answer["rasa"] == answer["rebake"] else [
        f"{key}: Rasa {answer['rasa'].get(key)}, rebake {answer['rebake'].get(key)}"
        for key in {**answer["rasa"], **answer["rebake"]}
        if answer["rasa"].get(key) != answer["rebake"].get(key)
    ]  # fmt: skip
    if case.domain.is_file():  # of several files, Rasa writes all slots and forms into each that has some
        [theirs] = answer["written"].values()
        written = json.loads(json.dumps(plain(read_yaml(case.domain).value)))
        without_empty(written.get("forms") or {})
        if written != theirs:
            found.append(f"Rasa writes {theirs}, rebake {written}")
    return found


def without_empty(forms: dict[str, Any]) -> None:
    """Rasa leaves out `ignored_intents: []`, which rebake leaves as it is."""
    for form in forms.values():
        if not form.get("ignored_intents"):
            form.pop("ignored_intents", None)


def migrated(case: Case) -> list[str]:
    """Migrate a domain in place; return what is wrong with the result."""
    try:
        migration = migrate_project(None, case.domain, None)
    except DataError as error:
        return [] if case.refused and error.location is not None else [f"rebake refuses it: {error}"]
    if case.refused:
        return ["rebake does not refuse it"]
    write_files(migration.files)
    found = [] if migration.files else ["rebake changes nothing"]
    if migrate_project(None, case.domain, None).files:
        found.append("migrating it again changes it again")
    try:
        ProjectImporter(None, case.domain, None).get_domain()
    except RebakeError as error:
        found.append(f"rebake does not read it: {error}")
    return found


def turned_back(folder: Path) -> list[Case]:
    cases = []
    for project in (CAFE, *shared_assistants()):
        domain = turn_back(read_yaml(project / "domain.yml").value)
        cases.append(written(project.name, folder / project.name, {"domain.yml": dump_yaml(domain)}))
    return cases


def by_hand(folder: Path) -> list[Case]:
    return [
        written(
            name,
            folder / name.replace(" ", "-"),
            domain.files,
            for_rasa=domain.rasa or domain.files,
            rasa_migrates=domain.rasa is not None,
            refused=domain.refused,
        )
        for name, domain in DOMAINS.items()
    ]


def made(folder: Path, count: int, seed: int) -> list[Case]:
    return [
        written(f"random {number}", folder / str(number), {"domain.yml": Maker(number).make()})
        for number in range(seed, seed + count)
    ]


def written(
    name: str,
    folder: Path,
    files: dict[str, str],
    *,
    for_rasa: dict[str, str] | None = None,
    rasa_migrates: bool = True,
    refused: bool = False,
) -> Case:
    places = []
    shutil.rmtree(folder, ignore_errors=True)
    for side, texts in (("rebake", files), ("rasa", for_rasa or files)):
        directory = folder / side / "domain"
        directory.mkdir(parents=True)
        for file, text in texts.items():
            (directory / file).write_bytes(text.encode())
        places.append(directory if len(texts) > 1 else directory / "domain.yml")
    return Case(name, places[0], places[1], rasa_migrates=rasa_migrates, refused=refused)
