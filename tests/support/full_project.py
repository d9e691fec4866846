"""A small assistant with something of everything, as the texts of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FULL: dict[str, str] = {
    "config.yml": """\
recipe: default.v1
assistant_id: full
language: en
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: 5
- name: EntitySynonymMapper
- name: FallbackClassifier
  threshold: 0.3
- name: ResponseSelector
  epochs: 5
policies:
- name: MemoizationPolicy
- name: RulePolicy
- name: TEDPolicy
  max_history: 5
  epochs: 5
""",
    "domain.yml": """\
version: "3.1"
intents: [greet, bye, order, faq]
entities: [drink, size]
slots:
  drink:
    type: text
    mappings:
    - type: from_entity
      entity: drink
  size:
    type: categorical
    values: [small, large]
    mappings:
    - type: from_entity
      entity: size
forms:
  order_form:
    required_slots: [drink, size]
responses:
  utter_greet:
  - text: Hi!
  utter_bye:
  - text: Bye!
  utter_ask_drink:
  - text: What would you like?
  utter_ask_size:
  - text: Small or large?
  utter_faq/price:
  - text: Three.
  utter_faq/hours:
  - text: From nine to five.
actions: [action_brew, action_count]
""",
    "data/nlu.yml": """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - good morning
- intent: bye
  examples: |
    - goodbye
    - see you
- intent: order
  examples: |
    - a [tea](drink) please
    - one [large]{"entity": "size", "value": "large"} [coffee](drink)
    - bring me a [small](size) [java]{"entity": "drink", "value": "coffee"}
- intent: faq/price
  examples: |
    - what does it cost
    - how much is it
- intent: faq/hours
  examples: |
    - when are you open
    - your hours please
- synonym: coffee
  examples: |
    - java
    - espresso
- regex: number
  examples: |
    - [0-9]+
- lookup: drink
  examples: |
    - tea
    - coffee
""",
    "data/stories.yml": """\
version: "3.1"
stories:
- story: hello and goodbye
  steps:
  - intent: greet
  - action: utter_greet
  - intent: bye
  - action: utter_bye
- story: an order
  steps:
  - intent: order
    entities:
    - drink: tea
  - slot_was_set:
    - drink: tea
  - action: order_form
  - active_loop: order_form
  - active_loop: null
  - action: action_brew
""",
    "data/rules.yml": """\
version: "3.1"
rules:
- rule: say goodbye
  steps:
  - intent: bye
  - action: utter_bye
- rule: answer questions
  steps:
  - intent: faq
  - action: utter_faq
""",
}


def write_project(directory: Path, files: Mapping[str, str]) -> Path:
    """Write the files below ``directory`` and return it."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory
