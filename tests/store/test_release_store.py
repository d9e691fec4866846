"""The store of parts: what is found, fetched, refused and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.manifest import Manifest, PartRecord, write_manifest
from rebake.errors import ModelError, StorageError
from rebake.store import release_store as store_module
from rebake.store.protocol import part_name
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.damage import NLU, FileDamage, damaged, empty
from support.github_api import GitHubApi
from support.store import A, B, archive


def test_a_published_part_is_found_by_another_run(
    store: ReleaseStore, connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path
) -> None:
    assert store.find("nlu", A) is None
    path = archive(tmp_path, "nlu", A)
    store.publish_part("nlu", A, path)
    release = api.release("store")
    assert release is not None
    assert (release["prerelease"], release["make_latest"]) == (True, "false")

    other = ReleaseStore(connect(), "store", "run2")
    found = other.find("nlu", A)
    assert found is not None
    assert other.find("core", A) is None
    assert other.fetch(found, tmp_path).read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".tmp")] == []


def test_the_newest_manifest_is_replaced(store: ReleaseStore, connect: Callable[[], Releases], tmp_path: Path) -> None:
    assert store.newest_manifest("rebake.json") is None
    for fingerprint in (A, B, B):
        write_manifest(Manifest({"nlu": PartRecord(fingerprint)}), tmp_path)
        store.publish_manifest(tmp_path / "rebake.json", "rebake.json")
        newest = ReleaseStore(connect(), "store", "x").newest_manifest("rebake.json")
        assert newest is not None
        assert newest.parts["nlu"].fingerprint == fingerprint


def test_a_part_that_another_run_uploads_at_the_same_time_is_as_good(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    assert store.find("nlu", A) is None
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", A), b"theirs")
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert api.content("store", part_name("nlu", A)) == b"theirs"


def test_what_an_aborted_upload_left_behind_is_replaced(store: ReleaseStore, api: GitHubApi, tmp_path: Path) -> None:
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", A), b"", state="open")
    assert store.find("nlu", A) is None
    path = archive(tmp_path, "nlu", A)
    store.publish_part("nlu", A, path)
    assert api.content("store", part_name("nlu", A)) == path.read_bytes()


def test_the_token_is_not_sent_to_where_the_api_redirects(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    found = ReleaseStore(store._releases, "store", "x")
    stored = found.find("nlu", A)
    assert stored is not None
    found.fetch(stored, tmp_path)
    assert any(request.startswith("files GET") for request in api.requests)
    assert api.problems == []


def test_a_part_that_is_not_what_its_name_says_is_refused(store: ReleaseStore, api: GitHubApi, tmp_path: Path) -> None:
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", B), archive(tmp_path, "nlu", A).read_bytes())
    api.add_asset(release["id"], part_name("core", B), archive(tmp_path, "nlu", B, "other.tar.gz").read_bytes())
    for part in ("nlu", "core"):
        stored = store.find(part, B)
        assert stored is not None
        with pytest.raises(ModelError, match="does not contain what its name says"):
            store.fetch(stored, tmp_path)
        assert not (tmp_path / stored.name).exists()


def test_a_part_that_was_published_with_a_damaged_file_is_refused(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    whole = archive(tmp_path, "nlu", A)
    broken = damaged(whole, tmp_path / "broken.tar.gz", FileDamage("weights", empty, NLU, "is empty"))
    api.add_asset(api.add_release("store")["id"], part_name("nlu", A), broken.read_bytes())
    stored = store.find("nlu", A)
    assert stored is not None
    with pytest.raises(ModelError, match="is damaged: weights of the model is empty"):
        store.fetch(stored, tmp_path)
    assert not (tmp_path / stored.name).exists()


def test_bytes_that_differ_from_the_announced_digest_are_refused(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, waits: list[float]
) -> None:
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    fresh = ReleaseStore(store._releases, "store", "x")
    stored = fresh.find("nlu", A)
    assert stored is not None
    asset = next(iter(api.assets.values()))
    asset.content = asset.content[:-1] + bytes([asset.content[-1] ^ 1])
    with pytest.raises(StorageError, match="SHA-256"):
        fresh.fetch(stored, tmp_path)
    assert len(waits) == 4
    assert not (tmp_path / stored.name).exists()


def test_a_list_of_many_pages_is_read_to_its_end(store: ReleaseStore, api: GitHubApi) -> None:
    api.page_size = 7
    release = api.add_release("store")
    for number in range(30):
        api.add_asset(release["id"], part_name("nlu", f"{number:064x}"), b"x")
    assert store.find("nlu", f"{29:064x}") is not None
    assert sum("/assets" in request for request in api.requests) == 5


def test_before_the_release_is_full_the_oldest_parts_go_but_none_in_use(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PRUNE_AT", 6)
    monkeypatch.setattr(store_module, "PRUNE_TO", 4)
    release = api.add_release("store")
    names = [part_name("nlu", f"{number:064x}") for number in range(5)]
    for name in (*names, "README"):
        api.add_asset(release["id"], name, b"x")
    assert store.find("nlu", f"{0:064x}") is not None
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert api.asset_names("store") == sorted([names[0], names[3], names[4], "README", part_name("nlu", A)])


def test_the_parts_of_the_newest_model_are_kept_however_old_they_are(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PRUNE_AT", 3)
    monkeypatch.setattr(store_module, "PRUNE_TO", 2)
    release = api.add_release("store")
    names = [part_name("nlu", A), part_name("nlu", B), "upload-12-0a1b2c3d-rebake.json"]
    for name in names:
        api.add_asset(release["id"], name, b"x")
    write_manifest(Manifest({"nlu": PartRecord(A)}), tmp_path)
    api.add_asset(release["id"], "rebake.json", (tmp_path / "rebake.json").read_bytes())
    assert store.newest_manifest("rebake.json") is not None
    store.publish_part("core", A, archive(tmp_path, "core", A))
    assert api.asset_names("store") == sorted([names[0], "rebake.json", part_name("core", A)])
