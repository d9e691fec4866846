"""``rebake diff`` between commits of a real repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.cli.main import main
from support.paths import ROOT

IDENTITY = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(*arguments: str) -> str:
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


def edit(file: str, old: str, new: str) -> None:
    text = Path(file).read_text(encoding="utf-8")
    assert old in text
    Path(file).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example assistant below the root of a repository, with one commit; the working directory."""
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / "cafe", root / "bots" / "cafe")
    monkeypatch.chdir(root / "bots" / "cafe")
    git("init", "--quiet", "--initial-branch=main", str(root))
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    return Path.cwd()


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        assert main(["diff", *arguments]) == 0
        return capsys.readouterr().out

    return run


NOTHING = "There is no difference in what the assistant learns or says.\n"


def test_the_working_directory_is_compared_with_a_commit_and_commits_with_each_other(
    bot: Path, diff: Callable[..., str]
) -> None:
    assert diff() == NOTHING
    edit("data/nlu.yml", "    - hiya\n", "")
    said = 'intent greet: 1 example removed: "hiya"  (data/nlu.yml:12 in the base)\n'
    assert diff() == said
    git("commit", "--quiet", "--all", "--message=two")
    assert (diff(), diff("HEAD~1"), diff("HEAD~1..HEAD")) == (NOTHING, said, said)
    assert diff("HEAD..HEAD~1") == 'intent greet: 1 example added: "hiya"  (data/nlu.yml:12)\n'


def test_three_dots_leave_out_what_the_base_did_since(bot: Path, diff: Callable[..., str]) -> None:
    git("switch", "--quiet", "--create", "feature")
    edit("config.yml", "max_history: 5\n    epochs: 60", "max_history: 8\n    epochs: 60")
    git("commit", "--quiet", "--all", "--message=mine")
    git("switch", "--quiet", "main")
    edit("data/nlu.yml", "    - hiya\n", "")
    git("commit", "--quiet", "--all", "--message=theirs")
    mine = "TEDPolicy: max_history: 5 -> 8  (config.yml:27)\n"
    assert diff("main...feature") == mine
    assert diff("main..feature") == mine + 'intent greet: 1 example added: "hiya"  (data/nlu.yml:12)\n'


def test_markdown_and_json_lead_to_the_lines_at_the_commits(bot: Path, diff: Callable[..., str]) -> None:
    git("remote", "add", "origin", "git@github.com:acme/bots.git")
    base = git("rev-parse", "HEAD")
    edit("data/nlu.yml", "    - hiya\n", "")
    edit("data/stories.yml", "story: An order is placed", "story: '<img> @someone'")
    git("commit", "--quiet", "--all", "--message=two")
    head, blob = git("rev-parse", "HEAD"), "https://github.com/acme/bots/blob"
    markdown = diff(f"{base}..HEAD", "--format", "markdown")
    assert f"]({blob}/{base}/bots/cafe/data/nlu.yml#L12)" in markdown
    assert f"]({blob}/{head}/bots/cafe/data/stories.yml#L" in markdown
    assert "<img>" not in markdown
    assert "@someone" not in markdown
    found = json.loads(diff(f"{base}..HEAD", "--format", "json"))
    assert [(one["kind"], one["name"]) for one in found["differences"]] == [
        ("intent", "greet"),
        ("story", "<img> @someone"),
    ]
    assert found["differences"][0]["clauses"] == [
        {
            "text": '1 example removed: "hiya"',
            "side": "base",
            "file": "data/nlu.yml",
            "line": 12,
            "url": f"{blob}/{base}/bots/cafe/data/nlu.yml#L12",
            "lines": [],
        }
    ]


def test_what_cannot_be_compared_is_an_error_with_a_fix(
    bot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "no-such-branch"]) == 64
    assert "There is no commit 'no-such-branch' in this clone. Give a branch" in capsys.readouterr().err
    assert main(["diff", "--", "--output=x..HEAD"]) == 64
    capsys.readouterr()
    git("commit", "--quiet", "--allow-empty", "--message=two")
    edit("data/nlu.yml", "- intent: greet", "- intnt: greet")
    git("commit", "--quiet", "--all", "--message=broken")
    edit("data/nlu.yml", "- intnt: greet", "- intent: greet")
    assert main(["diff"]) == 65
    assert "The assistant at HEAD cannot be read. data/nlu.yml:" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main(["diff"]) == 64
    assert "is not in a git work tree" in capsys.readouterr().err


def test_links_out_of_the_repository_are_not_followed(bot: Path, diff: Callable[..., str], tmp_path: Path) -> None:
    secret = tmp_path / "secret.yml"
    secret.write_text("version: '3.1'\nnlu:\n- intent: secret\n  examples: |\n    - password\n", encoding="utf-8")
    Path("data/link.yml").symlink_to(secret)
    git("add", "--all")
    git("commit", "--quiet", "--message=two")
    assert diff("HEAD~1..HEAD") == NOTHING


def test_links_within_the_repository_are_what_they_lead_to(bot: Path, diff: Callable[..., str]) -> None:
    shared = bot.parent / "shared"
    shared.mkdir()
    Path("data/rules.yml").rename(shared / "rules.yml")
    Path("data/rules.yml").symlink_to("../../shared/rules.yml")
    Path("data/stories.yml").rename(shared / "stories.yml")
    Path("data/more").symlink_to("../../shared")
    git("add", "--all")
    git("commit", "--quiet", "--message=two")
    Path("data/more").unlink()
    Path("data/stories.yml").symlink_to("../../shared/stories.yml")
    git("add", "--all")
    git("commit", "--quiet", "--message=three")
    assert diff("HEAD~2..HEAD") == NOTHING
    assert diff() == NOTHING


def test_names_that_are_not_utf8_and_commands_to_a_log_break_no_format(bot: Path, diff: Callable[..., str]) -> None:
    git("remote", "add", "origin", "https://github.com/acme/bots")
    data = "version: '3.1'\nnlu:\n- intent: greet\n  examples: |\n    - '##[error] yo'\n"
    (bot / "data" / os.fsdecode(b"n\xff.yml")).write_text(data, encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message=two")
    assert "/bots/cafe/data/n%FF.yml#L5)" in diff("HEAD~1..HEAD", "--format", "markdown")
    printed = diff("HEAD~1..HEAD", "--format", "json")
    assert "##[" not in printed
    [clause] = json.loads(printed)["differences"][0]["clauses"]
    assert "##[error] yo" in clause["text"]
    assert clause["file"] == os.fsdecode(b"data/n\xff.yml")
    assert clause["url"].endswith("/n%FF.yml#L5")


def test_paths_name_the_files_of_each_commit_however_they_are_written(
    bot: Path, diff: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("data/nlu.yml", "    - hiya\n", "")
    assert diff("--data", str(bot / "data")) == diff()
    assert "hiya" in diff("--data", str(bot / "data"))
    assert main(["diff", "--data", str(tmp_path)]) == 64
    assert "is not in the work tree" in capsys.readouterr().err


def test_a_base_whose_data_is_in_git_lfs_is_not_taken_for_empty(bot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = Path("data/nlu.yml").read_text(encoding="utf-8")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    Path("data/nlu.yml").write_text(pointer, encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=two")
    Path("data/nlu.yml").write_text(content, encoding="utf-8")
    assert main(["diff"]) == 65
    assert "at HEAD cannot be read. data/nlu.yml:1: The file is a pointer of Git LFS" in capsys.readouterr().err


def test_a_repository_whose_ids_are_sha256_is_read(bot: Path, diff: Callable[..., str]) -> None:
    root = bot.parent.parent
    shutil.rmtree(root / ".git")
    git("init", "--quiet", "--object-format=sha256", str(root))
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    edit("data/nlu.yml", "    - hiya\n", "")
    assert "1 example removed" in diff()


def test_files_that_a_partial_clone_lacks_are_an_error_with_a_fix(
    bot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("data/nlu.yml", "    - hiya\n", "")
    git("commit", "--quiet", "--all", "--message=two")
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "--quiet", "--filter=blob:none", f"file://{bot.parent.parent}", str(tmp_path / "partial"))
    monkeypatch.chdir(tmp_path / "partial" / "bots" / "cafe")
    assert main(["diff", "HEAD~1"]) == 74
    assert "The files of HEAD~1 cannot be read from git: fatal: could not fetch " in capsys.readouterr().err
