"""A model may come from anywhere: broken JSON in it is a ModelError, never an internal error."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from parity.schemas.mutations import PROJECTS, mutated
from rebake.archive.manifest import Manifest, PartRecord, format_manifest, parse_manifest
from rebake.archive.metadata import read_metadata, resolve
from rebake.archive.pack import unpack
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.assistant.importer import load_assistant
from rebake.build.build import build
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.errors import DataError, ModelError

TRIES = 4 * settings().max_examples


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An unpacked model."""
    folder = tmp_path_factory.mktemp("model")
    project = PROJECTS / "forms"
    assistant = load_assistant(project / "config.yml", project / "domain.yml", [project / "data"])
    with unpack(build(make_plan(Request(assistant, output=folder / "models"))).model) as unpacked:
        yield unpacked


def test_a_broken_manifest_is_an_error_of_the_model(model: Path) -> None:
    content = json.loads((model / "rebake.json").read_text(encoding="utf-8"))
    for seed in range(TRIES):
        text = json.dumps(mutated(content, random.Random(seed)))
        try:
            parse_manifest(text.encode(), "rebake.json")
        except ModelError:
            continue


@pytest.mark.parametrize("number", ["Infinity", "1e999", "NaN", "[[]]", "9" * 5000])
def test_a_format_that_is_no_number_is_an_error_of_the_model(number: str) -> None:
    with pytest.raises(ModelError, match=r"rebake\.json"):
        parse_manifest(
            f'{{"format": {number}, "parts": {{}}, "components": {{}}, "tool": {{}}}}'.encode(), "rebake.json"
        )


def test_broken_metadata_are_an_error_of_the_model(model: Path, tmp_path: Path) -> None:
    content = json.loads((model / "metadata.json").read_text(encoding="utf-8"))
    for seed in range(TRIES):
        text = json.dumps(mutated(content, random.Random(seed)))
        (tmp_path / "metadata.json").write_text(text, encoding="utf-8")
        try:
            metadata = read_metadata(tmp_path)
            resolve(metadata.nlu, "pipeline")
            resolve(metadata.core, "policies")
            domain_from_dict(metadata.domain)
        except (ModelError, DataError):
            continue


@pytest.mark.parametrize(
    ("written", "read"),
    [("12.5", 12.5), ("0", 0.0), ("-1", None), ("1.7e308", None), ("NaN", None), ("true", None), ('"5"', None)],
)
def test_a_training_time_that_is_none_is_not_believed_and_breaks_nothing(written: str, read: float | None) -> None:
    manifest = parse_manifest(format_manifest(Manifest({"nlu": PartRecord("0" * 64, seconds=1.0)})).encode(), "x")
    assert manifest.parts["nlu"].seconds == 1.0
    text = format_manifest(manifest).replace('"seconds":1.0', f'"seconds":{written}')
    assert parse_manifest(text.encode(), "rebake.json").parts["nlu"].seconds == read
