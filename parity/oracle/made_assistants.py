"""Small assistants with what real ones lack: repeated texts, overlapping entities, shared ORs, every slot type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity.dialogues.random_assistants import make
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant

PIPELINE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer", "intent_tokenization_flag": True},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer", "max_features": 40},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "max_ngram": 3},
    {"name": "KeywordIntentClassifier"},
    {"name": "LogisticRegressionClassifier"},
    {"name": "DIETClassifier", "epochs": 2},
    {"name": "CRFEntityExtractor", "max_iterations": 5},
    {"name": "RegexEntityExtractor"},
    {"name": "EntitySynonymMapper"},
    {"name": "ResponseSelector", "epochs": 2},
    {"name": "ResponseSelector", "epochs": 2, "retrieval_intent": "faq", "use_text_as_label": True},
    {"name": "FallbackClassifier"},
]
POLICIES: list[dict[str, Any]] = [
    {"name": "MemoizationPolicy", "max_history": 3},
    {"name": "AugmentedMemoizationPolicy", "max_history": 2},
    {"name": "RulePolicy"},
    {"name": "TEDPolicy", "max_history": 4, "epochs": 2},
    {"name": "UnexpecTEDIntentPolicy", "max_history": 4, "epochs": 2},
]
NLU: dict[str, Any] = {
    "common_examples": [
        {"text": "hello", "intent": "greet"},
        {"text": "good morning", "intent": "greet"},
        {"text": "bye", "intent": "bye"},
        {"text": "see you", "intent": "bye"},
        *(
            {
                "text": f"from {start} to {end}",
                "intent": "travel",
                "entities": [
                    {"start": 5, "end": 5 + len(start), "entity": "city", "value": start, "role": "from"},
                    {
                        "start": 9 + len(start),
                        "end": 9 + len(start) + len(end),
                        "entity": "city",
                        "value": value,
                        "role": "to",
                        "group": "2",
                    },
                ],
            }
            for start, end, value in (("Rome", "NYC", "New York"), ("Oslo", "Paris", "Paris"), ("Bonn", "Ulm", "Ulm"))
        ),
        # One text, once annotated and once not, and with several intents.
        {"text": "a tea", "intent": "order", "entities": [{"start": 2, "end": 5, "entity": "drink", "value": "tea"}]},
        {"text": "a tea", "intent": "stop"},
        {"text": "a tea", "intent": "greet"},
        {
            "text": "two teas",
            "intent": "order",
            "entities": [{"start": 4, "end": 8, "entity": "drink", "value": "tea"}],
        },
        {
            "text": "iced green tea",  # overlapping annotations
            "intent": "order",
            "entities": [
                {"start": 5, "end": 14, "entity": "drink", "value": "tea"},
                {"start": 0, "end": 10, "entity": "size", "value": "iced green"},
            ],
        },
        {"text": "stop it", "intent": "stop"},
        {"text": "no more", "intent": "stop"},
        {"text": "what does it cost", "intent": "faq/price"},
        {"text": "how much", "intent": "faq/price"},
        {"text": "when are you open", "intent": "faq/hours"},
        {"text": "your hours", "intent": "faq/hours"},
        {"text": "who are you", "intent": "chat/name"},
        {"text": "how are you", "intent": "chat/mood"},
        {"text": "hello"},
    ],
    "entity_synonyms": [
        {"value": "New York", "synonyms": ["ny", "big apple"]},
        {"value": "tea", "synonyms": ["cuppa", "Cuppa"]},
    ],
    "regex_features": [
        {"name": "city", "pattern": "[A-Z][a-z]+"},
        {"name": "number", "pattern": "[0-9]+"},
        {"name": "number", "pattern": "one|two"},
    ],
    "lookup_tables": [
        {"name": "drink", "elements": ["tea", "green tea", "water"]},
        {"name": "city", "elements": ["Rome", "Oslo"]},
    ],
}
DOMAIN = """\
version: "3.1"
intents: [greet, bye, order, stop, travel: {use_entities: [city]}, faq, chat]
entities:
- drink
- city: {roles: [to, from], groups: ["2", "1"]}
- size: {influence_conversation: false}
slots:
  drink: {type: text, mappings: [{type: from_entity, entity: drink}]}
  hot: {type: bool, mappings: [{type: custom}]}
  size: {type: categorical, values: [small, large], mappings: [{type: from_entity, entity: size}]}
  number: {type: float, min_value: 0, max_value: 9, mappings: [{type: custom}]}
  cities: {type: list, mappings: [{type: from_entity, entity: city, role: to}]}
  note: {type: any, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [drink, size]}
  travel_form: {required_slots: []}
responses:
  utter_greet: [{text: Hi}]
  utter_bye: [{text: Bye}]
  utter_hot: [{text: Careful}]
  utter_cold: [{text: Brr}]
  utter_faq/price: [{text: Three.}]
  utter_faq/hours: [{text: From nine.}]
  utter_chat/name: [{text: A bot.}]
  utter_chat/mood: [{text: Fine.}]
actions: [order_form, travel_form, action_brew, action_count]
"""
STORIES = """\
version: "3.1"
stories:
- story: hot order
  steps: [{intent: order, entities: [{drink: tea}]}, {slot_was_set: [{hot: true}]}, {action: action_brew},
          {checkpoint: served}]
- story: cold order
  steps: [{intent: order}, {slot_was_set: [{hot: false}, {size: small}]}, {action: action_brew}, {checkpoint: served}]
- story: afterwards
  steps: [{checkpoint: served, slot_was_set: [{hot: true}]}, {or: [{intent: stop}, {intent: bye}]},
          {action: utter_hot}]
- story: afterwards
  steps: [{checkpoint: served, slot_was_set: [{hot: false}]}, {or: [{intent: stop}, {intent: bye}]},
          {action: utter_cold}]
- story: a form
  steps: [{intent: greet}, {action: utter_greet}, {intent: order}, {action: order_form}, {active_loop: order_form},
          {active_loop: null}, {action: action_brew},
          {or: [{slot_was_set: [{number: 3}]}, {slot_was_set: [{number: 9}]}]}, {action: action_count}]
- story: a journey
  steps: [{intent: travel, entities: [{city: Rome, role: from}, {city: NYC, role: to}]}, {action: travel_form},
          {active_loop: travel_form}, {intent: stop}, {action: utter_bye}, {action: travel_form}, {active_loop: null}]
- story: again and again
  steps: [{checkpoint: served}, {intent: greet}, {action: utter_greet}, {checkpoint: served}]
- story: short
  steps: [{intent: greet}, {action: utter_greet}, {or: [{intent: bye}, {intent: stop}, {intent: travel}]},
          {action: utter_bye}]
rules:
- rule: answer
  steps: [{intent: faq}, {action: utter_faq}]
- rule: chat
  steps: [{intent: chat}, {action: utter_chat}]
- rule: stop the form
  condition: [{active_loop: order_form}]
  steps: [{intent: stop}, {action: action_deactivate_loop}, {active_loop: null}]
- rule: afterwards
  conversation_start: true
  steps: [{or: [{intent: stop}, {intent: bye}]}, {action: utter_bye}]
"""
E2E_STORIES = """\
version: "3.1"
stories:
- story: by text
  steps: [{user: hello}, {bot: Hi there}, {user: "a [tea](drink)"}, {action: action_brew}]
- story: by text again
  steps: [{user: good morning}, {bot: Hi there}, {user: "a [cuppa](drink)"}, {bot: Coming}]
- story: by intent
  steps: [{intent: greet}, {action: utter_greet}, {or: [{intent: bye}, {intent: stop}]}, {action: utter_bye}]
rules:
- rule: stop
  steps: [{intent: stop}, {action: utter_bye}]
"""


def made_assistants(folder: Path, random_ones: int = 0, seed: int = 1) -> Iterator[tuple[str, Assistant]]:
    """Write assistants below a folder and yield each with its name.

    Args:
        folder: an empty directory.
        random_ones: how many random ones follow the two that are always the same.
        seed: of the random ones.
    """
    config = {"recipe": "default.v1", "assistant_id": "made", "language": "en", "policies": POLICIES}
    yield "everything", _written(folder / "everything", {**config, "pipeline": PIPELINE}, STORIES)
    of_texts = [entry for entry in PIPELINE if entry["name"] not in ("KeywordIntentClassifier", "ResponseSelector")]
    yield "end to end", _written(folder / "end to end", {**config, "pipeline": of_texts}, E2E_STORIES)
    unchecked = {"restrict_rules": False, "check_for_contradictions": False}  # random rules contradict each other
    policies = [{**policy, **unchecked} if policy["name"] == "RulePolicy" else policy for policy in POLICIES[:-1]]
    for project in map(Path, make(folder / "random", random_ones, seed)):
        (project / "config.yml").write_text(json.dumps({**config, "pipeline": [], "policies": policies}), "utf-8")
        assistant = load_assistant(project / "config.yml", project / "domain.yml", project / "data")
        if not assistant.is_end_to_end:  # which needs a pipeline
            yield f"random {project.name}", assistant


def _written(folder: Path, config: dict[str, Any], stories: str) -> Assistant:
    (folder / "data").mkdir(parents=True)
    (folder / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    (folder / "data" / "nlu.json").write_text(json.dumps({"rasa_nlu_data": NLU}), encoding="utf-8")
    (folder / "data" / "stories.yml").write_text(stories, encoding="utf-8")
    return load_assistant(folder / "config.yml", folder / "domain.yml", folder / "data")
