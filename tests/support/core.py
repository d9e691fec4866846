"""Small Core projects, written as YAML and read as any assistant is."""

from __future__ import annotations

from pathlib import Path

from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant

DOMAIN = """\
version: "3.1"
intents: [greet, bye, order, inform, stop]
entities:
- drink: {roles: [first, second]}
- size: {influence_conversation: false}
slots:
  drink: {type: text, mappings: [{type: from_entity, entity: drink}]}
  hot: {type: bool, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [drink]}
responses:
  utter_greet: [{text: Hello}]
  utter_bye: [{text: Bye}]
  utter_help: [{text: Help}]
actions: [action_brew]
"""
CONFIG = """\
recipe: default.v1
assistant_id: tea
language: en
pipeline: []
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""


def read(folder: Path, data: str, *, domain: str = DOMAIN, config: str = CONFIG) -> Assistant:
    """The assistant with that data file (without its version line)."""
    (folder / "config.yml").write_text(config, encoding="utf-8")
    (folder / "domain.yml").write_text(domain, encoding="utf-8")
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "stories.yml").write_text(f'version: "3.1"\n{data}', encoding="utf-8")
    return load_assistant(str(folder / "config.yml"), str(folder / "domain.yml"), str(folder / "data"))
