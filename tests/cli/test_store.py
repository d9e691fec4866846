"""``rebake store``."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.in_toto import statement
from rebake.archive.manifest import Manifest, format_manifest
from rebake.base.files import sha256
from rebake.cli.main import main
from rebake.store.addresses import open_store
from rebake.store.envelope import seal
from rebake.store.keys import PrivateKey, read_private_key, read_public_keys
from rebake.store.protocol import part_name
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.trust import Trust
from rebake.store.uses import Use
from support.github_api import GitHubApi
from support.registry import REPOSITORY, Registry
from support.store import A, B, archive


def test_keygen_writes_a_private_key_for_its_owner_alone_and_prints_the_public_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key.pem"
    assert main(["store", "keygen", str(path)]) == 0
    printed = capsys.readouterr()
    key = read_private_key(path.read_text(encoding="ascii"), "key")
    assert read_public_keys(printed.out, "key") == (key.public,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.pem not in printed.out + printed.err


def test_keygen_overwrites_nothing_and_follows_no_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there.pem").write_text("precious", encoding="ascii")
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere")
    for name in ("there.pem", "link.pem", "no/such/directory.pem"):
        assert main(["store", "keygen", str(tmp_path / name)]) == 74
    assert (tmp_path / "there.pem").read_text(encoding="ascii") == "precious"
    assert not (tmp_path / "elsewhere").exists()
    assert "keys are never overwritten" in capsys.readouterr().err


# The store of a repository

KEY = PrivateKey(b"\6" * 32)
NLU, CORE = part_name("nlu", A), part_name("core", B)


@pytest.fixture
def kept(api: GitHubApi, connect: Callable[[], Releases], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHubApi:
    """A repository whose store has a signed and an unsigned part, and the environment of a person with a token."""
    store = ReleaseStore(connect(), "rebake-models", "run")
    store.trust = Trust("https://github.com/acme/bot", (KEY.public,), KEY)
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    store.trust = None
    store.publish_part("core", B, archive(tmp_path, "core", B, "core.tar.gz"))
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.setenv("GITHUB_TOKEN", api.token)
    return api


def run(*arguments: str) -> int:
    return main(["store", *arguments, "--repository", "acme/bot"])


def names(printed: str) -> list[str]:
    return [entry["name"] for entry in json.loads(printed)["entries"]]


def test_list_says_what_is_there_and_what_is_signed(kept: GitHubApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines()]
    assert [line[3:] for line in lines] == [[CORE, "not", "signed"], [NLU, "signed"]]
    assert printed.err.startswith("3 files, ")
    assert run("list", "--format", "json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(entry["name"], entry["signed"]) for entry in listed["entries"]] == [(CORE, False), (NLU, True)]


def test_prune_only_says_what_would_go_unless_it_is_confirmed(
    kept: GitHubApi, capsys: pytest.CaptureFixture[str]
) -> None:
    for asset in kept.assets.values():
        asset.created = "2020-01-01T00:00:00Z"
    release = kept.release("rebake-models")
    assert release is not None
    kept.open_pulls = {3}
    kept.add_asset(release["id"], Use.of("pull", "3", "rebake.json", [CORE]).name, b"{}")
    kept.add_asset(kept.add_release("v1")["id"], "rebake.json", _manifest_of_nothing())
    before = kept.asset_names("rebake-models")
    assert run("prune", "--format", "json") == 0
    assert names(capsys.readouterr().out) == [NLU]
    assert kept.asset_names("rebake-models") == before
    assert not any(" POST " in request or " DELETE " in request for request in kept.requests[-6:])
    assert run("prune", "--yes") == 0
    printed = capsys.readouterr()
    assert NLU in printed.out
    assert "Removed 1 file" in printed.err
    assert {NLU, f"{NLU}.sig"} == set(before) - set(kept.asset_names("rebake-models"))
    assert run("prune", "--yes") == 0
    assert "There is nothing to remove" in capsys.readouterr().err


def _manifest_of_nothing() -> bytes:
    return format_manifest(Manifest({}, tool_version="1")).encode()


def test_verify_checks_files_and_with_a_key_signatures(kept: GitHubApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "ok"]
    assert run("verify", "--verify-key", KEY.public.text) == 1
    printed = capsys.readouterr()
    assert f"it is in the store, but not signed  {CORE}" in printed.out
    assert "2 files, 1 damaged or not signed." in printed.err
    [core] = [asset for asset in kept.assets.values() if asset.name == CORE]
    core.content = core.content[:-20]
    assert run("verify", "--format", "json") == 1
    problems = {entry["name"]: entry["problem"] for entry in json.loads(capsys.readouterr().out)["entries"]}
    assert problems[NLU] is None
    assert problems[CORE]


def test_verify_checks_a_released_model_by_its_signed_provenance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "bot-v1.tar.gz"
    model.write_bytes(b"weights")
    predicate = {
        "buildDefinition": {
            "externalParameters": {"repository": "https://github.com/acme/bot", "ref": "refs/tags/v1"},
            "resolvedDependencies": [{"digest": {"gitCommit": "c" * 40}}],
        }
    }
    document = statement({model.name: sha256(model)}, "https://slsa.dev/provenance/v1", predicate)
    (tmp_path / "bot-v1.intoto.jsonl").write_bytes(seal(document, KEY))
    (tmp_path / "key").write_text(KEY.public.text, encoding="ascii")
    for key in (KEY.public.text, str(tmp_path / "key")):
        assert run("verify", "--model", str(model), "--verify-key", key) == 0
        out = capsys.readouterr().out
        assert out == f"{model}: from https://github.com/acme/bot, refs/tags/v1, commit {'c' * 40}\n"
    other = PrivateKey.new().public.text
    wrong = {
        "is not trusted": ["--verify-key", other, "--repository", "acme/bot"],
        "and not from acme/pizza": ["--verify-key", KEY.public.text, "--repository", "acme/pizza"],
    }
    for message, arguments in wrong.items():
        assert main(["store", "verify", "--model", str(model), *arguments]) == 65
        assert message in capsys.readouterr().err
    model.write_bytes(b"other weights")
    assert run("verify", "--model", str(model), "--verify-key", KEY.public.text) == 65
    assert "is not the model that bot-v1.intoto.jsonl is about" in capsys.readouterr().err
    assert run("verify", "--model", str(model)) == 64
    assert run("verify", "--model", str(tmp_path / "none.tar.gz"), "--verify-key", other) == 74
    assert run("verify", "--verify-key", "hunter2") == 64
    assert "value of --verify-key is not an Ed25519 public key" in capsys.readouterr().err


def test_a_store_elsewhere_is_pruned_by_what_the_repository_uses(
    kept: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with Registry().serving() as registry:
        address = f"oci://{registry.host}/{REPOSITORY}"
        elsewhere = open_store(address, {})
        elsewhere.publish_part("nlu", A, archive(tmp_path, "nlu", A))
        elsewhere.publish_part("core", B, archive(tmp_path, "core", B, "core.tar.gz"))
        (tmp_path / "use.json").write_text("{}", encoding="utf-8")
        elsewhere.publish(tmp_path / "use.json", Use.of("pull", "3", "rebake.json", [CORE]).name)
        elsewhere.close()
        kept.open_pulls = {3}
        registry.age()
        assert main(["store", "prune", "--store", address, "--yes"]) == 64
        assert "--yes needs --repository" in capsys.readouterr().err
        assert {NLU, CORE} <= set(registry.tags)
        assert run("prune", "--store", address, "--yes", "--format", "json") == 0
        printed = capsys.readouterr()
        assert names(printed.out) == [NLU]
        assert "What acme/bot uses stays" in printed.err
        assert NLU not in registry.tags
        assert CORE in registry.tags
    assert run("prune", "--store", "oci://ghcr.io/acme/bot") == 74
    error = capsys.readouterr().err
    assert "ghcr.io does not allow deletion" in error
    assert "Delete old versions of the package in its settings on GitHub." in error


def test_the_releases_that_are_the_store_say_which_repository_uses_it(
    kept: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the clone is of does not decide: its open pull requests are others."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/other")
    release = kept.release("rebake-models")
    assert release is not None
    kept.add_asset(release["id"], Use.of("pull", "3", "rebake.json", [CORE]).name, b"{}")
    for asset in kept.assets.values():
        asset.created = "2020-01-01T00:00:00Z"
    kept.open_pulls = {3}
    assert main(["store", "prune", "--store", "github://acme/bot", "--yes", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert names(printed.out) == [NLU]
    assert "What acme/bot uses stays" in printed.err
    for options in (("--repository", "acme/other"), ("--store-tag", "x")):
        assert main(["store", "prune", "--store", "github://acme/bot", "--yes", *options]) == 64
        assert f"{options[0]} changes nothing with --store github://acme/bot" in capsys.readouterr().err
    release["immutable"] = True
    assert main(["store", "prune", "--store", "github://acme/bot"]) == 74
    assert "Delete prereleases whose tags start with rebake-models-" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["list", "--store", "s", "--store-tag", "x"], "--store-tag"),
        (["list", "--store", "s", "--repository", "acme/bot"], "--repository"),
        (["verify", "--store", "s", "--store-tag", "x"], "--store-tag"),
        (["verify", "--store", "s", "--repository", "acme/bot"], "--repository"),
        (["verify", "--model", "m.tar.gz", "--verify-key", KEY.public.text, "--store", "s"], "--store"),
        (["verify", "--model", "m.tar.gz", "--verify-key", KEY.public.text, "--store-tag", "x"], "--store-tag"),
        (["verify", "--model", "m.tar.gz", "--verify-key", KEY.public.text, "--format", "json"], "--format"),
    ],
)
def test_an_option_that_would_change_nothing_is_a_mistake_of_usage(
    arguments: list[str], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["store", *arguments]) == 64
    assert f"{option} changes nothing with" in capsys.readouterr().err


def test_in_a_repository_with_immutable_releases_prune_says_what_to_do(
    kept: GitHubApi, capsys: pytest.CaptureFixture[str]
) -> None:
    release = kept.release("rebake-models")
    assert release is not None
    release["immutable"] = True
    assert run("prune") == 74
    assert "Delete prereleases whose tags start with rebake-models-" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_not_taken_for_an_empty_one(
    kept: GitHubApi, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in ("list", "prune", "verify"):
        assert run(action, "--store-tag", "other") == 74
        assert "acme/bot has no store of trained parts: no release other with files" in capsys.readouterr().err
