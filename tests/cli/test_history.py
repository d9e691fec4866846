"""``rebake history``: the figures of earlier models, from the releases of a repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebake.cli.main import main
from rebake.cli.repository import api_of
from rebake.evaluation.history import PastQuality, history_json
from support.git import Repository
from support.github_api import GitHubApi

FIRST = PastQuality("a" * 40, "2026-01-01T10:00:00+01:00", "", {"intents.weighted_f1": 0.875, "stories.accuracy": 1.0})
SECOND = PastQuality("b" * 40, "2026-02-01T10:00:00+01:00", "v1.0\x1b[31m", {"intents.weighted_f1": 0.9})
TABLE = """\
time              commit   release         intent F1  stories right
2026-01-01 10:00  aaaaaaa  -               0.875      1.000
2026-02-01 10:00  bbbbbbb  v1.0�[31m      0.900      -
2 models
"""


@pytest.fixture(autouse=True)
def kept(api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with a history, and the environment of a person who has a token."""
    release = api.add_release("rebake-models")
    content = history_json([FIRST, SECOND]).encode()
    api.add_asset(release["id"], "history.json", content)
    api.add_asset(release["id"], "history-bots-pizza.json", history_json([FIRST]).encode())
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.setenv("GITHUB_TOKEN", api.token)


def test_the_models_are_printed_as_a_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--repository", "acme/bot"]) == 0
    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines()] == [line.split() for line in TABLE.splitlines()]
    assert main(["history", "--repository", "acme/bot", "--format", "json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert models[0] == {
        "commit": "a" * 40,
        "time": "2026-01-01T10:00:00+01:00",
        "name": "",
        "figures": {"intents.weighted_f1": 0.875, "stories.accuracy": 1.0},
    }


def test_each_assistant_of_a_repository_has_its_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--repository", "acme/bot", "--name", "bots/pizza"]) == 0
    assert capsys.readouterr().out.endswith("\n1 model\n")


def test_the_repository_is_that_of_the_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = Repository(tmp_path)
    repository.git("remote", "set-url", "origin", "git@github.com:acme/bot.git")
    monkeypatch.chdir(repository.clone)
    assert main(["history"]) == 0
    assert "2 models" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--repository", "acme"], 64, "'acme' is not a repository"),
        (["--repository", "acme/bot", "--name", "other"], 74, "no file history-other.json. The action writes it"),
        (["--repository", "acme/bot", "--store-tag", "x"], 74, "its release x has no file history.json"),
        ([], 64, "is not in a git work tree"),
    ],
)
def test_a_mistake_is_one_message(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["history", *arguments]) == code
    printed = capsys.readouterr()
    assert (printed.out, message in printed.err) == ("", True), printed.err


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://git.example.org", "https://git.example.org/api/v3"),
    ],
)
def test_the_api_is_that_of_the_server(server: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_API_URL")
    assert api_of(server) == address
