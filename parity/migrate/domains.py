"""Domains of Rasa 2, written by hand: each way to write one that the others do not have."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Domain2:
    """A domain file, or several.

    Attributes:
        files: name -> text; a single one is given as a file, several as a directory.
        rasa: what Rasa migrates instead, where it takes another way of writing only; None where it refuses or crashes,
            and rebake migrates all the same.
        refused: whether rebake refuses it as well.
    """

    files: dict[str, str]
    rasa: dict[str, str] | None = field(default_factory=dict)
    refused: bool = False


MAPPINGS = """\
version: "2.0"
intents: [inform, deny, affirm, chitchat]
entities:
- city   # the place
- number
- cuisine:
    roles: [wanted, refused]
    groups: [one]
slots:
  # where
  city:
    type: text      # as typed

  cuisine: {type: text, influence_conversation: false}
  people:
    type: float
    min_value: 1
    max_value: 9
    auto_fill: false  # by the form alone
  seats:
    type: bool
  feedback:
    type: text
  number:
    type: text
    auto_fill: true
  wish: {"type": "text", auto_fill: false}
# the forms
forms:
  restaurant_form:
    ignored_intents: [chitchat]
    required_slots:
      # asked first
      city: # where
        # first by entity
        - type: from_entity  # with everything
          entity: city
          role: to
          group: "1"
          intent: [inform]
        - entity: city
          type: from_entity
          not_intent: chitchat
      cuisine:
      - type: from_entity
        entity: cuisine
        role: wanted
      people:
        - {type: from_entity, entity: number, intent: [inform, affirm]}
        - type: from_text
          not_intent: [deny]

      seats:
        - type: from_intent
          intent: affirm
          value: true
        - type: from_intent
          intent: deny
          value: false
        - type: from_trigger_intent
          intent: inform
          value: true
      feedback: [{type: from_text}]
  second_form:
    required_slots:
      feedback:
        # the same as above
        - type: from_text
      city:
        - type: from_text
        - entity: city
          type: from_entity
          not_intent: chitchat
      wish: []
  old_form:
    number:
      - type: from_entity
        entity: number
    ignored_intents:
      - chitchat   # never mind
  none_ignored_form:
    ignored_intents: []  # none
    required_slots: {number: []}
  empty_form: {}
responses:
  utter_greet:
  - text: "hi # no comment"
"""

HEAD = 'version: "2.0"\nentities: [a, b]\n'
SLOT = "slots:\n  a:\n    type: text\n"

DOMAINS: dict[str, Domain2] = {
    "every mapping": Domain2({"domain.yml": MAPPINGS}),
    "CRLF": Domain2({"domain.yml": MAPPINGS.replace("\n", "\r\n")}),
    "byte order mark": Domain2({"domain.yml": "\ufeff" + MAPPINGS}),
    "no final newline": Domain2({"domain.yml": MAPPINGS.rstrip("\n")}),
    "ends with a form": Domain2(
        {"domain.yml": HEAD + SLOT + "forms:\n  f:\n    required_slots:\n      a:\n      - type: from_text"}
    ),
    "ends with a slot": Domain2(
        {"domain.yml": HEAD + "forms:\n  f:\n    a:\n    - type: from_text\n" + SLOT + "    auto_fill: false"}
    ),
    "slots alone": Domain2({"domain.yml": HEAD + SLOT + "  c:\n    type: any\n"}),
    "no version": Domain2({"domain.yml": "entities: [a]\nslots:\n  a:\n    type: text\nforms: {}\n"}),
    "no slots": Domain2({"domain.yml": "version: '2.0'\nintents:\n- greet\n"}),
    "in brackets": Domain2(
        {
            "domain.yml": '{version: "2.0", entities: [a], '
            "slots: {a: {type: text, auto_fill: false}, b: {type: bool}}, "
            "forms: {f: {required_slots: {a: [{type: from_text}], b: []}, ignored_intents: x}, "
            "g: {a: [{type: from_text}]}}}\n"
        }
    ),
    "some slots have mappings": Domain2(
        {
            "domain.yml": HEAD
            + """\
slots:
  a:
    type: text
    mappings:   # by hand
    # the text
    - type: from_text   # whatever it is
    - type: from_entity
      entity: b
      conditions:
      - active_loop: other
  b:
    type: text
    mappings:
    - type: custom
    influence_conversation: false
  c: {type: text, mappings: [{type: from_text}]}
  d:
    type: text
    mappings: []
forms:
  other: {}
  f:
    required_slots:
      a:
      - type: from_text
      - type: from_entity
        entity: b
      - type: from_intent
        intent: x
        value: 1
      c:
      - type: from_text
"""
        }
    ),
    "names in quotes and other letters": Domain2(
        {
            "domain.yml": HEAD
            + """\
slots:
    "größe":
        type: text
    'on':
        type: text
forms:
    "café form":
        required_slots:
            "größe":
                -   type: from_text
                -   type: from_intent
                    intent: "x: y"
                    value: "a # b"
            'on':
                -   type: from_text
"""
        }
    ),
    "texts over several lines": Domain2(
        {
            "domain.yml": HEAD
            + """\
slots:
  a:
    type: categorical
    values:
    - "one
      two"
    - >-
      three
      four
    initial_value: |
      text
      # no comment

  # of b
  b:
    type: text
forms:
  f:
    required_slots:
      a:
      - type: from_intent
        intent: x
        value: |
          one
            two

      b:
      - type: from_intent
        intent: x
        value: >-
          folded
          text
"""
        }
    ),
    "unread keys of forms": Domain2(
        {
            "domain.yml": HEAD
            + SLOT
            + """\
forms:
  f:
    required_slots:
      a:
      - type: from_text
    b:
    - type: from_text
    text: |
      more
    ignored_intents: [x]
  g: {required_slots: {a: [{type: from_text}]}, c: 1}
"""
        }
    ),
    "a directory": Domain2(
        {
            "slots.yml": "version: '2.0'\nslots:\n  a:\n    type: text\n  # b\n  b:\n    type: text\n",
            "forms.yml": 'version: "2.0"\nforms:\n  f:\n    required_slots:\n      b:\n      # moved\n      '
            "- type: from_text\n",
            "other.yml": 'version: "2.0"\nentities:\n- a\nintents:\n- x\n',
        }
    ),
    # Rasa gives aliased mappings the conditions of the slot that it comes to last, so it gets them written out.
    "aliases": Domain2(
        {
            "domain.yml": HEAD
            + """\
slots:
  a: &text
    type: text
  b: *text
  c:
    <<: *text
    influence_conversation: false
  d: {<<: *text}
forms:
  f:
    required_slots:
      a: &free
      - type: from_text
      c: *free
  g:
    required_slots:
      b: *free
      a:
      - type: from_entity
        entity: b
"""
        },
        rasa={
            "domain.yml": HEAD
            + """\
slots: {a: {type: text}, b: {type: text}, c: {type: text, influence_conversation: false}, d: {type: text}}
forms:
  f: {required_slots: {a: [{type: from_text}], c: [{type: from_text}]}}
  g: {required_slots: {b: [{type: from_text}], a: [{type: from_entity, entity: b}]}}
"""
        },
    ),
    "an alias for a form": Domain2(
        {
            "domain.yml": HEAD
            + SLOT
            + "forms:\n  f: &f\n    required_slots:\n      a:\n      - type: from_text\n  g: *f\n"
        },
        rasa={
            "domain.yml": HEAD
            + SLOT
            + "forms:\n  f: {a: [{type: from_text}]}\n  g: {a: [{type: from_text}]}\n"
        },
    ),
    # Rasa refuses or crashes on these, though it is clear what they mean.
    "a form with nothing": Domain2(
        {"domain.yml": HEAD + SLOT + "forms:\n  f: # later\n  g:\n    required_slots:\n"}, rasa=None
    ),
    "a mapping that is not in a list": Domain2(
        {"domain.yml": HEAD + SLOT + "forms:\n  f:\n    a:\n      type: from_text\n"}, rasa=None
    ),
    "slots in two files": Domain2(
        {
            "one.yml": 'version: "2.0"\nslots:\n  a:\n    type: text\nforms:\n  f:\n    a:\n    - type: from_text\n',
            "two.yml": 'version: "2.0"\nslots:\n  b:\n    type: text\n',
        },
        rasa=None,
    ),
    "forms beside migrated ones": Domain2(
        {"domain.yml": HEAD + SLOT + "forms:\n  f:\n    required_slots: [a]\n"}, rasa=None
    ),
    # Neither migrates these.
    "names of forms": Domain2(
        {"domain.yml": HEAD + SLOT + "forms:\n- f\n"}, rasa=None, refused=True
    ),
    "one file is migrated": Domain2(
        {
            "slots.yml": 'version: "3.1"\nslots:\n  a:\n    type: text\n    mappings:\n    - type: custom\n',
            "forms.yml": 'version: "2.0"\nforms:\n  f:\n    required_slots:\n      a:\n      - type: from_text\n',
        },
        rasa=None,
        refused=True,
    ),
}  # fmt: skip
