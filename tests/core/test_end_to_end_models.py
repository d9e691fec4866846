"""Models of stories with texts: what NLU learns for Core, the graph that Rasa runs, what makes which part stale."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.manifest import PARTS
from rebake.archive.metadata import build_metadata
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.assistant.stories.texts import learned_texts
from rebake.core.dialogue.events import ActionExecuted, Event, UserUttered
from rebake.core.end_to_end import EndToEndFeaturizer
from rebake.errors import DataError, UnsupportedError
from rebake.registry.node import pipeline_nodes, policy_nodes
from rebake.staleness.fingerprints import Fingerprints, fingerprint
from rebake.validation.assistant import check_assistant
from rebake.validation.pipeline import require_featurizers
from support.building import build
from support.core import read
from support.shared import need

CONFIG = """\
recipe: default.v1
assistant_id: tea
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: KeywordIntentClassifier
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
DATA = """\
nlu:
- intent: greet
  examples: |
    - hello
- intent: bye
  examples: |
    - see you
stories:
- story: by text
  steps:
  - user: some [oolong](drink)
  - bot: Right away
  - or:
    - intent: bye
    - intent: stop
  - action: utter_bye
"""


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    return read(tmp_path, DATA, config=CONFIG)


def fingerprints(assistant: Assistant, *parts: str) -> Fingerprints:
    asked = frozenset(part for part in PARTS if part in (parts or PARTS))
    return fingerprint(assistant, parts=asked)


def with_text(assistant: Assistant, folder: Path, old: str, new: str) -> Assistant:
    assert old in DATA
    return read(folder, DATA.replace(old, new), config=CONFIG)


def test_featurizers_learn_from_stories_and_classifiers_do_not(assistant: Assistant, tmp_path: Path) -> None:
    result = build(assistant, output=tmp_path / "models")
    with tarfile.open(result.model) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        content = {name: json.load(file) for name, file in files.items() if file and name.endswith(".json")}
    words = content["components/train_CountVectorsFeaturizer1/vocabularies.json"]
    assert sorted(words["text"]) == ["hello", "oolong", "see", "some", "you"]
    assert sorted(words["action_text"]) == ["away", "right"]
    assert {"bye", "stop", "greet"} <= words["intent"].keys()
    assert {"utter_bye", "action_listen"} <= words["action_name"].keys()
    keywords = content["components/train_KeywordIntentClassifier2/KeywordIntentClassifier.json"]
    assert keywords == {"hello": "greet", "see you": "bye"}
    assert content["metadata.json"]["training_type"] == 4


def test_nlu_trained_alone_learns_nothing_from_stories(assistant: Assistant, tmp_path: Path) -> None:
    result = build(assistant, output=tmp_path / "models", parts=frozenset({"nlu"}))
    with tarfile.open(result.model) as archive:
        file = archive.extractfile("components/train_CountVectorsFeaturizer1/vocabularies.json")
        assert file is not None
        assert json.load(file)["action_text"] is None
    assert fingerprints(assistant, "nlu").parts["nlu"] != fingerprints(assistant).parts["nlu"]


def test_each_name_and_text_of_the_stories_is_learned_once() -> None:
    assert learned_texts(()) == sorted(learned_texts(()))
    assert ("action_name", "...") in learned_texts(())


def test_a_new_text_makes_nlu_and_core_stale_a_new_rule_of_known_names_core_alone(
    assistant: Assistant, tmp_path: Path
) -> None:
    before = fingerprints(assistant)
    other = fingerprints(with_text(assistant, tmp_path, "oolong", "assam")).parts
    assert other["nlu"].fingerprint != before.parts["nlu"].fingerprint
    assert other["core"].fingerprint != before.parts["core"].fingerprint
    longer = fingerprints(
        with_text(assistant, tmp_path, "  - action: utter_bye\n", "  - action: utter_bye\n" * 2)
    ).parts
    assert longer["nlu"].fingerprint == before.parts["nlu"].fingerprint
    assert longer["core"].fingerprint != before.parts["core"].fingerprint


def test_core_goes_stale_with_featurizers_not_with_classifiers(assistant: Assistant) -> None:
    before = fingerprints(assistant).parts["core"].fingerprint

    def changed(place: int, **options: Any) -> str:
        pipeline = list(assistant.config.pipeline)
        pipeline[place] = replace(pipeline[place], options=options)
        config = replace(assistant.config, pipeline=tuple(pipeline))
        return fingerprints(replace(assistant, config=config)).parts["core"].fingerprint

    assert changed(1, min_df=2) != before
    assert changed(0, intent_tokenization_flag=True) != before
    assert changed(2, case_sensitive=False) == before


def test_names_and_texts_are_featurized_in_training_and_in_conversations(assistant: Assistant, tmp_path: Path) -> None:
    build(assistant, output=tmp_path / "models", model_name="m")
    with tarfile.open(tmp_path / "models" / "m.tar.gz") as archive:
        archive.extractall(tmp_path / "model", filter="data")
    featurizer = EndToEndFeaturizer.load(pipeline_nodes(assistant.config), tmp_path / "model" / "components")
    trained = featurizer.of_assistant(assistant)
    row = trained.name_row("action_name", "utter_bye")
    assert row is not None
    assert row.to_dense().sum() == 1
    assert [token.text for token in trained.message("text", "some oolong").tokens["text"]] == ["some", "oolong"]
    assert trained.message("action_text", "Right away").features["action_text"][0].sentence is not None
    said_and_done = UserUttered("bye", text="some oolong"), ActionExecuted(None, "Right away")
    events: list[Event] = [*said_and_done, ActionExecuted("utter_bye")]
    said = featurizer.of_events(events)
    assert said.message("text", "some oolong").features["text"][0].sentence is not None
    assert featurizer.of_events(events).message("intent", "bye") is said.message("intent", "bye")  # kept


@pytest.mark.shared
def test_the_graph_is_rasas() -> None:
    folder = need("reference/e2ebot")
    assistant = load_assistant(*(folder / "assistant" / name for name in ("config.yml", "domain.yml", "data")))
    core = policy_nodes(assistant.config)
    made = build_metadata(assistant, nlu=pipeline_nodes(assistant.config), core=core, components=folder)
    with tarfile.open(folder / "model.tar.gz") as archive:
        file = archive.extractfile("metadata.json")
        assert file is not None
        theirs = json.load(file)
    for schema in ("train_schema", "predict_schema"):
        for node in theirs[schema]["nodes"].values():
            node["resource"] = node["resource"] and {"name": node["resource"]["name"]}
        assert made[schema] == theirs[schema]
        assert list(made[schema]["nodes"]) == list(theirs[schema]["nodes"])
    assert made["training_type"] == theirs["training_type"] == 4


def test_texts_need_featurizers_trained_beside_core(assistant: Assistant) -> None:
    with pytest.raises(DataError, match=r"stories\.yml:\d+: 'by text' contains texts.*no featurizer"):
        require_featurizers(assistant, ())


def test_what_rasas_graph_gives_no_language_model_is_refused(assistant: Assistant) -> None:
    spacy = ComponentSpec("SpacyNLP", {"model": "x"}, assistant.config.location)
    config = replace(assistant.config, pipeline=(spacy, *assistant.config.pipeline))
    with pytest.raises(UnsupportedError, match=r"config\.yml:\d+: SpacyNLP cannot be in the pipeline of end-to-end"):
        require_featurizers(assistant, pipeline_nodes(config))


def test_a_check_reports_that_texts_in_stories_have_no_featurizers(assistant: Assistant) -> None:
    alone = replace(assistant, config=replace(assistant.config, pipeline=()))
    with pytest.raises(DataError, match=r"stories\.yml:\d+: 'by text' contains texts.*no featurizer"):
        check_assistant(alone, frozenset({"nlu", "core"}), to_train=False)
    check_assistant(alone, frozenset({"core"}), to_train=False)
    check_assistant(assistant, frozenset({"nlu", "core"}), to_train=False)


def test_core_is_not_trained_alone_where_stories_hold_texts(assistant: Assistant) -> None:
    with pytest.raises(DataError, match=r"stories\.yml:\d+: 'by text' contains texts.*no featurizer"):
        check_assistant(assistant, frozenset({"core"}), to_train=True)
    check_assistant(assistant, frozenset({"nlu", "core"}), to_train=True)
