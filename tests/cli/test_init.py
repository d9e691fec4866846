"""The workflow that `rebake init` writes for a repository."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rebake.cli.main import main
from support.assistants import write_tiny
from support.paths import ROOT

WORKFLOW = Path(".github/workflows/model.yml")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def steps(text: str) -> list[dict[str, Any]]:
    job: dict[str, Any] = yaml.safe_load(text)["jobs"]["model"]
    found: list[dict[str, Any]] = job["steps"]
    return found


def test_the_workflow_is_the_one_that_readme_shows(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tiny(repository)
    (repository / "tests").mkdir()
    assert main(["init"]) == 0
    written = (repository / WORKFLOW).read_text(encoding="utf-8")
    printed = capsys.readouterr()
    assert printed.out == written
    assert "Assistant in .: config.yml, domain.yml, data, test stories in tests." in printed.err
    assert main(["init"]) == 0
    assert capsys.readouterr().out == ""  # there is nothing new to show
    assert written in (ROOT / "README.md").read_text(encoding="utf-8")
    assert written in (ROOT / "docs" / "workflow.yml").read_text(encoding="utf-8")
    checkout = next(line for line in written.splitlines() if "actions/checkout" in line)
    assert checkout in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"), "as current as our own"


def test_another_workflow_stays_unless_forced(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tiny(repository)
    (repository / WORKFLOW).parent.mkdir(parents=True)
    (repository / WORKFLOW).write_text("name: mine\n", encoding="utf-8")
    assert main(["init"]) == 74
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "-name: mine\n+name: model\n" in printed.err
    assert "Use --force to replace it." in printed.err
    assert main(["init", "--dry-run"]) == 0
    assert (repository / WORKFLOW).read_text(encoding="utf-8") == "name: mine\n"
    assert main(["init", "--force"]) == 0
    assert (repository / WORKFLOW).read_text(encoding="utf-8").startswith("name: model\n")
    assert main(["init"]) == 0, "the same again is no conflict"


def test_what_is_elsewhere_becomes_an_input(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bot = repository / "bots" / "on"
    bot.mkdir(parents=True)
    write_tiny(bot)
    (bot / "config.yml").rename(bot / "config.yaml")
    (bot / "domain.yml").rename(bot / "intents.yml")
    (bot / "domain").mkdir()
    (bot / "intents.yml").rename(bot / "domain" / "intents.yml")
    for file in (bot / "data").iterdir():
        file.rename(bot / file.name)
    (bot / "e2e").mkdir()
    (bot / "e2e" / "test_all.yml").write_text("stories: []\n", encoding="utf-8")
    (bot / "endpoints.yml").write_text("action_endpoint: {url: x}\n", encoding="utf-8")
    (repository / "node_modules" / "x").mkdir(parents=True)
    write_tiny(repository / "node_modules" / "x")
    (repository / ".gitignore").write_text("node_modules\n", encoding="utf-8")
    subprocess.run(["git", "checkout", "-q", "-b", "develop"], check=True)
    assert main(["init", "--dry-run", "--ref", "a" * 40]) == 0
    text = capsys.readouterr().out
    assert steps(text)[1] == {
        "uses": f"rebake/rebake@{'a' * 40}",
        "with": {
            "working-directory": "bots/on",
            "config": "config.yaml",
            "domain": "domain",
            "data": "nlu.yml\nrules.yml\nstories.yml",
            "test-stories": "e2e",
        },
    }
    assert "branches: [develop]" in text
    assert "zizmor" not in text


def test_several_assistants_are_a_matrix(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("true", "b c", "skill"):
        (repository / name).mkdir()
        write_tiny(repository / name)
    (repository / "b c" / "domain.yml").rename(repository / "b c" / "domain.yaml")
    (repository / "skill" / "inner").mkdir()
    write_tiny(repository / "skill" / "inner")
    config = repository / "skill" / "config.yml"
    config.write_text(config.read_text(encoding="utf-8") + "imports: [inner]\n", encoding="utf-8")
    assert main(["init", "--dry-run"]) == 0
    text = capsys.readouterr().out
    job = yaml.safe_load(text)["jobs"]["model"]
    assert job["strategy"]["matrix"]["include"] == [
        {"working-directory": "b c", "domain": "domain.yaml"},
        {"working-directory": "skill", "domain": "domain.yml"},
        {"working-directory": "true", "domain": "domain.yml"},
    ]
    assert job["steps"][1]["with"] == {
        "working-directory": "${{ matrix.working-directory }}",
        "domain": "${{ matrix.domain }}",
    }


def test_nothing_in_a_path_becomes_a_command(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = repository / "${{ secrets.KEY }}"
    bad.mkdir()
    write_tiny(bad)
    assert main(["init"]) == 65
    assert not WORKFLOW.exists()
    assert main(["init", "--ref", "v0\n  run: x"]) == 64


def test_a_repository_without_an_assistant_is_an_error(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "config.yml").write_text("pipeline: []\n", encoding="utf-8")
    assert main(["init"]) == 65
    assert f"There is no assistant in {repository}" in capsys.readouterr().err
