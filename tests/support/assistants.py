"""A small assistant that trains in seconds, written into a test's directory."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
recipe: default.v1
assistant_id: tiny
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: DIETClassifier
    epochs: 4
    transformer_size: 16
    number_of_attention_heads: 2
    number_of_transformer_layers: 1
    hidden_layers_sizes: {text: [], label: []}
  - name: EntitySynonymMapper
  - name: FallbackClassifier
policies:
  - name: MemoizationPolicy
    max_history: 4
  - name: RulePolicy
"""

TED = """\
  - name: TEDPolicy
    max_history: 4
    epochs: 2
"""

DOMAIN = """\
version: "3.1"
intents: [greet, order, goodbye]
entities: [drink]
slots:
  drink:
    type: text
    mappings:
      - type: from_entity
        entity: drink
responses:
  utter_greet:
    - text: "Hello!"
  utter_ordered:
    - text: "One {drink}, coming."
  utter_goodbye:
    - text: "Bye."
"""

# A story more, in the words of the small assistant.
STORY = """\
  - story: leaving at once
    steps:
      - intent: goodbye
      - action: utter_goodbye
      - intent: greet
      - action: utter_greet
"""

NLU = """\
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
      - hi there
      - good morning
      - hey
  - intent: order
    examples: |
      - a [tea](drink) please
      - I would like a [coffee](drink)
      - one [latte](drink) to go
      - bring me a [cuppa]{"entity": "drink", "value": "tea"}
  - intent: goodbye
    examples: |
      - bye
      - see you later
      - good night
      - until tomorrow
"""

STORIES = """\
version: "3.1"
stories:
  - story: an order
    steps:
      - intent: greet
      - action: utter_greet
      - intent: order
        entities:
          - drink: tea
      - slot_was_set:
          - drink: tea
      - action: utter_ordered
"""

RULES = """\
version: "3.1"
rules:
  - rule: leave
    steps:
      - intent: goodbye
      - action: utter_goodbye
"""


def write_tiny(directory: Path, *, ted: bool = False) -> Path:
    """Write config.yml, domain.yml and data/ into ``directory`` and return it."""
    (directory / "data").mkdir(parents=True)
    (directory / "config.yml").write_text(CONFIG + (TED if ted else ""), encoding="utf-8")
    (directory / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    for name, text in {"nlu": NLU, "stories": STORIES, "rules": RULES}.items():
        (directory / "data" / f"{name}.yml").write_text(text, encoding="utf-8")
    return directory


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def append(file: Path, text: str) -> None:
    """Add text at the end of a file."""
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
