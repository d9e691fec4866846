"""Whatever stands in a file of JSON training data: it is read, or refused with a message for a person."""

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from parity.schemas.mutations import mutated
from rebake.assistant.importer import load_assistant
from rebake.errors import RebakeError

pytestmark = pytest.mark.slow

TRIES = settings().max_examples
ENTITY = {"start": 3, "end": 5, "value": "Bo", "entity": "name", "role": "r", "group": "g"}
FILES: dict[str, Any] = {
    "rasa.json": {
        "rasa_nlu_data": {
            "common_examples": [{"text": "hi Bo", "intent": "greet", "entities": [ENTITY], "metadata": {}}],
            "regex_features": [{"name": "a", "pattern": "x"}],
            "lookup_tables": [{"name": "a", "elements": ["b"]}],
            "entity_synonyms": [{"value": "a", "synonyms": ["b"]}],
        }
    },
    "luis.json": {
        "luis_schema_version": "5.0",
        "utterances": [
            {"text": "hi Bo", "intent": "greet", "entities": [{"startPos": 3, "endPos": 4, "entity": "name"}]}
        ],
        "regex_features": [{"name": "a", "pattern": "b", "activated": True}],
        "regex_entities": [{"name": "a", "regexPattern": "b"}],
    },
    "wit.json": {
        "utterances": [
            {
                "text": "hi Bo",
                "intent": "greet",
                "entities": [{"start": 3, "end": 5, "body": "Bo", "entity": "a:b", "value": "Bo"}],
            }
        ]
    },
    "intent_usersays_en.json": [{"data": [{"text": "hi "}, {"text": "Bo", "alias": "name", "meta": "@name"}]}],
    "intent.json": {"name": "greet", "responses": [], "userSays": []},
    "entity_entries_en.json": [{"value": "a", "synonyms": ["a", "b"]}],
    "entity.json": {"name": "name", "isEnum": False, "isRegexp": False, "automatedExpansion": True},
}


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_never_is_an_internal_error(tmp_path: Path, name: str) -> None:
    for file, content in FILES.items():
        (tmp_path / file).write_text(json.dumps(content), encoding="utf-8")
    for seed in range(TRIES):
        text = json.dumps(mutated(FILES[name], random.Random(seed)))
        (tmp_path / name).write_text(text, encoding="utf-8")
        with suppress(RebakeError):
            load_assistant(None, None, [tmp_path])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wit.json", '{"utterances": [{"text": "hi", "entities": -1}]}'),
        ("luis.json", '{"luis_schema_version": "5.0", "utterances": [{"text": "hi", "entities": true}]}'),
    ],
)
def test_entities_that_are_no_list_are_an_error_at_their_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RebakeError, match=rf'{name}:1: "entities" of an utterance is .*It must be a list'):
        load_assistant(None, None, [tmp_path])
