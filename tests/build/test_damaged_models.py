"""A model that is not as it was written: its damaged parts are unknown, trained again, and never carried on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.integrity import inspect_model
from rebake.archive.manifest import PARTS, Part, read_manifest, write_manifest
from rebake.archive.pack import pack, unpack
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.staleness.verdict import CODES
from support.assistants import append, write_tiny
from support.building import build, verdict_on
from support.damage import (
    ARCHIVE_DAMAGES,
    CORE,
    EVERY,
    NLU,
    SERVED,
    FileDamage,
    Parts,
    add,
    break_json,
    damaged,
    empty,
    flip,
    lengthen,
    remove,
    rename_nodes,
)
from support.paths import TESTS

EARLIER = TESTS / "data" / "before-the-move"
CONFIG = """\
recipe: default.v1
language: en
assistant_id: tiny
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: KeywordIntentClassifier
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
"""
RULES = "components/train_RulePolicy1/rule_policy.json"
WORDS = "components/train_CountVectorsFeaturizer1/vocabularies.json"

DAMAGES = (
    FileDamage("metadata.json", remove, EVERY, "is missing"),
    FileDamage("metadata.json", empty, EVERY, "is empty"),
    FileDamage("metadata.json", break_json, EVERY, "bytes instead of"),
    FileDamage("metadata.json", flip, EVERY, "does not have the SHA-256", is_seen_without_list=False),
    FileDamage(RULES, remove, CORE, "is missing"),
    FileDamage(RULES, empty, CORE, "is empty"),
    FileDamage(RULES, flip, CORE, "does not have the SHA-256", is_seen_without_list=False),
    FileDamage(RULES, lengthen, CORE, "bytes instead of", is_seen_without_list=False),
    FileDamage(WORDS, flip, NLU, "does not have the SHA-256", is_seen_without_list=False),
    FileDamage(
        "components/train_CountVectorsFeaturizer1", remove, NLU, "oov_words.json of the model is missing (1 more"
    ),
    FileDamage("components/train_RulePolicy1/rest", add, CORE, "is not listed"),
    FileDamage("components/domain_provider/domain.yml", remove, SERVED, "is missing"),
    FileDamage("components/domain_provider/domain.yml", empty, SERVED, "is empty"),
    FileDamage("components/train_Other7", Path.touch, EVERY, "is not listed", is_seen_without_list=False),
    FileDamage("fingerprint.json", add, EVERY, "is not listed", is_seen_without_list=False),
    FileDamage("components", remove, EVERY, "is missing"),
)


def name_of(damage: FileDamage) -> str:
    return f"{damage.do.__name__} {damage.file.rpartition('/')[2]}"


def read() -> Assistant:
    return load_assistant("config.yml", "domain.yml", "data")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an assistant that trains without TensorFlow, and its model."""
    directory = write_tiny(tmp_path_factory.mktemp("whole"))
    (directory / "config.yml").write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        build(read(), output=directory / "models", model_name="whole")
    return directory


@pytest.fixture
def whole(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model; the working directory has the assistant."""
    shutil.copytree(trained, tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    return tmp_path / "bot" / "models" / "whole.tar.gz"


def without_list(model: Path, target: Path) -> Path:
    """The model as an earlier version wrote it: rebake.json lists no files of the whole."""
    with unpack(model) as directory:
        manifest = json.loads((directory / "rebake.json").read_text(encoding="utf-8"))
        del manifest["files"]
        (directory / "rebake.json").write_text(json.dumps(manifest), encoding="utf-8")
        return pack(directory, target)


def assert_unknown(model: Path, damage: FileDamage) -> None:
    verdict = verdict_on(read(), old=model)
    assert {part.part: part.state for part in verdict.parts} == {
        part: "unknown" if part in damage.parts else "fresh" for part in PARTS
    }
    assert verdict.code == sum(CODES[part] for part in damage.parts)
    for part in verdict.parts:
        if part.part in damage.parts:
            said = "\n".join(part.reasons)
            assert damage.file in said
            assert damage.problem in said
            assert "will be" in said


def test_the_manifest_lists_every_file_but_itself(whole: Path) -> None:
    manifest = read_manifest(whole)
    assert manifest is not None
    assert manifest.files is not None
    with unpack(whole) as directory:
        there = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
        assert set(manifest.files) == set(there) - {"rebake.json"}
        assert all(record.size == there[name].stat().st_size for name, record in manifest.files.items())
    assert all(len(record.sha256) == 64 for record in manifest.files.values())
    assert inspect_model(whole).damages == ()


@pytest.mark.parametrize("form", ["copy", "copy.tar.gz"])
@pytest.mark.parametrize("damage", DAMAGES, ids=name_of)
def test_a_part_with_a_damaged_file_is_unknown_and_the_others_stay_fresh(
    damage: FileDamage, form: str, whole: Path, tmp_path: Path
) -> None:
    assert_unknown(damaged(whole, tmp_path / form, damage), damage)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["copy", "copy.tar.gz"])
@pytest.mark.parametrize("damage", [damage for damage in DAMAGES if damage.is_seen_without_list], ids=name_of)
def test_a_model_of_an_earlier_version_shows_what_is_missing(
    damage: FileDamage, form: str, whole: Path, tmp_path: Path
) -> None:
    old = without_list(whole, tmp_path / "old.tar.gz")
    assert verdict_on(read(), old=old).is_fresh
    if damage.do is break_json:
        damage = damage._replace(problem="is broken")
    assert_unknown(damaged(old, tmp_path / form, damage), damage)


def test_a_graph_of_an_earlier_version_must_name_the_components(whole: Path, tmp_path: Path) -> None:
    old = without_list(whole, tmp_path / "old.tar.gz")
    assert_unknown(
        damaged(old, tmp_path / "copy.tar.gz", FileDamage("metadata.json", rename_nodes, CORE, "")),
        FileDamage("metadata.json", rename_nodes, CORE, "does not name MemoizationPolicy0, RulePolicy1"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=name_of)
def test_training_repairs_the_model_and_carries_on_no_damaged_file(
    damage: FileDamage, whole: Path, tmp_path: Path
) -> None:
    old = damaged(whole, tmp_path / "old.tar.gz", damage)
    result = build(read(), old=old, output=tmp_path / "out", model_name="new")
    assert result.written
    assert set(result.new) == damage.parts - {"nlg"}
    assert verdict_on(read(), old=result.model).is_fresh
    before, after = read_manifest(whole), read_manifest(result.model)
    assert before is not None
    assert after is not None
    assert before.files is not None
    assert after.files is not None
    varying = {"metadata.json"}  # the time
    assert {name: file for name, file in after.files.items() if name not in varying} == {
        name: file for name, file in before.files.items() if name not in varying
    }


@pytest.mark.parametrize(
    ("file", "again", "parts"), [(RULES, ("core",), {"nlu"}), (WORDS, ("nlu",), {"core"})], ids=["core", "nlu"]
)
def test_the_components_beside_a_damaged_one_are_not_trained(
    file: str, again: tuple[str, ...], parts: set[str], whole: Path, tmp_path: Path
) -> None:
    old = damaged(whole, tmp_path / "old.tar.gz", FileDamage(file, flip, EVERY, ""))
    result = build(read(), old=old, output=tmp_path / "out")
    assert result.trained == again
    assert set(result.reused) == parts
    assert any("old.tar.gz is damaged" in notice.message for notice in result.notices)


@pytest.mark.parametrize("damage", ARCHIVE_DAMAGES)
def test_of_a_broken_archive_every_part_is_unknown_and_trained_again(
    damage: Callable[[Path], None], whole: Path, tmp_path: Path
) -> None:
    damage(whole)
    verdict = verdict_on(read(), old=whole)
    assert verdict.code == 7
    for part in verdict.parts:
        assert part.state == "unknown"
        assert "whole.tar.gz" in part.reasons[0]
        assert part.reasons[0].endswith("so this part will be trained again")
    result = build(read(), old=whole, output=tmp_path / "out")
    assert set(result.trained) == {"nlu", "core"}
    assert verdict_on(read(), old=result.model).is_fresh


@pytest.mark.parametrize("name", [RULES, "components/train_RulePolicy1"])
def test_a_link_in_an_unpacked_model_is_no_file_of_it(name: str, whole: Path, tmp_path: Path) -> None:
    with unpack(whole) as directory:
        shutil.copytree(directory, tmp_path / "copy")
    path = tmp_path / "copy" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    verdict = verdict_on(read(), old=tmp_path / "copy")
    assert verdict.code == (1)
    assert "is a link" in "".join(reason for part in verdict.parts for reason in part.reasons)


def test_what_changed_is_said_besides_the_damage(whole: Path, tmp_path: Path) -> None:
    old = damaged(whole, tmp_path / "old.tar.gz", FileDamage(RULES, remove, CORE, ""))
    append(Path("config.yml"), "    core_fallback_threshold: 0.4\n")
    core = verdict_on(read(), old=old).verdict("core")
    assert core is not None
    assert core.state == "unknown"
    assert [RULES in core.reasons[0], core.reasons[1]] == [
        True,
        "core_fallback_threshold of RulePolicy 0.3 -> 0.4",
    ]


def test_a_part_that_the_assistant_no_longer_has_needs_no_files(whole: Path, tmp_path: Path) -> None:
    old = damaged(whole, tmp_path / "old.tar.gz", FileDamage(WORDS, remove, NLU, ""))
    Path("data/nlu.yml").unlink()
    nlu = verdict_on(read(), old=old).verdict("nlu")
    assert nlu is not None
    assert nlu.state == "stale"


@pytest.mark.parametrize("part", ["core", "nlu"])
def test_a_single_part_lists_its_own_files(part: Part, whole: Path, tmp_path: Path) -> None:
    result = build(read(), force=True, output=tmp_path / "out", single_parts=tmp_path)
    found = inspect_model(result.single_parts[part])
    assert found.manifest is not None
    assert found.manifest.files
    assert found.damages == ()


def test_a_manifest_can_be_written_again(whole: Path, tmp_path: Path) -> None:
    with unpack(whole) as directory:
        manifest = read_manifest(directory)
        assert manifest is not None
        assert write_manifest(manifest, directory) == manifest


@pytest.mark.slow
@pytest.mark.parametrize("form", ["copy", "copy.tar.gz"])
@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("components/train_TEDPolicy2/ted_policy.tf_model.index", CORE),
        ("components/train_DIETClassifier2/DIETClassifier.tf_model.data-00000-of-00001", NLU),
        ("components/train_LogisticRegressionClassifier5", NLU),
    ],
)
def test_a_network_of_an_earlier_version_that_lost_files_is_unknown(
    file: str, parts: Parts, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(EARLIER / "assistant", tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    damage = FileDamage(file, remove, parts, "is missing")
    assert_unknown(damaged(EARLIER / "model.tar.gz", tmp_path / form, damage), damage)
