"""What every back end of the store does alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.archive.manifest import Manifest, PartRecord, write_manifest
from rebake.errors import ModelError, StorageError
from rebake.store import protocol
from rebake.store.keys import PrivateKey
from rebake.store.protocol import part_name
from rebake.store.trust import Trust
from support.back_ends import OpenStore, open_store
from support.store import A, B, archive

__all__ = ["open_store"]  # the fixture


def test_a_store_that_nobody_has_written_is_empty(open_store: OpenStore) -> None:
    store = open_store()
    assert store.entries() == {}
    assert store.find("nlu", A) is None
    assert store.read("rebake.json") is None
    assert store.newest_manifest("rebake.json") is None


def test_a_published_part_is_found_by_another_run(open_store: OpenStore, tmp_path: Path) -> None:
    path = archive(tmp_path, "nlu", A)
    first = open_store()
    assert first.find("nlu", A) is None
    first.publish_part("nlu", A, path)
    first.finish()
    second = open_store()
    found = second.find("nlu", A)
    assert found is not None
    assert (found.name, found.size) == (part_name("nlu", A), path.stat().st_size)
    assert second.find("core", A) is None
    assert second.find("nlu", B) is None
    (tmp_path / "fetched").mkdir()
    assert second.fetch(found, tmp_path / "fetched").read_bytes() == path.read_bytes()
    assert [file.name for file in (tmp_path / "fetched").iterdir()] == [part_name("nlu", A)]


def test_what_another_run_signs_during_a_training_is_not_replaced(open_store: OpenStore, tmp_path: Path) -> None:
    signed = archive(tmp_path, "nlu", A, "signed.tar.gz", b"signed")
    unsigned = archive(tmp_path, "nlu", A, "unsigned.tar.gz", b"not signed")
    first, other = open_store(), open_store()
    assert first.find("nlu", A) is None
    key = PrivateKey(b"\1" * 32)
    other.trust = Trust("https://github.com/acme/bot", (key.public,), key)
    other.publish_part("nlu", A, signed)
    other.finish()
    first.publish_part("nlu", A, unsigned)
    first.finish()
    later = open_store()
    later.trust = Trust("https://github.com/acme/bot", (key.public,))
    found = later.find("nlu", A)
    assert found is not None
    (tmp_path / "fetched").mkdir()
    assert later.fetch(found, tmp_path / "fetched").read_bytes() == signed.read_bytes()


def test_entries_have_name_size_and_the_time_of_their_writing(open_store: OpenStore, tmp_path: Path) -> None:
    path = archive(tmp_path, "core", A)
    store = open_store()
    store.publish_part("core", A, path)
    store.publish(_small(tmp_path, b"{}"), "evaluation-x.json")
    store.finish()
    entries = open_store().entries()
    assert {name: (file.name, file.size) for name, file in entries.items()} == {
        part_name("core", A): (part_name("core", A), path.stat().st_size),
        "evaluation-x.json": ("evaluation-x.json", 2),
    }
    assert all(file.modified.tzinfo is not None for file in entries.values())


def test_a_small_file_is_replaced(open_store: OpenStore, tmp_path: Path) -> None:
    for content in (b"1", b"22", b"22", b"3"):
        store = open_store()
        store.publish(_small(tmp_path, content), "evaluation-x.json", replace=True)
        store.finish()
        assert open_store().read("evaluation-x.json") == content


def test_the_newest_manifest_names_the_parts_that_are_in_use(open_store: OpenStore, tmp_path: Path) -> None:
    write_manifest(Manifest({"nlu": PartRecord(A), "core": PartRecord(B)}), tmp_path)
    store = open_store()
    store.publish_manifest(tmp_path / "rebake.json", "rebake.json")
    store.finish()
    later = open_store()
    manifest = later.newest_manifest("rebake.json")
    assert manifest is not None
    assert manifest.parts["nlu"].fingerprint == A
    assert {part_name("nlu", A), part_name("core", B)} <= later.used


def test_a_broken_manifest_is_refused_with_its_place(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    store.publish(_small(tmp_path, b"{"), "rebake.json")
    store.finish()
    with pytest.raises(ModelError, match=r"rebake\.json"):
        open_store().newest_manifest("rebake.json")


def test_a_part_that_is_there_is_not_written_again_unless_asked_for(open_store: OpenStore, tmp_path: Path) -> None:
    theirs = archive(tmp_path, "nlu", A)
    first = open_store()
    first.publish_part("nlu", A, theirs)
    first.finish()
    kept = theirs.read_bytes()
    broken = tmp_path / "broken"
    broken.write_bytes(b"no archive")
    second = open_store()
    second.publish_part("nlu", A, broken)
    second.finish()
    third = open_store()
    stored = third.find("nlu", A)
    assert stored is not None
    assert third.fetch(stored, tmp_path).read_bytes() == kept
    third.publish_part("nlu", A, broken, replace=True)
    third.finish()
    fourth = open_store()
    stored = fourth.find("nlu", A)
    assert stored is not None
    with pytest.raises(ModelError):
        fourth.fetch(stored, tmp_path)
    assert not (tmp_path / stored.name).exists()


def test_a_part_under_the_fingerprint_of_another_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    store.publish_part("nlu", B, archive(tmp_path, "nlu", A))
    store.finish()
    later = open_store()
    stored = later.find("nlu", B)
    assert stored is not None
    with pytest.raises(ModelError, match="does not contain what its name says") as caught:
        later.fetch(stored, tmp_path)
    assert later.where(stored.name) in str(caught.value)
    assert not (tmp_path / stored.name).exists()


def test_an_entry_is_deleted_once_and_for_all(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    store.publish_part("nlu", B, archive(tmp_path, "nlu", B))
    store.finish()
    later = open_store()
    later.delete(part_name("nlu", A))
    later.delete(part_name("nlu", A))
    later.delete("never-there.json")
    later.finish()
    for each in (later, open_store()):
        assert set(each.entries()) == {part_name("nlu", B)}
        assert each.find("nlu", A) is None


def test_what_vanishes_between_finding_and_fetching_is_an_error_of_storage(
    open_store: OpenStore, tmp_path: Path
) -> None:
    store = open_store()
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    store.finish()
    later = open_store()
    stored = later.find("nlu", A)
    assert stored is not None
    open_store().delete(stored.name)
    with pytest.raises(StorageError):
        later.fetch(stored, tmp_path)
    assert not (tmp_path / stored.name).exists()


def test_a_small_file_that_is_not_small_is_not_read(
    open_store: OpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    store.publish(_small(tmp_path, b"x" * 100), "evaluation-x.json")
    store.finish()
    monkeypatch.setattr(protocol, "MAX_SMALL", 99)
    with pytest.raises(ModelError, match="100 bytes"):
        open_store().read("evaluation-x.json")


def _small(directory: Path, content: bytes) -> Path:
    path = directory / "small.json"
    path.write_bytes(content)
    return path
