"""What an earlier version trained stays fresh: a release of rebake makes nobody's model stale."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rebake.archive.manifest import read_manifest
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.staleness.fingerprints import fingerprint
from support.assistants import edit
from support.building import build, verdict_on
from support.github_api import GitHubApi
from support.github_job import STORE, Project
from support.paths import TESTS

OLD = TESTS / "data" / "before-the-move"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(OLD / "assistant", tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    return tmp_path


def read() -> Assistant:
    return load_assistant("config.yml", "domain.yml", "data")


@pytest.mark.usefixtures("place")
def test_a_model_of_before_is_fresh() -> None:
    verdict = verdict_on(read(), old=OLD / "model.tar.gz")
    assert [(part.part, part.state, part.reasons) for part in verdict.parts] == [
        ("core", "fresh", ()),
        ("nlu", "fresh", ()),
        ("nlg", "fresh", ()),
    ]


@pytest.mark.usefixtures("place")
def test_each_component_and_each_item_has_the_fingerprint_of_before() -> None:
    manifest = read_manifest(OLD / "model.tar.gz")
    assert manifest is not None
    now = fingerprint(read(), parts=frozenset({"core", "nlu", "nlg"}))
    assert len(manifest.components) == 15
    assert {node: record.fingerprint for node, record in now.components.items()} == {
        node: record.fingerprint for node, record in manifest.components.items()
    }
    for part, record in manifest.parts.items():
        assert now.parts[part].items == record.items


def test_its_parts_are_reused_beside_what_changed(place: Path) -> None:
    edit(Path("domain.yml"), "Hello!", "Hello there!")
    result = build(read(), old=OLD / "model.tar.gz", output=place / "models")
    assert (result.trained, set(result.reused)) == ((), {"nlu", "core"})


@pytest.mark.slow
def test_parts_in_a_store_of_before_are_found(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    for entry in (project.clone / "data", project.clone / "config.yml", project.clone / "domain.yml"):
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(OLD / "assistant", project.clone, dirs_exist_ok=True)
    project.commit("As before")
    release = api.add_release(STORE, draft=False, prerelease=True)
    for asset in (OLD / "store").iterdir():
        api.add_asset(release["id"], asset.name, asset.read_bytes())
    done = project.run(project.push(), environment=without_tensorflow)
    assert done.code == 0, done.log
    assert (done.outputs["stale"], done.outputs["trained"]) == ("false", "")
    assert done.model.is_file()
