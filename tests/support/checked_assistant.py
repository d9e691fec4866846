"""An assistant whose checks are compared: with what earlier ones kept, and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.manifest import PARTS, Manifest, write_manifest
from rebake.archive.pack import pack
from rebake.assistant.file_cache import cache
from rebake.assistant.importer import ProjectImporter, load_assistant
from rebake.cli.main import main
from rebake.staleness.fingerprints import fingerprint

CONFIG = """\
recipe: default.v1
assistant_id: large
language: en
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: CountVectorsFeaturizer
- name: CRFEntityExtractor
- name: EntitySynonymMapper
- name: LogisticRegressionClassifier
- name: ResponseSelector
  use_text_as_label: true
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
DOMAIN = """\
version: "3.1"
intents: [greet, order, goodbye, faq]
entities:
- drink
- size:
    roles: [cup]
slots:
  drink:
    type: categorical
    values: [tea, coffee]
    mappings:
    - type: from_entity
      entity: drink
responses:
  utter_greet: [{text: Hello!}]
  utter_order: [{text: Coming.}]
  utter_goodbye: [{text: Bye.}]
  utter_unused: [{text: Never.}]
  utter_faq/open: [{text: Now.}]
actions: [utter_faq]
"""
NLU = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello {n}
    - hi {n}
- intent: order
  examples: |
    - a [tea](drink) {n}
    - a [coffee](drink), {n} [large]{{"entity": "size", "role": "cup"}}
    - one [Tea](drink) {n}
    - the [milk](drink) {n}
- intent: goodbye
  examples: |
    - bye {n}
- intent: faq/open
  examples: |
    - are you open {n}
"""
SYNONYMS = """\
version: "3.1"
nlu:
- synonym: coffee
  examples: |
    - java
- regex: number
  examples: |
    - [0-9]+
- intent: order
  examples: |
    - some [java](drink)
"""
STORIES = """\
version: "3.1"
stories:
- story: order {n}
  steps:
  - intent: greet
  - action: utter_greet
{more}  - intent: order
    entities:
    - drink: tea
  - slot_was_set:
    - drink: tea
  - action: utter_order
- story: leave {n}
  steps:
  - intent: goodbye
{more}  - action: utter_goodbye
"""
RULES = """\
version: "3.1"
rules:
- rule: questions
  steps:
  - intent: faq
  - action: utter_faq
- rule: bye
  steps:
  - intent: goodbye
  - action: utter_goodbye
"""
JOINED = """\
version: "3.1"
stories:
- story: start
  steps:
  - intent: greet
  - action: utter_greet
  - checkpoint: again
- story: one
  steps:
  - checkpoint: again
    slot_was_set:
    - drink: tea
  - or:
    - intent: greet
    - intent: order
  - action: utter_greet
- story: two
  steps:
  - checkpoint: again
    slot_was_set:
    - drink: coffee
  - or:
    - intent: greet
    - intent: order
  - action: utter_order
"""


def write_assistant(folder: Path) -> Path:
    """Write an assistant of three files of examples and three of stories, with a model of just this."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    for number in range(3):
        (data / f"nlu{number}.yml").write_text(NLU.format(n=number), encoding="utf-8")
        turn = "  - intent: greet\n  - action: utter_greet\n" * number
        (data / f"stories{number}.yml").write_text(STORIES.format(n=number, more=turn), encoding="utf-8")
    (data / "rules.yml").write_text(RULES, encoding="utf-8")
    (data / "synonyms.yml").write_text(SYNONYMS, encoding="utf-8")
    return folder


def write_model(folder: Path) -> None:
    assistant = load_assistant(folder / "config.yml", folder / "domain.yml", folder / "data")
    prints = fingerprint(assistant, parts=frozenset(PARTS))
    model = folder / "model"
    model.mkdir(exist_ok=True)
    write_manifest(Manifest(prints.parts, prints.components), model)
    (folder / "models").mkdir(exist_ok=True)
    pack(model, folder / "models" / "model.tar.gz", seal=True)


def checked(tmp: Path, *options: str, use_cache: bool = True) -> tuple[int, Any, bool]:
    """Run a check; its exit code, its report without the time it took, and whether everything was read."""
    report, reads = tmp / "report.json", []
    load = ProjectImporter.load

    def load_and_note(importer: ProjectImporter) -> Any:
        reads.append(True)
        return load(importer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProjectImporter, "load", load_and_note)
        if not use_cache:
            patch.setenv(cache.SWITCH, "off")
        code = main(["check", "--report", str(report), *options])
    content = json.loads(report.read_text(encoding="utf-8"))
    content["seconds"] = None
    return code, content, bool(reads)


def require_same(tmp: Path, *options: str) -> bool:
    """Require that a check with the cache reports what one without reports; returns whether everything was read."""
    code, report, has_read = checked(tmp, *options)
    assert (code, report) == checked(tmp, *options, use_cache=False)[:2]
    return has_read
