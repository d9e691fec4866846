"""A pull request decides what is in the workspace, and must gain nothing by it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.assistants import edit, write_tiny
from support.github_api import GitHubApi
from support.github_job import AS_OTHER_USER, IS_ROOT, Project

pytestmark = pytest.mark.slow


def move_below(project: Project, directory: str) -> Path:
    """Move the assistant into a directory of the repository."""
    place = project.clone / directory
    place.mkdir(parents=True)
    for entry in ("config.yml", "domain.yml", "data"):
        shutil.move(project.clone / entry, place / entry)
    return place


@pytest.mark.parametrize("is_foreign", [True, False], ids=["another user's", "the container's user's"])
def test_a_repository_in_the_working_directory_runs_nothing(
    core_only: Project, api: GitHubApi, tmp_path: Path, is_foreign: bool
) -> None:
    trace = tmp_path / "trace"
    core_only.branch()
    place = move_below(core_only, "bot")
    program = place / "program"
    program.write_text(f"#!/bin/sh\nenv >> {trace}\n", encoding="utf-8")
    program.chmod(0o755)
    core_only._git(place, "init", "--quiet", "--bare", ".")
    for key, value in {
        "core.fsmonitor": "./program",
        "core.sshCommand": "./program",
        "core.pager": "./program",
        "core.hooksPath": ".",
        "core.worktree": ".",
        "core.bare": "false",
        "diff.external": "./program",
        "remote.origin.url": "ssh://example.org/x",
        "remote.origin.uploadpack": "./program",
        "alias.version": "!./program",
    }.items():
        core_only._git(place, "--git-dir", ".", "config", key, value)
    core_only.commit("A repository in the repository")
    job = core_only.run(core_only.pull_request(4), {"working-directory": "bot"}, is_foreign=is_foreign)
    assert (job.code, job.outputs["result"]) == (0, "trained"), job.log
    assert job.report["changes"]["problem"] is None
    assert not trace.exists(), trace.read_text(encoding="utf-8")


def test_no_child_process_is_given_the_token(core_only: Project, api: GitHubApi, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    git = shutil.which("git")
    wrapper.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} > {seen}/$$\nexec {git} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    core_only.branch()
    core_only.commit("Nothing")
    tokens = dict.fromkeys(("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN"), api.token)
    environment = {**tokens, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
    job = core_only.run(core_only.pull_request(4), environment=environment)
    assert job.code == 0, job.log
    calls = [file.read_text(encoding="utf-8") for file in seen.iterdir()]
    assert any(call.startswith("fetch") for call in calls)
    assert not any(api.token in call for call in calls)
    basic = base64.b64encode(f"x-access-token:{api.token}".encode()).decode()
    assert all(call.startswith(("fetch", "ls-remote")) for call in calls if basic in call)


NOT_HIDDEN = """\
import rebake.action.environment
rebake.action.environment.hide_process = lambda: None
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("is_hidden", [True, False])
def test_no_child_process_finds_the_token_in_the_environment_that_its_parent_was_started_with(
    api: GitHubApi, is_hidden: bool
) -> None:
    """As the code of an assistant could that a user's own Rasa imports; root can read it all the same."""
    with tempfile.TemporaryDirectory(prefix="rebake-test-", dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        usable = [*(AS_OTHER_USER if IS_ROOT else ()), sys.executable, "-c", "import rebake"]
        if subprocess.run(usable, capture_output=True, check=False).returncode:
            pytest.skip("needs a checkout that another user may read")
        project = Project(place, api)
        write_tiny(place / "tiny")
        for entry in (place / "tiny").iterdir():
            entry.rename(project.clone / entry.name)
        project.commit("An assistant")
        seen, wrapper = place / "seen", place / "bin" / "git"
        seen.mkdir()
        wrapper.parent.mkdir()
        reading = f'cat "/proc/$PPID/environ" > {seen}/$$ 2> /dev/null || echo refused > {seen}/$$'
        wrapper.write_text(f'#!/bin/sh\n{reading}\nexec {shutil.which("git")} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        environment = {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
        if not is_hidden:  # to see that the test would find it
            (place / "site").mkdir()
            (place / "site" / "sitecustomize.py").write_text(NOT_HIDDEN, encoding="utf-8")
            environment["PYTHONPATH"] = str(place / "site")
        event = project.push()
        job = project.run(event, {"mode": "check"}, as_other_user=True, is_foreign=False, environment=environment)
        assert job.code == 7, job.log
        found = [file.read_bytes() for file in seen.iterdir()]
        assert any(api.token.encode() in content for content in found) is not is_hidden
        assert (b"refused\n" in found) is is_hidden


def link_out(project: Project, name: str, target: Path) -> None:
    path = project.clone / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", ["config.yml", "domain.yml", "data", "data/stories.yml", "data/more", "models"])
def test_a_link_that_leads_out_of_the_repository_is_refused(
    core_only: Project, api: GitHubApi, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    source = core_only.clone / name
    if source.is_file():
        shutil.copy(source, outside / "file.yml")
    (outside / "secret.yml").write_text("s3cret: [broken\n", encoding="utf-8")
    before = sorted(outside.iterdir())
    core_only.branch()
    link_out(core_only, name, outside / "file.yml" if source.is_file() else outside)
    core_only.commit("A link")
    job = core_only.run(core_only.pull_request(4))
    assert (job.code, job.outputs["result"]) == (65, "failed"), job.log
    (comment,) = api.comments.values()
    assert "leads out of the repository" in job.summary
    assert "leads out of the repository" in comment["body"]
    assert "s3cret" not in job.log + job.summary + comment["body"]
    assert sorted(outside.iterdir()) == before, "something was written outside"
    assert api.statuses[-1]["state"] == "failure"
    assert api.assets == {}


def test_links_within_the_repository_work(core_only: Project, api: GitHubApi) -> None:
    core_only.branch()
    place = move_below(core_only, "bots/a")
    (core_only.clone / "shared").mkdir()
    shutil.move(place / "data" / "stories.yml", core_only.clone / "shared" / "stories.yml")
    (place / "data" / "shared").symlink_to("../../../shared")
    (place / "models").symlink_to("../../models")
    (core_only.clone / "models").mkdir()
    (core_only.clone / "models" / ".keep").touch()
    core_only.commit("Links")
    job = core_only.run(core_only.pull_request(4), {"working-directory": "bots/a"})
    assert (job.code, job.outputs["trained"]) == (0, "core"), job.log
    assert job.model.is_file()


def test_files_of_git_are_never_data(core_only: Project, api: GitHubApi) -> None:
    def plant(workspace: Path) -> None:
        (workspace / ".git" / "more.yml").write_text("nlu: []\n", encoding="utf-8")

    core_only.branch()
    (core_only.clone / "data" / "git").symlink_to("../.git")
    core_only.commit("A link")
    for inputs in ({}, {"data": "data/stories.yml\n.git/more.yml"}, {"out": ".git/models"}):
        job = core_only.run(core_only.pull_request(4), inputs, prepare=plant)
        assert job.code == 65, job.log
        assert "leads to files of git" in job.log


def test_no_name_of_a_temporary_file_can_be_planted(core_only: Project, api: GitHubApi, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched", encoding="utf-8")

    def plant(workspace: Path) -> None:
        """A container's first process has the id 1; here, all the ids that the job may get."""
        models = workspace / "models"
        models.mkdir()
        for number in range(1, 20000):
            (models / f".rebake-report.json.{number}.tmp").symlink_to(victim)
        (models / "rebake-report.json").symlink_to(victim)

    job = core_only.run(core_only.push(), prepare=plant)
    assert job.code == 0, job.log
    assert victim.read_text(encoding="utf-8") == "untouched"
    assert not (job.workspace / "models" / "rebake-report.json").is_symlink()


def test_values_of_variables_are_redacted_wherever_people_read(core_only: Project, api: GitHubApi) -> None:
    value = "xyz-zy|1"
    edit(core_only.clone / "domain.yml", '- text: "Bye."', '- text: "Bye, ${WORD}."')
    with (core_only.clone / "data" / "stories.yml").open("a", encoding="utf-8") as stories:
        stories.write("  - story: s ${WORD}\n    steps:\n      - intent: i ${WORD}\n      - action: utter_goodbye\n")
    core_only.branch()
    core_only.commit("A variable")
    job = core_only.run(core_only.pull_request(4), {"env": "WORD"}, environment={"WORD": value})
    assert job.code == 0, job.log
    (comment,) = api.comments.values()
    report = json.dumps(job.report)
    for text in (comment["body"], job.summary, report, "\n".join(job.annotations)):
        assert "xyz" not in text
        assert "***" in text or "*&#8203;" in text or "&#42;" in text or "\\*" in text
    assert [line for line in job.log.splitlines() if "xyz" in line] == [f"::add-mask::{value}"]
