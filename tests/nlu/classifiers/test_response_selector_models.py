"""Models with a selector: a new wording of a response is served without training, unless the wording was learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from rebake.archive.manifest import read_manifest
from rebake.archive.pack import read_member
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.model import load_model
from rebake.nlu.component import Component
from rebake.nlu.message import Message
from rebake.nlu.pipeline import Pipeline
from support.assistants import edit
from support.building import build, verdict_on

CONFIG = """\
recipe: default.v1
language: en
assistant_id: shop
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: KeywordIntentClassifier
- name: ResponseSelector
  retrieval_intent: faq
  epochs: 30
  learning_rate: 0.02
  hidden_layers_sizes: {text: [16], label: [16]}
  dense_dimension: {text: 16, label: 16}
"""
DOMAIN = """\
version: "3.1"
intents: [faq]
responses:
  utter_faq/hours:
  - text: at nine
  utter_faq/price:
  - text: three euros
"""
DATA = """\
version: "3.1"
nlu:
- intent: faq/hours
  examples: |
    - when do you open
    - opening hours
- intent: faq/price
  examples: |
    - what does it cost
    - how much
responses:
  utter_faq/place:
  - text: at the harbour
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("config.yml", CONFIG), ("domain.yml", DOMAIN), ("data/nlu.yml", DATA)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read() -> Assistant:
    return load_assistant("config.yml", "domain.yml", "data")


@pytest.mark.slow
def test_a_new_wording_is_served_without_training(project: Path) -> None:
    first = build(read(), output=project / "models").model
    with load_model(first) as model:
        parsed = model.parse("opening hours")
    assert parsed["intent"] == {"name": "faq", "confidence": 1.0, "full_retrieval_intent_name": "faq/hours"}
    vocabularies = read_member(first, "components/train_CountVectorsFeaturizer1/vocabularies.json")
    assert json.loads(vocabularies or "")["response"] == {"": 0}  # none would break `rasa train --finetune`
    assert parsed["response_selector"]["faq"]["response"]["responses"] == [{"text": "at nine"}]

    edit(project / "domain.yml", "at nine", "at ten")
    edit(project / "data" / "nlu.yml", "at the harbour", "in the old town")
    assert verdict_on(read(), old=first).stale_parts == ("nlg",)
    result = build(read(), output=project / "models", old=first, model_name="second")
    assert result.trained == ()
    with load_model(result.model) as model:
        again = model.parse("opening hours")
    assert again["response_selector"]["faq"]["response"]["responses"] == [{"text": "at ten"}]
    fresh = build(read(), output=project / "models", force=True, model_name="third")
    with load_model(fresh.model) as model:
        assert model.parse("opening hours") == again
        trained_today = model.metadata.model_id
    with load_model(result.model) as model:
        assert model.metadata.model_id == trained_today


def test_a_full_name_is_given_where_a_selector_serves_the_intent_alone() -> None:
    class Selects:
        def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
            for message, intent in zip(messages, ("faq", "chat", "greet"), strict=True):
                message.intent = {"name": intent, "confidence": 1.0}
                served = {"faq": {"response": {"intent_response_key": "faq/hours"}}}
                message.extra["response_selector"] = {"all_retrieval_intents": ["chat", "faq"], **served}

    found = [parsed["intent"] for parsed in Pipeline((), [cast(Component, Selects())]).parse_all(["a", "b", "c"])]
    assert [intent.get("full_retrieval_intent_name", "not given") for intent in found] == [
        "faq/hours",
        None,
        "not given",
    ]


@pytest.mark.slow
def test_a_new_wording_that_is_learned_makes_everything_from_the_tokens_on_stale(project: Path) -> None:
    edit(
        project / "config.yml", "{text: [16], label: [16]}", "{text: [], label: []}\n  number_of_transformer_layers: 1"
    )
    edit(project / "config.yml", "epochs: 30", "epochs: 1\n  use_text_as_label: true\n  transformer_size: 16")
    first = build(read(), output=project / "models").model
    manifest = read_manifest(first)
    assert manifest is not None
    assert [i.name for i in manifest.parts["nlu"].items if i.kind == "retrieval response"] == [
        "utter_faq/hours",
        "utter_faq/price",
    ]
    edit(project / "data" / "nlu.yml", "at the harbour", "in the old town")  # no example leads to it
    assert verdict_on(read(), old=first).stale_parts == ("nlg",)
    edit(project / "domain.yml", "at nine", "at ten")
    plan = verdict_on(read(), old=first)
    assert plan.stale_parts == ("nlu", "nlg")
    verdict = plan.verdict("nlu")
    assert verdict is not None
    assert verdict.reasons == ("retrieval response utter_faq/hours changed",)
