"""What is carried over from other archives is whole, and archives that offer nothing do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.archive.manifest import ComponentRecord, Manifest, Part, PartRecord, read_manifest, write_manifest
from rebake.archive.metadata import build_metadata, write_metadata
from rebake.archive.pack import pack, unpack
from rebake.archive.part_sources import PartSources
from rebake.assistant.model import Assistant, ComponentSpec, Config, Domain, NluData
from rebake.base.location import Location
from rebake.base.notices import Notices
from rebake.registry.lookup import require
from rebake.registry.node import Node
from support.shared import need

HERE = Location("config.yml", 1)


def node(index: int, name: str) -> Node:
    spec = ComponentSpec(name, {}, HERE)
    return Node(
        f"{name}{index}", spec, require(spec, "policies") if name.endswith("Policy") else require(spec, "pipeline")
    )


NLU = (node(0, "WhitespaceTokenizer"), node(1, "CountVectorsFeaturizer"), node(2, "EntitySynonymMapper"))
CORE = (node(0, "RulePolicy"),)


def model(directory: Path, name: str, fingerprint: str = "f") -> Path:
    """An archive with both parts; the EntitySynonymMapper learned nothing."""
    for component, file in [
        ("train_CountVectorsFeaturizer1", "vocabularies.json"),
        ("train_RulePolicy0", "rule_policy.json"),
    ]:
        (directory / name / "components" / component).mkdir(parents=True)
        (directory / name / "components" / component / file).write_text(f"{name} {file}")
    assistant = Assistant(Config("default.v1", "en", "bot", (), (), False, False, HERE), Domain(), NluData(), ())
    parts: list[tuple[Part, tuple[Node, ...]]] = [("nlu", NLU), ("core", CORE)]
    records = {
        n.id: ComponentRecord(part, n.type.name, 1, {}, f"{n.id}-{fingerprint}") for part, nodes in parts for n in nodes
    }
    write_metadata(
        build_metadata(assistant, nlu=NLU, core=CORE, components=directory / name / "components"), directory / name
    )
    write_manifest(
        Manifest({part: PartRecord(f"{part}-{fingerprint}") for part, _ in parts}, records), directory / name
    )
    return pack(directory / name, directory / f"{name}.tar.gz")


def test_the_manifest_of_a_model_lists_the_files_of_its_components(tmp_path: Path) -> None:
    manifest = read_manifest(model(tmp_path, "a"))
    assert manifest is not None
    assert {name: record.files for name, record in manifest.components.items()} == {
        "WhitespaceTokenizer0": (),
        "CountVectorsFeaturizer1": ("vocabularies.json",),
        "EntitySynonymMapper2": (),
        "RulePolicy0": ("rule_policy.json",),
    }


def test_a_part_is_found_by_its_fingerprint_and_copied_without_the_other_part(tmp_path: Path) -> None:
    archives = [model(tmp_path, "a"), model(tmp_path, "b", "g")]
    (tmp_path / "new").mkdir()
    with PartSources(archives, Notices()) as sources:
        assert sources.find_part("nlu", "nlu-h", NLU) is None
        found = sources.find_part("nlu", "nlu-g", NLU)
        assert found is not None
        assert found.archive == archives[1]
        sources.take_part(found, "nlu", NLU, tmp_path / "new")
    files = {p.relative_to(tmp_path / "new").as_posix(): p.read_text() for p in (tmp_path / "new").rglob("*.json")}
    assert files == {"train_CountVectorsFeaturizer1/vocabularies.json": "b vocabularies.json"}


def test_a_component_is_found_by_its_fingerprint_if_it_learns(tmp_path: Path) -> None:
    with PartSources([model(tmp_path, "a")], Notices()) as sources:
        found = sources.find_component("nlu", "CountVectorsFeaturizer1-f")
        assert found is not None
        assert (found.directory / "vocabularies.json").read_text() == "a vocabularies.json"
        assert (found.archive.name, found.node_id) == ("a.tar.gz", "CountVectorsFeaturizer1")
        assert sources.find_component("nlu", "CountVectorsFeaturizer1-g") is None
        assert sources.find_component("core", "CountVectorsFeaturizer1-f") is None
        idle = sources.find_component("nlu", "EntitySynonymMapper2-f")  # there was nothing to learn
        assert idle is not None
        assert not idle.directory.exists()
        assert sources.find_component("nlu", "WhitespaceTokenizer0-f") is None


def damaged(source: Path, target: Path, file: str, content: str | None) -> Path:
    """A copy of an archive in which a file has another content, or is missing."""
    with unpack(source) as directory:
        if content is None:
            (directory / file).unlink()
        else:
            (directory / file).write_text(content)
        return pack(directory, target)


@pytest.mark.parametrize("content", [None, "", "b vocabularies.json"])
def test_a_damaged_component_is_not_carried_over_and_what_is_whole_beside_it_is(
    content: str | None, tmp_path: Path
) -> None:
    file = "components/train_CountVectorsFeaturizer1/vocabularies.json"
    archive = damaged(model(tmp_path, "a"), tmp_path / "damaged.tar.gz", file, content)
    notices = Notices()
    with PartSources([archive], notices) as sources:
        assert sources.find_part("nlu", "nlu-f", NLU) is None
        assert sources.find_component("nlu", "CountVectorsFeaturizer1-f") is None
        assert sources.find_component("nlu", "EntitySynonymMapper2-f") is not None
        assert sources.find_part("core", "core-f", CORE) is not None
    [notice] = notices
    assert "damaged.tar.gz" in notice.message
    assert file in notice.message


@pytest.mark.parametrize("content", [None, "", "{}", "[", '{"predict_schema": {"nodes": {}}}'])
def test_nothing_is_carried_over_without_the_metadata_that_names_it(content: str | None, tmp_path: Path) -> None:
    archive = damaged(model(tmp_path, "a"), tmp_path / "damaged.tar.gz", "metadata.json", content)
    with PartSources([archive], Notices()) as sources:
        assert sources.find_part("nlu", "nlu-f", NLU) is None
        assert sources.find_component("nlu", "EntitySynonymMapper2-f") is None
        assert sources.find_component("core", "RulePolicy0-f") is None


def test_a_part_whose_components_do_not_match_its_fingerprint_is_not_found(tmp_path: Path) -> None:
    with PartSources([model(tmp_path, "a")], Notices()) as sources:
        assert sources.find_part("nlu", "nlu-f", NLU) is not None
        assert sources.find_part("nlu", "nlu-f", NLU[:2]) is None


@pytest.mark.shared
def test_archives_of_rasa_and_broken_ones_offer_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"no archive")
    with PartSources(
        [broken, tmp_path / "missing.tar.gz", need("reference/formbot/model.tar.gz")], Notices()
    ) as sources:
        assert sources.find_part("nlu", "nlu-f", NLU) is None
        assert sources.find_component("nlu", "f") is None


def test_an_archive_that_is_cut_off_offers_nothing_although_its_manifest_is_whole(tmp_path: Path) -> None:
    cut, whole = model(tmp_path, "cut"), model(tmp_path, "whole")
    cut.write_bytes(cut.read_bytes()[:-6])
    assert read_manifest(cut) is not None
    notices = Notices()
    with PartSources([cut, whole], notices) as sources:
        found = sources.find_part("nlu", "nlu-f", NLU)
        assert found is not None
        assert found.archive == whole
    [notice] = notices
    assert "cut.tar.gz" in notice.message
