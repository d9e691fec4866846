"""How right rebake's NLU model of a project is on test data, at the project's own epochs.

    python -m benchmarks nlu_quality RESULT.json --project DIR --test FILES [--config FILE] [--archive MODEL]

Trains the project by `rebake train nlu`, with its configuration or another, unless an archive is given. Prints the
accuracy of intents (where each text has one, micro F1 is the same) and the F1 of entities over exact spans, over
overlapping ones, and over those that the script of DIET's paper makes of tags.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import rebake
from benchmarks.processes import machine
from parity.scoring import joined_f1, score
from rebake.assistant.importer import load_assistant


def measured(project: Path, config: Path, test: Path, archive: Path | None) -> dict[str, Any]:
    domain = project / "domain.yml"
    examples = load_assistant(str(config), str(domain), str(test)).nlu.examples
    gold = [{"intent": e.intent, "entities": [vars_of(entity) for entity in e.entities]} for e in examples]
    with tempfile.TemporaryDirectory(prefix="rebake-quality-") as work:
        path = archive or trained(config, domain, project / "data", Path(work))
        with rebake.load_model(str(path)) as model:
            parses = model.parse_all([example.text for example in examples])
            return {**score(gold, parses), "entity_f1_joined": joined_f1(gold, parses)}


def trained(config: Path, domain: Path, data: Path, out: Path) -> Path:
    """The archive that the command line trains; its progress goes to stderr."""
    files = ["--config", str(config), "--domain", str(domain), "--data", str(data), "--out", str(out)]
    command = [sys.executable, "-m", "rebake", "train", "nlu", *files, "--fixed-model-name", "model"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return out / "model.tar.gz"


def vars_of(entity: object) -> dict[str, object]:
    return {name: getattr(entity, name) for name in ("start", "end", "entity", "role", "group")}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("--project", type=Path, required=True, help="has config.yml, domain.yml and data")
    parser.add_argument("--config", type=Path, help="in place of the project's config.yml")
    parser.add_argument("--test", type=Path, required=True, help="NLU data to test on")
    parser.add_argument("--archive", type=Path, help="a model of this project that is there already")


def run(given: Namespace) -> int:
    config = given.config or given.project / "config.yml"
    found = measured(given.project, config, given.test, given.archive)
    content = {"machine": machine(), "project": given.project.resolve().name, "config": config.name, "quality": found}
    given.result.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0
