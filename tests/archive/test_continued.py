"""A model of Rasa 3.6.21 is fine-tuned by Rasa's rules, and the refusal names what changed, with its line."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from rebake.archive.continued import opened
from rebake.archive.manifest import Part
from rebake.archive.pack import METADATA_NAME, pack
from rebake.assistant.importer import load_assistant
from rebake.base.continuation import Continuation
from rebake.errors import FinetuningError
from rebake.registry.node import pipeline_nodes, policy_nodes
from support.assistants import append, edit
from support.paths import ROOT

REFERENCE = ROOT / "parity" / "reference" / "cafe"


@pytest.fixture
def cafe(tmp_path: Path) -> Path:
    """The example, with the configuration that its model of Rasa was trained with."""
    project = copytree(ROOT / "examples" / "cafe", tmp_path / "cafe")
    (project / "config.yml").write_bytes((REFERENCE / "config.yml").read_bytes())
    return project


def continuation(project: Path, part: Part, model: Path = REFERENCE / "model.tar.gz") -> Continuation:
    assistant = load_assistant(project / "config.yml", [project / "domain.yml"], [project / "data"])
    nodes = pipeline_nodes(assistant.config) if part == "nlu" else policy_nodes(assistant.config)
    with opened(model) as found:
        made = found.continuation(part, nodes, assistant, 0.25)
        assert any(made.directory(node.id) for node in nodes)
        return made


@pytest.mark.parametrize("part", ["nlu", "core"])
def test_epochs_texts_of_responses_and_examples_may_change(cafe: Path, part: Part) -> None:
    default = "  evaluate_on_number_of_examples: 0\n"
    edit(cafe / "config.yml", "- name: DIETClassifier\n", f"- name: DIETClassifier\n{default}")
    epochs = (cafe / "config.yml").read_text(encoding="utf-8")
    (cafe / "config.yml").write_text(epochs.replace("epochs: ", "epochs: 1"), encoding="utf-8")
    append(cafe / "data" / "nlu.yml", "- intent: greet\n  examples: |\n    - ahoy\n")
    found = continuation(cafe, part)
    assert found.options({"epochs": 10})["epochs"] == 3  # a quarter, rounded up


def option(project: Path) -> None:
    edit(project / "config.yml", "- name: DIETClassifier\n", "- name: DIETClassifier\n  drop_rate: 0.3\n")


def component(project: Path) -> None:
    edit(project / "config.yml", "- name: WhitespaceTokenizer\n", "- name: RegexFeaturizer\n")


def language(project: Path) -> None:
    edit(project / "config.yml", "language: en", "language: de")


def intent(project: Path) -> None:
    edit(project / "domain.yml", "intents:\n", "intents:\n  - complain\n")


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("nlu", option, r"config\.yml:\d+: DIETClassifier .*drop_rate was 0\.2 and is 0\.3"),
        ("nlu", component, "RegexFeaturizer, RegexFeaturizer"),
        ("nlu", language, "language is en"),
        ("core", intent, r"intents changed \(new: complain\)"),
    ],
)
def test_what_else_changes_is_named(cafe: Path, part: Part, change: Callable[[Path], None], message: str) -> None:
    change(cafe)
    with pytest.raises(FinetuningError, match=message):
        continuation(cafe, part)


@pytest.mark.parametrize("part", ["nlu", "core"])
def test_stories_with_texts_keep_either_part_from_it(cafe: Path, part: Part) -> None:
    """A Core that reads a fine-tuned pipeline would be kept as one that reads another."""
    text = "stories:\n- story: by text\n  steps:\n  - user: ahoy\n  - action: utter_greet\n"
    (cafe / "data" / "by_text.yml").write_text(text, encoding="utf-8")
    with pytest.raises(FinetuningError, match="end to end"):
        continuation(cafe, part)


def test_a_model_of_an_older_rasa_is_refused(cafe: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    with tarfile.open(REFERENCE / "model.tar.gz") as archive:
        archive.extractall(older, filter="data")
    metadata = json.loads((older / METADATA_NAME).read_text(encoding="utf-8"))
    metadata["rasa_open_source_version"] = "3.5.9"
    (older / METADATA_NAME).write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(FinetuningError, match=r"Rasa 3\.5\.9"):
        continuation(cafe, "nlu", pack(older, tmp_path / "older.tar.gz"))
