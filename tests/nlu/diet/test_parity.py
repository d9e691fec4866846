"""DIETClassifier predicts from Rasa's own archives what Rasa predicted."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.nlu.message import TEXT, Message
from rebake.registry.lookup import require
from support.shared import need

pytestmark = [pytest.mark.slow, pytest.mark.parity, pytest.mark.shared]

ASSISTANTS = ["breakoutbot", "concertbot", "e2ebot", "formbot", "helpdesk", "moodbot", "travelbot"]


def components_until_diet(directory: Path) -> list[Any]:
    """The pipeline of an archive, loaded, up to and with DIETClassifier."""
    nodes = json.loads((directory / "metadata.json").read_text())["predict_schema"]["nodes"]
    loaded: list[Any] = []
    for name, node in nodes.items():
        if not name.startswith("run_") or not node["uses"].startswith("rasa.nlu."):
            continue
        kind = require(ComponentSpec(node["uses"], node["config"], Location("config.yml", 1)), "pipeline")
        resource = directory / "components" / node["resource"]["name"] if node["resource"] else None
        if resource is not None and not resource.exists():
            resource = None
        loaded.append(kind.load_class().load(kind.merged(node["config"]), name[len("run_") :], resource))
        if kind.name == "DIETClassifier":
            return loaded
    raise AssertionError("no DIETClassifier")


def parse(pipeline: list[Any], texts: list[str]) -> list[Message]:
    messages = [Message({TEXT: text}) for text in texts]
    for component in pipeline:
        component.process(messages)
    return messages


@pytest.mark.parametrize("assistant", ASSISTANTS)
def test_rasas_weights_give_rasas_predictions(assistant: str, tmp_path: Path) -> None:
    reference = need(f"reference/{assistant}")
    with tarfile.open(reference / "model.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    expected = [json.loads(line)["parse"] for line in (reference / "parse.jsonl").read_text().splitlines()]
    messages = parse(components_until_diet(tmp_path), [parsed["text"] for parsed in expected])
    for message, parsed in zip(messages, expected, strict=True):
        assert_same_intents(message, parsed)
        assert_same_entities(message, parsed)


def assert_same_intents(message: Message, parsed: dict[str, Any]) -> None:
    """FallbackClassifier, which comes later, may have put itself on top."""
    ranking = [entry for entry in parsed["intent_ranking"] if entry["name"] != "nlu_fallback"]
    found = {entry["name"]: entry["confidence"] for entry in message.intent_ranking}
    assert found == pytest.approx({entry["name"]: entry["confidence"] for entry in ranking}, abs=1e-4)
    assert message.intent == (message.intent_ranking[0] if ranking else {"name": None, "confidence": 0.0})


def assert_same_entities(message: Message, parsed: dict[str, Any]) -> None:
    """EntitySynonymMapper, which comes later, may have changed values, and other extractors may have added entities."""
    expected = [entity for entity in parsed["entities"] if entity["extractor"] == "DIETClassifier"]
    assert len(message.entities) == len(expected)
    for found, wanted in zip(message.entities, expected, strict=True):
        assert found["value"] == message.text[found["start"] : found["end"]]
        for key in ("entity", "start", "end", "role", "group", "extractor"):
            assert found.get(key) == wanted.get(key), (message.text, key)
        for key in ("confidence_entity", "confidence_role", "confidence_group"):
            assert (key in found) == (key in wanted)
            assert found.get(key, 0) == pytest.approx(wanted.get(key, 0), abs=1e-4), (message.text, key)
