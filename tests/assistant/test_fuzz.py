"""Whatever stands in a file: it is read, or refused with a message for a person.

``REBAKE_FUZZ=10000`` says how many projects are tried; ``.ci/run`` does.
"""

import json
import os
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from parity.schemas.mutations import dumped, files, mutated
from rebake.assistant.domain.serialization import domain_as_yaml, domain_from_dict
from rebake.assistant.importer import load_assistant
from rebake.build.build import build
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.errors import RebakeError
from rebake.report.findings.json import findings_json
from rebake.report.findings.sarif import findings_sarif
from rebake.validation.project import ValidationOptions, validate_project

pytestmark = pytest.mark.slow

PER_EXAMPLE = 3
TRIES = int(os.environ.get("REBAKE_FUZZ", "0")) or PER_EXAMPLE * settings().max_examples
FIRST_SEED = 0


def broken(text: str, chance: random.Random) -> bytes:
    """Change one value or two, or a few bytes of a file."""
    if chance.random() < 0.8:
        content = yaml.safe_load(text)
        for _ in range(chance.choice((1, 1, 2))):
            content = mutated(content, chance)
        return dumped(content).encode()
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[place] = chance.choice(b"\0\t\n \"'#&*-:?[]{}|>%@`!\x80\xff0aZ")
            case 1:
                del data[place : place + chance.randint(1, 20)]
            case 2:
                data[place:place] = data[place : place + chance.randint(1, 20)]
    return bytes(data)


@pytest.mark.parametrize("part", range(4))
def test_a_mutated_file_never_is_an_internal_error(tmp_path: Path, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = files()
    for (project, file), text in texts.items():
        (tmp_path / project / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / project / file).write_text(text, encoding="utf-8")
    for seed in range(FIRST_SEED + part, FIRST_SEED + TRIES, 4):
        chance = random.Random(seed)
        (project, file), text = chance.choice([*texts.items()])
        monkeypatch.chdir(tmp_path / project)
        Path(file).write_bytes(broken(text, chance))
        try:
            train(to_build=chance.random() < 0.05)
        except RebakeError:
            validate()  # the checks that come after an error, too
        except Exception as error:
            error.add_note(f"seed {seed}: {project}/{file} is\n{Path(file).read_bytes()!r}")
            raise
        Path(file).write_text(text, encoding="utf-8")


def validate() -> None:
    findings = validate_project(ValidationOptions("config.yml", "domain.yml", ["data"]))
    for render in (findings_json, findings_sarif):
        json.loads(render(findings))


def train(*, to_build: bool) -> None:
    assistant = load_assistant("config.yml", "domain.yml", ["data"])
    plan = make_plan(Request(assistant, output=Path("models")))
    domain_from_dict(yaml.safe_load(domain_as_yaml(assistant.domain)))  # what is accepted can be read again
    trained = [*assistant.config.pipeline, *assistant.config.policies]
    if to_build and not any("epochs" in spec.options for spec in trained):  # those of Rasa's defaults are networks
        build(plan)
