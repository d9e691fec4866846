"""How right rebake's NLU model of a project is on test data, at the project's own epochs.

    .venv/bin/python benchmarks/nlu_quality.py RESULT.json --project DIR --test FILES [--archive MODEL.tar.gz]

Trains the project as it is, with the seed of its configuration, unless the archive is given. Prints the accuracy of
intents (where each text has one, their F1 too) and the F1 of entities over exact spans, over overlapping ones, and over
those that the script of DIET's paper makes of tags.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from processes import machine
from scoring import joined_f1, score

import rebake
from rebake.assistant.importer import load_assistant
from rebake.model_training import train_nlu


def measured(project: Path, test: Path, archive: Path | None) -> dict[str, Any]:
    files = str(project / "config.yml"), str(project / "domain.yml")
    examples = load_assistant(*files, str(test)).nlu.examples
    gold = [{"intent": e.intent, "entities": [vars_of(entity) for entity in e.entities]} for e in examples]
    with tempfile.TemporaryDirectory(prefix="rebake-quality-") as work:
        path = archive or train_nlu(files[0], str(project / "data"), work)
        with rebake.load_model(str(path)) as model:
            parses = model.parse_all([example.text for example in examples])
            return {**score(gold, parses), "entity_f1_joined": joined_f1(gold, parses)}


def vars_of(entity: object) -> dict[str, object]:
    return {name: getattr(entity, name) for name in ("start", "end", "entity", "role", "group")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--project", type=Path, required=True, help="has config.yml, domain.yml and data")
    parser.add_argument("--test", type=Path, required=True, help="NLU data to test on")
    parser.add_argument("--archive", type=Path, help="a model of this project that is there already")
    given = parser.parse_args()
    found = measured(given.project.resolve(), given.test, given.archive)
    content = {"machine": machine(), "project": given.project.resolve().name, "quality": found}
    given.result.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
