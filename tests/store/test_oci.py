"""A repository of a registry as a store: who sees the password, and what goes wrong there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from oras.provider import Registry as OrasRegistry

from rebake.errors import AccessDeniedError, RateLimitError, StorageError, UsageError
from rebake.store.addresses import open_store
from rebake.store.oci.client import RegistryClient
from rebake.store.oci.login import RegistryLogin
from rebake.store.oci.names import RegistryAddress
from rebake.store.oci_store import OciStore
from rebake.store.protocol import part_name
from rebake.store.retries import Retries
from support.distribution import distribution
from support.registry import PASSWORD, REPOSITORY, USER, Registry, RegistryFault
from support.store import A, B, archive

NLU = part_name("nlu", A)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry().serving() as registry:
        yield registry


@pytest.fixture
def open_oci(registry: Registry, tmp_path: Path, waits: list[float]) -> Iterator[Callable[[], OciStore]]:
    """Opens the store as a new run does, with docker's login for it."""
    (tmp_path / "docker").mkdir()
    login = {"auths": {registry.host: {"auth": registry.basic}}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(login), encoding="utf-8")
    opened: list[OciStore] = []

    def make() -> OciStore:
        address = RegistryAddress.parse(f"{registry.host}/{REPOSITORY}")
        opened.append(OciStore(address, {"DOCKER_CONFIG": str(tmp_path / "docker")}, Retries(sleep=waits.append)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def kept(store: OciStore, place: Path) -> Path:
    path = archive(place, "nlu", A)
    store.publish_part("nlu", A, path)
    return path


def fetched(store: OciStore, place: Path) -> bytes:
    stored = store.find("nlu", A)
    assert stored is not None
    (place / "fetched").mkdir(exist_ok=True)
    return store.fetch(stored, place / "fetched").read_bytes()


# Who sees the password


def test_a_login_goes_to_where_tokens_are_made_and_a_token_to_the_registry_alone(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Bearer"
    path = kept(open_oci(), tmp_path)
    assert fetched(open_oci(), tmp_path) == path.read_bytes()
    for server, request, headers in registry.seen:
        given = headers.get("authorization", "")
        if server == "blobs":
            assert given == "", request
        elif request == "GET /token":
            assert given == f"Basic {registry.basic}"
        else:
            assert given == "" or given.removeprefix("Bearer ") in registry.tokens, request
    assert "blobs" in {server for server, _, _ in registry.seen}


def test_a_registry_that_asks_for_less_than_it_needs_gets_what_a_write_needs(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    """The answer to an upload may name the scope pull alone."""
    registry.login, registry.scope_of_challenge = "Bearer", "pull"
    kept(open_oci(), tmp_path)
    store = open_oci()
    assert store.find("nlu", A) is not None
    store.delete(NLU)
    assert registry.tags == {}


def test_a_registry_without_tokens_gets_the_password_itself_and_no_other_host_does(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Basic"
    path = kept(open_oci(), tmp_path)
    assert fetched(open_oci(), tmp_path) == path.read_bytes()
    assert all("authorization" not in headers for server, _, headers in registry.seen if server == "blobs")


def test_a_token_that_has_expired_is_renewed(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Bearer"
    store = open_oci()
    assert store.find("nlu", A) is None
    kept(store, tmp_path)
    registry.tokens.clear()
    assert fetched(store, tmp_path)


@pytest.mark.parametrize("login", ["Basic", "Bearer"])
def test_who_has_no_login_is_asked_to_log_in(registry: Registry, tmp_path: Path, login: str) -> None:
    registry.login = login
    store = open_store(f"oci://{registry.host}/{REPOSITORY}", {"DOCKER_CONFIG": str(tmp_path)})
    with pytest.raises(AccessDeniedError, match=f"docker login {registry.host}") as caught:
        store.find("nlu", A)
    assert caught.value.exit_code == 74


def test_a_password_that_is_refused_is_in_no_message(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    registry.faults.append(RegistryFault("^GET", 401, 9, headers={"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(AccessDeniedError) as caught:
        open_oci().find("nlu", A)
    shown = str(caught.value) + caplog.text
    assert PASSWORD not in shown
    assert registry.basic not in shown


def test_the_token_of_a_job_goes_to_githubs_registry_alone(tmp_path: Path) -> None:
    from rebake.store.oci.login import find_login

    nothing = {"DOCKER_CONFIG": str(tmp_path)}
    job = {**nothing, "GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": "https://api.github.com"}
    login = find_login("ghcr.io", job)
    assert login.basic is not None
    assert login.may_see("https://ghcr.io/token")
    assert not login.may_see("https://tokens.example/token")
    assert not login.may_see("http://ghcr.io/token")
    for host in ("registry.example", "ghcr.io.example", "127.0.0.1:5000"):
        assert find_login(host, job).basic is None, host
    assert find_login("ghcr.io", {**job, "GITHUB_API_URL": "https://github.example/api/v3"}).basic is None
    assert find_login("ghcr.io", nothing).basic is None
    assert "t0ken" not in repr(login)
    assert login.basic not in repr(login)


def test_plain_http_is_asked_on_this_machine_alone() -> None:
    for host in ("localhost:5000", "127.0.0.1:5000", "[::1]:5000"):
        assert RegistryAddress.parse(f"{host}/a/b").origin == f"http://{host}"
    for host in ("ghcr.io", "localhost.example", "10.0.0.1:5000", "registry.example:80"):
        assert RegistryAddress.parse(f"{host}/a/b").origin == f"https://{host}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_leads_to_plain_http_elsewhere_is_not_followed(
    method: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    client = RegistryClient(RegistryAddress.parse("registry.example/a/b"), RegistryLogin("secret"))

    def request(method: str, url: str, **_: object) -> requests.Response:
        asked.append(url)
        reply = requests.Response()
        reply.status_code, reply.url = (307 if method == "GET" else 202), url
        reply.headers["Location"] = "http://registry.example/v2/a/b/elsewhere"
        reply.raw = SimpleNamespace(read=lambda *a, **k: b"", close=lambda: None, release_conn=lambda: None)
        return reply

    monkeypatch.setattr(client.session, "request", request)
    (tmp_path / "blob").write_bytes(b"x")
    upload = {"digest": "sha256:x", "size": 1}
    calls: dict[str, Callable[[], object]] = {
        "GET": lambda: client.do_request("https://registry.example/v2/a/b/blobs/x"),
        "POST": lambda: client.put_upload(str(tmp_path / "blob"), client.container("x"), upload),
    }
    with pytest.raises(StorageError, match="not https"):
        calls[method]()
    assert [url.partition(":")[0] for url in asked] == ["https"]


# What docker knows


def write_config(place: Path, content: object) -> dict[str, str]:
    (place / "config.json").write_text(json.dumps(content), encoding="utf-8")
    return {"DOCKER_CONFIG": str(place)}


def test_a_login_is_found_as_docker_keeps_it(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rebake.store.oci.login import find_login

    auth = {"auth": registry.basic}
    for key in ("registry.example", "https://registry.example"):
        assert find_login("registry.example", write_config(tmp_path, {"auths": {key: auth}})).basic == registry.basic
    hub = write_config(tmp_path, {"auths": {"https://index.docker.io/v1/": auth}})
    assert find_login("docker.io", hub).basic == registry.basic
    assert find_login("registry.example", hub).basic is None
    helper = tmp_path / "docker-credential-kept"
    helper.write_text(f'#!/bin/sh\necho \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'\n', encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for config in ({"credsStore": "kept"}, {"credHelpers": {"registry.example": "kept"}}):
        assert find_login("registry.example", write_config(tmp_path, config)).basic == registry.basic
    gone = write_config(tmp_path, {"credsStore": "gone", "auths": {"registry.example": auth}})
    assert find_login("registry.example", gone).basic == registry.basic


def test_a_configuration_of_docker_that_is_broken_is_one_message(tmp_path: Path) -> None:
    from rebake.store.oci.login import find_login

    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match=r"config\.json is not JSON"):
        find_login("registry.example", {"DOCKER_CONFIG": str(tmp_path)})
    broken = write_config(tmp_path, {"auths": {"registry.example": {"auth": "s3cret!"}}})
    with pytest.raises(StorageError, match=r"docker login registry\.example") as caught:
        find_login("registry.example", broken)
    assert "s3cret" not in str(caught.value)


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
    path = kept(open_oci(), tmp_path)
    registry.faults.append(fault)
    assert fetched(open_oci(), tmp_path) == path.read_bytes()
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
    path = kept(open_oci(), tmp_path)
    assert fetched(open_oci(), tmp_path) == path.read_bytes()
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
    kept(open_oci(), tmp_path)
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
    assert store.refuses_deletion == f"{host} deletes no entries"


def test_an_upload_of_what_is_there_sends_it_once(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    kept(open_oci(), tmp_path)
    before = len([request for request in registry.requests() if request.startswith("PUT")])
    kept(open_oci(), tmp_path)
    assert len([request for request in registry.requests() if request.startswith("PUT")]) == before == 3


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
