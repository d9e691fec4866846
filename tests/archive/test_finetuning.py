"""A model has the three hashes that `rasa train --finetune` compares, as Rasa computes them from the same files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebake.archive.finetuning import FINGERPRINTS_FILE, finetuning_fingerprints
from rebake.archive.metadata import read_metadata, resolve
from rebake.archive.pack import COMPONENTS_NAME, read_member
from rebake.assistant.importer import load_assistant
from rebake.model_training import train_nlu
from support.shared import need

REFERENCES = ("breakoutbot", "concertbot", "e2ebot", "formbot", "helpdesk", "moodbot", "travelbot")


def stored(archive: Path) -> dict[str, str]:
    content = read_member(archive, f"{COMPONENTS_NAME}/{FINGERPRINTS_FILE}")
    assert content is not None
    found: dict[str, str] = json.loads(content)
    return found


def fingerprints(folder: Path, archive: Path) -> dict[str, str]:
    domain = folder / "domain.yml" if (folder / "domain.yml").exists() else folder / "domain"
    assistant = load_assistant(folder / "config.yml", [domain], [folder / "data"])
    metadata = read_metadata(archive)
    return finetuning_fingerprints(
        assistant,
        metadata.raw["train_schema"]["nodes"],
        nlu=resolve(metadata.nlu, "pipeline"),
        core=resolve(metadata.core, "policies"),
        rasa_version="3.6.21",
    )


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", REFERENCES)
def test_the_hashes_are_those_that_rasa_stored_when_it_trained_these_files(name: str) -> None:
    folder = need(f"reference/{name}")
    archive = folder / "model.tar.gz"
    assert fingerprints(folder / "assistant", archive) == stored(archive)


def trained(folder: Path, *, epochs: int, case_sensitive: bool, intent: str) -> dict[str, str]:
    folder.mkdir()
    (folder / "config.yml").write_text(
        "assistant_id: a\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n- name: KeywordIntentClassifier\n"
        f"  case_sensitive: {str(case_sensitive).lower()}\n  epochs: {epochs}\n",
        encoding="utf-8",
    )
    (folder / "nlu.yml").write_text(
        f"nlu:\n- intent: greet\n  examples: |\n    - hi\n- intent: {intent}\n  examples: |\n    - bye\n",
        encoding="utf-8",
    )
    archive = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder / "models"))
    assert archive is not None
    return stored(Path(archive))


def test_epochs_may_change_options_and_labels_may_not(tmp_path: Path) -> None:
    first = trained(tmp_path / "first", epochs=1, case_sensitive=True, intent="goodbye")
    assert set(first) == {"rasa-version", "fingerprint-config", "fingerprint-nlu"}
    assert trained(tmp_path / "longer", epochs=2, case_sensitive=True, intent="goodbye") == first
    option = trained(tmp_path / "option", epochs=1, case_sensitive=False, intent="goodbye")
    assert option["fingerprint-config"] != first["fingerprint-config"]
    assert option["fingerprint-nlu"] == first["fingerprint-nlu"]
    label = trained(tmp_path / "label", epochs=1, case_sensitive=True, intent="leave")
    assert label["fingerprint-nlu"] != first["fingerprint-nlu"]
    assert label["fingerprint-config"] == first["fingerprint-config"]
