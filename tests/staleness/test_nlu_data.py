"""What of NLU data and of options makes which components stale: all that they learn from, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.importer import load_assistant
from rebake.registry.lookup import COMPONENTS
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import write

PIPELINE = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "DIETClassifier"},
    {"name": "KeywordIntentClassifier"},
    {"name": "RegexEntityExtractor"},
    {"name": "EntitySynonymMapper"},
    {"name": "FallbackClassifier"},
]
NLU: dict[str, Any] = {
    "common_examples": [
        {"text": "to NYC", "intent": "go", "entities": [{"start": 3, "end": 6, "entity": "city", "value": "New York"}]},
        {"text": "hello", "intent": "greet"},
    ],
    "entity_synonyms": [{"value": "New York", "synonyms": ["ny"]}],
    "regex_features": [{"name": "city", "pattern": "[A-Z]{3}"}],
    "lookup_tables": [{"name": "city", "elements": "cities.txt"}],
}
NETWORK = {"DIETClassifier"}
LEARNERS = {entry["name"] for entry in PIPELINE} - {"WhitespaceTokenizer", "FallbackClassifier"}


class Project:
    """A project in the working directory whose data is one JSON file and one lookup file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.nlu = json.loads(json.dumps(NLU))
        self.pipeline: list[dict[str, Any]] = json.loads(json.dumps(PIPELINE))
        self.cities = "Rome\nParis\n"

    def fingerprints(self) -> dict[str, str]:
        config = {"language": "en", "pipeline": self.pipeline, "policies": []}
        files = {"config.yml": json.dumps(config), "data/nlu.json": json.dumps({"rasa_nlu_data": self.nlu})}
        write(self.directory, {**files, "cities.txt": self.cities})
        assistant = load_assistant("config.yml", None, "data")
        asked = fingerprint(assistant, parts=frozenset({"nlu"}))
        found = {record.name: record.fingerprint for record in asked.components.values()}
        return {"nlu": asked.parts["nlu"].fingerprint, **found}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def stale(project: Project, change: Callable[[Project], Any]) -> set[str]:
    before = project.fingerprints()
    change(project)
    after = project.fingerprints()
    return {name for name in before if before[name] != after[name]}


DATA_CHANGES: dict[str, tuple[Callable[[Project], Any], set[str]]] = {
    "formatting": (lambda p: p.nlu.update(p.nlu), set()),
    "an element of a lookup file": (
        lambda p: setattr(p, "cities", "Rome\nUlm\n"),
        {"RegexFeaturizer", "RegexEntityExtractor"} | NETWORK,
    ),
    "blanks in a lookup file": (lambda p: setattr(p, "cities", "\n Rome\n\nParis"), set()),
    "a regex": (
        lambda p: p.nlu["regex_features"].append({"name": "zip", "pattern": "[0-9]{5}"}),
        {"RegexFeaturizer", "RegexEntityExtractor"} | NETWORK,
    ),
    "a synonym": (
        lambda p: p.nlu["entity_synonyms"].append({"value": "Rome", "synonyms": ["Roma"]}),
        {"EntitySynonymMapper"},
    ),
    "a synonym that an example says already": (
        lambda p: p.nlu["entity_synonyms"].append({"value": "New York", "synonyms": ["NYC"]}),
        set(),
    ),
    "the role of an entity": (
        lambda p: p.nlu["common_examples"][0]["entities"][0].update(role="to"),
        {"RegexEntityExtractor", "EntitySynonymMapper"} | NETWORK,
    ),
    "the intent of an example": (
        lambda p: p.nlu["common_examples"][1].update(intent="go"),
        {"CountVectorsFeaturizer", "KeywordIntentClassifier"} | NETWORK,
    ),
    "a new example": (lambda p: p.nlu["common_examples"].append({"text": "hi", "intent": "greet"}), LEARNERS),
    "metadata, which nothing learns from": (lambda p: p.nlu["common_examples"][0].update(metadata={"a": 1}), set()),
}


@pytest.mark.parametrize("change", DATA_CHANGES)
def test_a_change_of_the_data_makes_stale_what_learns_from_it(change: str, project: Project) -> None:
    edit, components = DATA_CHANGES[change]
    assert stale(project, edit) == components | ({"nlu"} if components else set())


# component -> option -> a value that is not its default
OPTIONS: dict[str, dict[str, Any]] = {
    "WhitespaceTokenizer": {
        "intent_tokenization_flag": True, "intent_split_symbol": "+", "token_pattern": "[a-z]+",
        "prefix_separator_symbol": "+",
    },
    "RegexFeaturizer": {
        "alias": "a", "case_sensitive": False, "use_lookup_tables": False, "use_regexes": False,
        "use_word_boundaries": False,
    },
    "LexicalSyntacticFeaturizer": {"alias": "a", "features": [["low"]]},
    "CountVectorsFeaturizer": {
        "alias": "a", "use_shared_vocab": True, "analyzer": "char", "strip_accents": "ascii", "stop_words": ["to"],
        "min_df": 2, "max_df": 0.5, "min_ngram": 2, "max_ngram": 2, "max_features": 5, "lowercase": False,
        "OOV_token": "oov", "OOV_words": ["to"], "use_lemma": False,
    },
    "KeywordIntentClassifier": {"case_sensitive": False},
    "RegexEntityExtractor": {
        "case_sensitive": True, "use_lookup_tables": False, "use_regexes": False, "use_word_boundaries": False,
    },
    "EntitySynonymMapper": {},
    "FallbackClassifier": {"threshold": 0.5, "ambiguity_threshold": 0.2},
}  # fmt: skip
FEATURIZERS = {"RegexFeaturizer", "LexicalSyntacticFeaturizer", "CountVectorsFeaturizer"}
FEEDS = {"WhitespaceTokenizer": FEATURIZERS | NETWORK, **dict.fromkeys(FEATURIZERS, NETWORK)}


def test_no_option_is_forgotten_here() -> None:
    assert {name: set(options) for name, options in OPTIONS.items()} == {
        name: set(COMPONENTS[name].defaults) for name in OPTIONS
    }


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in OPTIONS for option in OPTIONS[name]])
def test_another_value_of_an_option_makes_its_component_stale_and_what_it_feeds(
    name: str, option: str, project: Project
) -> None:
    def change(project: Project) -> None:
        next(entry for entry in project.pipeline if entry["name"] == name)[option] = OPTIONS[name][option]

    assert stale(project, change) == {name, "nlu"} | FEEDS.get(name, set())


@pytest.mark.parametrize("name", OPTIONS)
def test_writing_a_default_changes_nothing(name: str, project: Project) -> None:
    def change(project: Project) -> None:
        next(entry for entry in project.pipeline if entry["name"] == name).update(COMPONENTS[name].defaults)

    assert stale(project, change) == set()
