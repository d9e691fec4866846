"""A repository of a registry as a store: its entries, and what goes wrong there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oras.provider import Registry as OrasRegistry

from rebake.errors import AccessDeniedError, RateLimitError, StorageError, UsageError
from rebake.store.addresses import open_store
from rebake.store.oci.client import RegistryClient
from rebake.store.oci_store import OciStore
from rebake.store.protocol import part_name
from support.distribution import distribution
from support.registry import REPOSITORY, Registry, RegistryFault
from support.store import A, B, archive, fetch_part, keep_part

NLU = part_name("nlu", A)


# What goes wrong on the way


@pytest.mark.parametrize(
    "fault",
    [
        RegistryFault("^GET .*/manifests/", 500),
        RegistryFault("^GET .*/blobs/", 502),
        RegistryFault("^GET .*/blobs/", 429, headers={"Retry-After": "7"}),
        RegistryFault("^GET .*/blobs/", kind="reset"),
        RegistryFault("^GET /sha256:", kind="cut"),
        RegistryFault("^GET /sha256:", kind="damage"),
        RegistryFault("^GET .*/manifests/", kind="damage"),
        RegistryFault("^GET .*/manifests/", kind="cut"),
    ],
    ids=lambda fault: f"{fault.pattern} {fault.kind} {fault.status}",
)
def test_a_download_that_fails_once_is_tried_again(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path, waits: list[float], fault: RegistryFault
) -> None:
    path = keep_part(open_oci(), tmp_path)
    registry.faults.append(fault)
    assert fetch_part(open_oci(), tmp_path) == path.read_bytes()
    assert waits == [float(fault.headers.get("Retry-After", 1))]


@pytest.mark.parametrize(
    "fault",
    [
        RegistryFault("^POST ", 500),
        RegistryFault("^PUT .*/uploads/", 503),
        RegistryFault("^PUT .*/uploads/", kind="reset"),
        RegistryFault("^PUT .*/uploads/", 400, code="DIGEST_INVALID"),
        RegistryFault("^PUT .*/uploads/", 404, code="BLOB_UPLOAD_UNKNOWN"),
        RegistryFault("^PUT .*/manifests/", 404, code="MANIFEST_BLOB_UNKNOWN"),
        RegistryFault("^PUT .*/manifests/", 429, headers={"Retry-After": "3"}),
        RegistryFault("^HEAD ", 500),
    ],
    ids=lambda fault: f"{fault.pattern} {fault.kind} {fault.status}",
)
def test_an_upload_that_fails_once_is_tried_again(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path, waits: list[float], fault: RegistryFault
) -> None:
    registry.faults.append(fault)
    path = keep_part(open_oci(), tmp_path)
    assert fetch_part(open_oci(), tmp_path) == path.read_bytes()
    assert waits == [float(fault.headers.get("Retry-After", 1))]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccessDeniedError),
        (403, AccessDeniedError),
        (429, RateLimitError),
        (500, StorageError),
        (400, StorageError),
    ],
)
def test_an_upload_that_fails_for_good_is_one_message_and_leaves_no_entry(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path, status: int, kind: type[StorageError]
) -> None:
    registry.faults.append(RegistryFault("^PUT .*/uploads/", status, 99))
    store = open_oci()
    with pytest.raises(kind, match=rf"The store oci://{registry.host}/{REPOSITORY}: uploading .* failed \({status} "):
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert open_oci().entries() == {}
    assert open_oci().find("nlu", A) is None


def test_content_that_is_not_what_the_manifest_says_is_refused(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    keep_part(open_oci(), tmp_path)
    store = open_oci()
    stored = store.find("nlu", A)
    assert stored is not None
    registry.faults.append(RegistryFault("^GET /sha256:", kind="damage", times=99))
    with pytest.raises(StorageError, match="SHA-256 of what came"):
        store.fetch(stored, tmp_path)
    assert not (tmp_path / stored.name).exists()


# Entries and tags


def test_tags_that_come_in_pages_are_all_found_and_foreign_ones_are_no_entries(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    store = open_oci()
    for number in range(8):
        (tmp_path / "x.json").write_text(str(number), encoding="utf-8")
        store.publish(tmp_path / "x.json", f"evaluation-{number}.json")
    image = json.dumps({"schemaVersion": 2, "config": {}, "layers": []}).encode()
    digest = f"sha256:{hashlib.sha256(image).hexdigest()}"
    registry.manifests[digest], registry.tags["latest"] = image, digest
    registry.tags["evaluation-9.json"] = registry.tags["evaluation-1.json"]  # somebody gave it another tag
    found = open_oci().entries()
    assert sorted(found) == [f"evaluation-{number}.json" for number in range(8)]
    assert all(entry.digest is not None for entry in found.values())


def test_a_name_that_is_too_long_for_a_tag_is_an_entry_all_the_same(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    name = f"rebake-{'x' * 200}.json"
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    open_oci().publish(tmp_path / "x.json", name)
    [tag] = registry.tags
    assert len(tag) <= 128
    assert open_oci().read(name) == b"{}"
    assert list(open_oci().entries()) == [name]
    open_oci().delete(name)
    assert registry.tags == {}


def test_what_is_replaced_leaves_no_manifest_behind(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    for content in ("1", "2", "3"):
        (tmp_path / "x.json").write_text(content, encoding="utf-8")
        open_oci().publish(tmp_path / "x.json", "rebake.json")
    assert len(registry.manifests) == 1
    assert open_oci().read("rebake.json") == b"3"


def test_a_registry_that_deletes_nothing_says_so_and_still_replaces(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.deletes = False
    for content in ("1", "2"):
        (tmp_path / "x.json").write_text(content, encoding="utf-8")
        open_oci().publish(tmp_path / "x.json", "rebake.json")
    assert open_oci().read("rebake.json") == b"2"
    with pytest.raises(StorageError, match="does not let rebake delete entries") as caught:
        open_oci().delete("rebake.json")
    assert caught.value.fix is not None
    assert open_oci().read("rebake.json") == b"2"


@pytest.mark.parametrize("host", ["ghcr.io", "docker.io"])
def test_a_registry_that_is_known_to_delete_nothing_is_not_asked(tmp_path: Path, host: str) -> None:
    store = open_store(f"oci://{host}/Acme/Bot", {"DOCKER_CONFIG": str(tmp_path)})
    assert store.label == f"oci://{host}/acme/bot"
    assert store.refuses_deletion == f"{host} does not allow deletion"


def test_an_upload_of_what_is_there_sends_it_once(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    keep_part(open_oci(), tmp_path)
    before = len([request for request in registry.requests() if request.startswith("PUT")])
    keep_part(open_oci(), tmp_path)
    assert len([request for request in registry.requests() if request.startswith("PUT")]) == before == 3


def test_what_another_run_writes_during_an_upload_is_not_replaced(
    open_oci: Callable[[], OciStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = archive(tmp_path, "nlu", A, "other.tar.gz", b"of the other run")
    send = RegistryClient.put_upload
    raced: list[str] = []

    def race(client: RegistryClient, blob: str, *rest: Any) -> Any:
        if not raced:
            raced.append(blob)
            open_oci().publish_part("nlu", A, other)
        return send(client, blob, *rest)

    monkeypatch.setattr(RegistryClient, "put_upload", race)
    keep_part(open_oci(), tmp_path)
    assert raced
    assert fetch_part(open_oci(), tmp_path) == other.read_bytes()


def test_looking_a_part_up_takes_one_request(registry: Registry, open_oci: Callable[[], OciStore]) -> None:
    store = open_oci()
    assert store.find("nlu", B) is None
    assert store.find("nlu", B) is None
    assert registry.requests() == [f"GET /v2/{REPOSITORY}/manifests/{part_name('nlu', B)}"]


@pytest.mark.parametrize(
    "rest",
    ["ghcr.io", "ghcr.io/", "owner/name", "ghcr.io/owner/name:latest", "ghcr.io/a/b@sha256:1", "ghcr.io/a//b", "x y/z"],
)
def test_what_is_no_repository_is_a_mistake_of_usage(rest: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(f"oci://{rest}", {})
    assert caught.value.fix


# The registry of the distribution project


@pytest.mark.slow
def test_oras_itself_pulls_what_was_pushed(tmp_path: Path) -> None:
    with distribution(tmp_path / "registry") as host:
        store = open_store(f"oci://{host}/{REPOSITORY}", {"DOCKER_CONFIG": str(tmp_path)})
        path = archive(tmp_path, "nlu", A)
        store.publish_part("nlu", A, path)
        [pulled] = OrasRegistry(insecure=True).pull(f"{host}/{REPOSITORY}:{NLU}", outdir=str(tmp_path / "pulled"))
        assert Path(pulled).name == NLU
        assert Path(pulled).read_bytes() == path.read_bytes()
        store.close()


@pytest.mark.slow
def test_a_registry_that_is_set_up_without_deletion_says_where_it_is_allowed(tmp_path: Path) -> None:
    with distribution(tmp_path / "registry", deletes=False) as host:
        store = open_store(f"oci://{host}/{REPOSITORY}", {"DOCKER_CONFIG": str(tmp_path)})
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
        with pytest.raises(StorageError, match="does not let rebake delete entries"):
            store.delete(NLU)
        store.close()
