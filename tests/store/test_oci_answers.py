"""A registry whose answers are not what they should be: deep, endless, huge, or not for a header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from rebake.errors import StorageError, UsageError
from rebake.store.addresses import open_store
from rebake.store.connection import connect
from rebake.store.oci import client
from rebake.store.oci.artifact import ARTIFACT_TYPE, parse_artifact
from rebake.store.oci.client import RegistryClient
from rebake.store.oci.login import RegistryLogin
from rebake.store.oci.names import RegistryAddress
from rebake.store.oci_store import OciStore
from rebake.store.protocol import part_name
from rebake.store.retries import Retries, summary
from support.registry import REPOSITORY, Answer, Registry
from support.store import A, keep_part

NLU = part_name("nlu", A)
DEEP = b"[" * 100_000


def test_a_manifest_that_is_nested_deeply_is_not_an_entry(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    keep_part(open_oci(), tmp_path)
    content = b'{"x":' + DEEP + b"]" * len(DEEP) + b"}"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    registry.manifests[digest], registry.tags["rebake.json"] = content, digest
    assert list(open_oci().entries()) == [NLU]


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00"])
def test_a_manifest_with_a_time_that_is_none_in_utc_is_not_an_entry(date: str) -> None:
    manifest = {
        "artifactType": ARTIFACT_TYPE,
        "layers": [{"digest": f"sha256:{A}", "size": 3}],
        "annotations": {"org.opencontainers.image.title": "x.json", "org.opencontainers.image.created": date},
    }
    assert parse_artifact(json.dumps(manifest).encode(), f"sha256:{A}", "x.json") is None


@pytest.mark.parametrize("body", [DEEP, b"[1]", b"{}", b'{"token": 1}', b'{"token": "secret-token\\nx"}'])
def test_a_token_that_cannot_be_used_is_one_message_that_does_not_show_it(
    registry: Registry, open_oci: Callable[[], OciStore], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    registry.login = "Bearer"
    monkeypatch.setattr(registry, "_token", lambda *_: Answer(200, body))
    with pytest.raises(StorageError) as caught:
        open_oci().look_up(NLU)
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("body", [DEEP, b'{"errors":' + DEEP, b'{"errors": [1]}'])
def test_an_error_that_cannot_be_read_is_reported_by_its_status(
    registry: Registry, open_oci: Callable[[], OciStore], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(registry, "_manifest", lambda *_: Answer(400, body))
    with pytest.raises(StorageError, match=r"failed \(400 Bad Request\)"):
        open_oci().look_up(NLU)


def test_a_page_of_tags_that_names_itself_as_the_next_one_is_the_last(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_part(open_oci(), tmp_path)
    link = {"Link": f'</v2/{REPOSITORY}/tags/list?n=1>; rel="next"'}
    monkeypatch.setattr(registry, "_list", lambda _: Answer(200, json.dumps({"tags": [NLU]}).encode(), link))
    registry.seen.clear()
    assert list(open_oci().entries()) == [NLU]
    assert sum("tags/list" in request for request in registry.requests()) == 2


def test_a_list_of_tags_without_end_is_refused(
    registry: Registry, open_oci: Callable[[], OciStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_PAGES", 5)
    link = {"Link": f'</v2/{REPOSITORY}/tags/list?n=1>; rel="next"'}

    def page(_: object) -> Answer:
        return Answer(200, json.dumps({"tags": [f"x{len(registry.seen)}.json"]}).encode(), link)

    monkeypatch.setattr(registry, "_list", page)
    with pytest.raises(StorageError, match="in more than 5 pages"):
        open_oci().entries()
    assert len(registry.seen) == 5


@pytest.mark.parametrize("where", ["_list", "_manifest", "_token"])
def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    registry: Registry, open_oci: Callable[[], OciStore], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    registry.login = "Bearer" if where == "_token" else None
    long = Answer(200, b" " * (client.MAX_ANSWER + 1) + b"{}")
    monkeypatch.setattr(registry, where, lambda *_: long)
    store = open_oci()
    with pytest.raises(StorageError, match=f"more than {client.MAX_ANSWER} bytes came"):
        store.entries() if where == "_list" else store.look_up(NLU)


# Tokens in messages


def test_no_message_repeats_a_request_that_cannot_be_sent() -> None:
    tries: list[int] = []

    def send() -> None:
        tries.append(1)
        requests.get("http://127.0.0.1:9", headers={"Authorization": "Bearer secret\ntoken"}, timeout=1)

    with pytest.raises(StorageError) as caught:
        Retries(sleep=lambda _: None)(send, "asking")
    assert "secret" not in str(caught.value)
    assert len(tries) == 1, "it cannot be sent the second time either"
    assert "secret" not in summary(requests.exceptions.ChunkedEncodingError("secret"))


@pytest.mark.parametrize("token", ["t0ken\n", "t0ken with spaces", "t\xf6ken", ""])
def test_a_token_that_cannot_be_sent_in_a_header_is_a_mistake_of_usage(token: str) -> None:
    with pytest.raises(UsageError, match="The token for GitHub has") as caught:
        connect("https://api.github.com", "acme/bot", token)
    assert "t0ken" not in str(caught.value)


# Addresses


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("https://registry.example/v2/", True),
        ("https://REGISTRY.example:443/v2/", True),
        ("https://registry.example:444/v2/", False),
        ("http://registry.example/v2/", False),
        ("https://registry.example:x/v2/", False),
        ("https://registry.example.other/v2/", False),
    ],
)
def test_the_registry_is_known_by_its_host_in_any_case_and_its_port(url: str, is_own: bool) -> None:
    assert RegistryClient(RegistryAddress.parse("registry.example/a/b"), RegistryLogin())._is_own(url) == is_own


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("registry.example:99999/a", "has the port 99999, and ports end at 65535"),
        ("registry.example:0/a", "has the port 0"),
        ("localhost/a/b", "names no port of this machine. Write oci://localhost:5000/a/b."),
    ],
)
def test_an_address_with_a_wrong_port_says_so(rest: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(f"oci://{rest}", {})
    assert message in str(caught.value)
