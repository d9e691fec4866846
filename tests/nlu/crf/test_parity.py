"""CRFEntityExtractor predicts from Rasa's own archive what Rasa predicted."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.nlu.crf.files import read_dataset, write_dataset
from rebake.nlu.message import TEXT, Message
from rebake.registry.lookup import require
from support.shared import need

pytestmark = [pytest.mark.parity, pytest.mark.shared]

KEYS = ("entity", "start", "end", "value", "role", "group", "extractor")
CONFIDENCES = ("confidence_entity", "confidence_role", "confidence_group")


@pytest.fixture
def travelbot(tmp_path: Path) -> Path:
    with tarfile.open(need("reference/travelbot") / "model.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def crf_pipeline(directory: Path) -> list[Any]:
    """What the CRF needs of an archive's pipeline: tokenizer, featurizers and itself."""
    nodes = json.loads((directory / "metadata.json").read_text())["predict_schema"]["nodes"]
    loaded: list[Any] = []
    for name, node in nodes.items():
        if not name.startswith("run_") or not node["uses"].startswith("rasa.nlu."):
            continue
        kind = require(ComponentSpec(node["uses"], node["config"], Location("config.yml", 1)), "pipeline")
        resource = directory / "components" / node["resource"]["name"] if node["resource"] else None
        if kind.kind in ("tokenizer", "featurizer") or kind.name == "CRFEntityExtractor":
            present = resource if resource is not None and resource.exists() else None
            loaded.append(kind.load_class().load(kind.merged(node["config"]), name[len("run_") :], present))
    return loaded


def test_rasas_dataset_gives_rasas_predictions(travelbot: Path) -> None:
    lines = (need("reference/travelbot") / "parse.jsonl").read_text().splitlines()
    expected = [json.loads(line)["parse"] for line in lines]
    messages = [Message({TEXT: parsed["text"]}) for parsed in expected]
    for component in crf_pipeline(travelbot):
        component.process(messages)
    compared = 0
    for message, parsed in zip(messages, expected, strict=True):
        wanted = [entity for entity in parsed["entities"] if entity["extractor"] == "CRFEntityExtractor"]
        assert len(message.entities) == len(wanted), message.text
        for found, entity in zip(message.entities, wanted, strict=True):
            compared += 1
            if "processors" in entity:  # EntitySynonymMapper gave it another value
                entity["value"] = found["value"]
            assert {key: found.get(key) for key in KEYS} == {key: entity.get(key) for key in KEYS}
            assert {key: found[key] for key in CONFIDENCES if key in found} == pytest.approx(
                {key: entity[key] for key in CONFIDENCES if key in entity}, abs=1e-4
            )
    assert compared > 20


def test_rasas_dataset_is_written_as_rasa_writes_it(travelbot: Path, tmp_path: Path) -> None:
    directory = travelbot / "components" / "train_CRFEntityExtractor6"
    again = tmp_path / "again"
    again.mkdir()
    write_dataset(again, *read_dataset(directory))
    for name in ("crf_dataset.json", "crf_order.json"):
        assert (again / name).read_bytes() == (directory / name).read_bytes()
