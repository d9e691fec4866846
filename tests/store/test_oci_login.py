"""A registry as a store: who sees the password."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from rebake.errors import AccessDeniedError, StorageError
from rebake.store.addresses import open_store
from rebake.store.oci.client import RegistryClient
from rebake.store.oci.login import RegistryLogin, find_login
from rebake.store.oci.names import RegistryAddress
from rebake.store.oci_store import OciStore
from rebake.store.protocol import part_name
from support.registry import PASSWORD, REPOSITORY, USER, Registry, RegistryFault
from support.store import A, fetch_part, keep_part

NLU = part_name("nlu", A)


# Who sees the password


def test_a_login_goes_to_where_tokens_are_made_and_a_token_to_the_registry_alone(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Bearer"
    path = keep_part(open_oci(), tmp_path)
    assert fetch_part(open_oci(), tmp_path) == path.read_bytes()
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
    keep_part(open_oci(), tmp_path)
    store = open_oci()
    assert store.find("nlu", A) is not None
    store.delete(NLU)
    assert registry.tags == {}


def test_a_registry_without_tokens_gets_the_password_itself_and_no_other_host_does(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Basic"
    path = keep_part(open_oci(), tmp_path)
    assert fetch_part(open_oci(), tmp_path) == path.read_bytes()
    assert all("authorization" not in headers for server, _, headers in registry.seen if server == "blobs")


def test_a_token_that_has_expired_is_renewed(
    registry: Registry, open_oci: Callable[[], OciStore], tmp_path: Path
) -> None:
    registry.login = "Bearer"
    store = open_oci()
    assert store.find("nlu", A) is None
    keep_part(store, tmp_path)
    registry.tokens.clear()
    assert fetch_part(store, tmp_path)


@pytest.mark.parametrize("login", ["Basic", "Bearer"])
def test_who_has_no_login_is_asked_to_log_in(registry: Registry, tmp_path: Path, login: str) -> None:
    registry.login = login
    store = open_store(f"oci://{registry.host}/{REPOSITORY}", {"DOCKER_CONFIG": str(tmp_path)})
    with closing(store), pytest.raises(AccessDeniedError, match=f"docker login {registry.host}") as caught:
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

    auth = {"auth": registry.basic}
    host = "registry.example"
    for key in (
        host,
        f"https://{host}",
        f"https://{host}/",
        f"https://{host}/v1/",
        f"{host}/v1/",
        f"https://{host}/v2/",
    ):
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


def add_helper(place: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A program that docker's configuration names for all registries."""
    helper = place / "docker-credential-kept"
    helper.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    return write_config(place, {"credsStore": "kept"})


def test_an_identity_token_is_refused_without_repeating_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {"auth": "PHRva2VuPjo=", "identitytoken": "s3cret"}
    for environment in (
        write_config(tmp_path, {"auths": {"registry.example": auth}}),
        add_helper(tmp_path, 'echo \'{"Username": "<token>", "Secret": "s3cret"}\'', monkeypatch),
    ):
        with pytest.raises(StorageError, match="is an identity token") as caught:
            find_login("registry.example", environment)
        assert "docker login registry.example" in str(caught.value)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("script", ["printf '\\377\\376{'", "echo '{}'", "echo '[1]'", "yes '[' | head -n 100000"])
def test_a_helper_of_docker_that_answers_nonsense_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    environment = add_helper(tmp_path, script, monkeypatch)
    with pytest.raises(StorageError, match=r"docker-credential-kept, .* does not answer as docker expects"):
        find_login("registry.example", environment)


def test_a_helper_of_docker_does_not_see_the_token_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    monkeypatch.setenv("GH_TOKEN", "t0ken")
    monkeypatch.setenv("INPUT_TOKEN", "t0ken")
    monkeypatch.setenv("AWS_PROFILE", "needed")
    environment = add_helper(tmp_path, f"env > {seen}; exit 1", monkeypatch)
    assert find_login("registry.example", environment).basic is None
    assert "t0ken" not in seen.read_text(encoding="utf-8")
    assert "AWS_PROFILE=needed" in seen.read_text(encoding="utf-8")


def test_a_configuration_of_docker_that_is_broken_is_one_message(tmp_path: Path) -> None:

    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match=r"config\.json is not JSON"):
        find_login("registry.example", {"DOCKER_CONFIG": str(tmp_path)})
    broken = write_config(tmp_path, {"auths": {"registry.example": {"auth": "s3cret!"}}})
    with pytest.raises(StorageError, match=r"docker login registry\.example") as caught:
        find_login("registry.example", broken)
    assert "s3cret" not in str(caught.value)
