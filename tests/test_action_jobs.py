"""The whole action as GitHub runs it, on real git repositories, each job in an empty workspace of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.assistants import append, edit, write_tiny
from support.github_api import Fault, GitHubApi
from support.github_job import Project
from support.github_openapi import Description, load_description

STORE = "rebake-models"
MARKER = "<!-- rebake:model . -->"

STORY = """\
  - story: leaving at once
    steps:
      - intent: goodbye
      - action: utter_goodbye
      - intent: greet
      - action: utter_greet
"""

THANKS = """\
  - intent: thanks
    examples: |
      - thank you
      - thanks
"""


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    api = GitHubApi()
    api.description = Description(load_description())
    with api.serving():
        yield api


@pytest.fixture
def project(tmp_path: Path, api: GitHubApi) -> Project:
    """A repository with a small assistant at its root."""
    project = Project(tmp_path, api)
    write_tiny(tmp_path / "tiny")
    for entry in (tmp_path / "tiny").iterdir():
        entry.rename(project.clone / entry.name)
    project.commit("An assistant")
    project.git("push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def core_only(project: Project) -> Project:
    """Without NLU data and with policies that need no network: it trains in a moment, without TensorFlow."""
    (project.clone / "data" / "nlu.yml").unlink()
    project.commit("No NLU data")
    project.git("push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def without_tensorflow(tmp_path: Path) -> dict[str, str]:
    """An environment in which importing TensorFlow is an error."""
    package = tmp_path / "poison" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('TensorFlow was imported')", encoding="utf-8")
    return {"PYTHONPATH": str(package.parent)}


def branch(project: Project, name: str = "feature") -> Project:
    project.git("checkout", "--quiet", "-b", name)
    return project


def test_a_pull_request_trains_once_and_every_later_run_finds_the_parts(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    checked = project.run(project.push(), {"mode": "check"}, environment=without_tensorflow)
    assert (checked.code, checked.outputs["stale-parts"]) == (7, "core,nlu,nlg"), checked.log
    api.statuses.clear()
    branch(project)
    append(project.clone / "data" / "nlu.yml", THANKS)
    edit(project.clone / "domain.yml", "goodbye]", "goodbye, thanks]")
    head = project.commit("Thanks")

    opened = project.run(project.pull_request(7))
    assert opened.code == 0, opened.log
    assert (opened.outputs["trained"], opened.outputs["stale"]) == ("core,nlu", "true")
    assert opened.model.is_file()
    assert [(status["sha"], status["state"], status["context"]) for status in api.statuses] == [
        (head, "success", "rebake/model")
    ]
    (comment,) = api.comments.values()
    assert comment["body"].startswith(f"{MARKER}\n")
    assert "data/nlu.yml" in comment["body"]
    assert "there is no model yet" in comment["body"]
    assert "rebake.json" not in api.asset_names(STORE)

    append(project.clone / "data" / "stories.yml", STORY)
    project.commit("A story")
    updated = project.run(project.pull_request(7, "synchronize"))
    assert updated.code == 0, updated.log
    assert updated.outputs["trained"] == "core"
    assert list(api.comments.values()) == [comment]
    assert "Trained Core." in comment["body"]
    assert updated.outputs["comment-url"].endswith(str(comment["id"]))
    assert updated.report["changes"]["problem"] is None
    assert [file["path"] for file in updated.report["changes"]["files"]] == [
        "data/nlu.yml",
        "data/stories.yml",
        "domain.yml",
    ]

    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "--no-ff", "feature")
    merged = project.run(project.push(), environment=without_tensorflow)
    assert merged.code == 0, merged.log
    assert (merged.outputs["trained"], merged.outputs["stale"]) == ("", "false")
    assert merged.model.is_file()
    assert "rebake.json" in api.asset_names(STORE)
    assert api.statuses[-1]["sha"] == project.git("rev-parse", "HEAD")

    project.git("tag", "v1.0")
    tagged = project.run(project.push("refs/tags/v1.0"), environment=without_tensorflow)
    assert tagged.code == 0, tagged.log
    assert tagged.outputs["trained"] == ""
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.tar.gz", "rebake.json"]
    assert tagged.outputs["model-url"].endswith("/v1.0/bot-v1.0.tar.gz")
    assert api.content("v1.0", "bot-v1.0.tar.gz") == tagged.model.read_bytes()

    released = {"action": "published", "release": {"tag_name": "v1.0", "draft": False}}
    again = project.run(("release", released, "refs/tags/v1.0", project.git("rev-parse", "HEAD")))
    assert again.code == 0, again.log
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.tar.gz", "rebake.json"]


def test_a_check_fails_while_the_model_is_stale_and_passes_once_it_was_trained(
    core_only: Project, api: GitHubApi
) -> None:
    core_only.run(("push", {}, "refs/heads/main", core_only.git("rev-parse", "HEAD")))
    branch(core_only)
    append(core_only.clone / "data" / "stories.yml", STORY)
    head = core_only.commit("A story")
    event = core_only.pull_request(3)

    stale = core_only.run(event, {"mode": "check"})
    assert stale.code == 1, stale.log
    assert (stale.outputs["stale-parts"], stale.outputs["verdict-code"], stale.outputs["trained"]) == ("core", "1", "")
    assert stale.outputs["model-path"] == ""
    assert (api.statuses[-1]["sha"], api.statuses[-1]["state"]) == (head, "failure")
    assert api.statuses[-1]["description"] == "The model is stale: Core."
    assert "leaving at once" in stale.summary
    assert any(line.startswith("::error") for line in stale.annotations)

    told = core_only.run(event, {"mode": "check", "fail-on": "never"})
    assert (told.code, told.outputs["stale"], api.statuses[-1]["state"]) == (0, "true", "success")

    assert core_only.run(event).outputs["trained"] == "core"
    fresh = core_only.run(event, {"mode": "check"})
    assert (fresh.code, fresh.outputs["stale"], api.statuses[-1]["state"]) == (0, "false", "success")
    assert len(api.comments) == 1


def test_editing_a_response_trains_nothing_and_the_model_has_the_new_text(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    edit(core_only.clone / "domain.yml", "Bye.", "So long.")
    core_only.commit("A response")
    job = core_only.run(core_only.push())
    assert (job.outputs["trained"], job.outputs["stale-parts"]) == ("", "nlg"), job.log
    assert job.report["parts"]["nlg"]["origin"] == "updated"
    assert core_only.run(core_only.push(), {"mode": "check"}).code == 0


def test_a_fork_trains_but_writes_nothing_and_says_so(core_only: Project, api: GitHubApi) -> None:
    api.read_only = True
    branch(core_only)
    append(core_only.clone / "data" / "stories.yml", STORY)
    core_only.commit("A story")
    job = core_only.run(core_only.pull_request(4, fork=True))
    assert job.code == 0, job.log
    assert job.outputs["trained"] == "core"
    assert job.model.is_file()
    assert "comes from a fork" in job.summary
    assert not any(" POST " in request or " PATCH " in request for request in api.requests)


def test_wrong_data_is_told_at_its_file_and_line(core_only: Project, api: GitHubApi) -> None:
    branch(core_only)
    append(core_only.clone / "data" / "stories.yml", "  - story: [broken\n")
    core_only.commit("Broken")
    job = core_only.run(core_only.pull_request(5))
    assert job.code == 65, job.log
    (error,) = [line for line in job.annotations if line.startswith("::error")]
    assert re.search(r"file=data/stories\.yml,line=\d+", error)
    assert api.statuses[-1]["state"] == "failure"
    (comment,) = api.comments.values()
    assert "The run failed." in comment["body"]
    assert job.report["error"]["file"] == "data/stories.yml"
    assert "Traceback" not in job.log


def test_without_the_api_the_parts_are_unknown_and_the_model_stays_on_disk(core_only: Project, api: GitHubApi) -> None:
    api.faults = [Fault("GET .*/releases", 403, times=99, message="Forbidden")]
    checked = core_only.run(core_only.push(), {"mode": "check"})
    assert checked.code == 5, checked.log
    assert checked.report["parts"]["core"]["state"] == "unknown"
    assert "403 Forbidden" in checked.report["parts"]["core"]["reasons"][0]
    trained = core_only.run(core_only.push())
    assert trained.code == 74, trained.log
    assert trained.model.is_file()
    assert trained.outputs["trained"] == "core"
    assert api.statuses[-1]["state"] == "error"


def test_a_comment_that_may_not_be_written_is_a_warning(core_only: Project, api: GitHubApi) -> None:
    api.faults = [Fault("POST .*/comments", 403, message="Resource not accessible by integration")]
    branch(core_only)
    core_only.commit("Nothing")
    job = core_only.run(core_only.pull_request(6))
    assert job.code == 0, job.log
    assert "writing the comment failed" in job.summary
    assert any("pull-requests: write" in line for line in job.annotations)


def test_only_a_comment_of_the_job_itself_is_updated(core_only: Project, api: GitHubApi) -> None:
    api.page_size = 3
    theirs = api.add_comment(8, "mallory", "User", f"{MARKER}\nmine")
    for number in range(7):
        api.add_comment(8, "anna", "User", f"comment {number}")
    ours = api.add_comment(8, "github-actions[bot]", "Bot", f"{MARKER}\nold")
    api.add_comment(8, "github-actions[bot]", "Bot", f"{MARKER}\nwritten by another run at the same time")
    branch(core_only)
    core_only.commit("Nothing")
    core_only.run(core_only.pull_request(8))
    assert theirs["body"] == f"{MARKER}\nmine"
    assert ours["body"] != f"{MARKER}\nold"
    assert len(api.comments) == 9


def test_the_comment_of_a_persons_token_is_that_persons(core_only: Project, api: GitHubApi) -> None:
    api.login = "anna"
    branch(core_only)
    core_only.commit("Nothing")
    event = core_only.pull_request(9)
    core_only.run(event)
    core_only.run(event)
    assert [comment["login"] for comment in api.comments.values()] == ["anna"]


def test_names_of_the_assistant_are_no_commands_mentions_or_markup(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    branch(core_only)
    name = "\\n::error::owned <img src=x> @acme/all #1"
    append(core_only.clone / "data" / "stories.yml", STORY.replace("story: leaving at once", f'story: "{name}"'))
    core_only.commit("Odd")
    job = core_only.run(core_only.pull_request(10))
    assert job.code == 0, job.log
    assert "owned" in job.log
    assert not any("owned" in line for line in job.annotations)
    (comment,) = api.comments.values()
    assert "owned" in comment["body"]
    assert not re.search(r"<img|@acme|#1\b", comment["body"])


def test_two_assistants_of_one_repository_do_not_meet(core_only: Project, api: GitHubApi) -> None:
    for name in ("a", "b"):
        (core_only.clone / "bots" / name).mkdir(parents=True)
        core_only.git("checkout", "main", "--", ".")
        for entry in ("config.yml", "domain.yml", "data"):
            target = core_only.clone / "bots" / name / entry
            core_only.git("mv", "-k", entry, str(target))
        core_only.git("reset", "--quiet", "main", "--", "config.yml", "domain.yml", "data")
        core_only.git("checkout", "--", ".")
    edit(core_only.clone / "bots" / "b" / "domain.yml", "Bye.", "Ciao.")
    branch(core_only)
    core_only.commit("Two")
    event = core_only.pull_request(11)
    first = core_only.run(event, {"working-directory": "bots/a"})
    second = core_only.run(event, {"working-directory": "bots/b"})
    assert (first.outputs["trained"], second.outputs["trained"]) == ("core", ""), second.log
    assert first.outputs["model-path"].startswith("bots/a/models/")
    assert {status["context"] for status in api.statuses} == {"rebake/model (bots/a)", "rebake/model (bots/b)"}
    assert len(api.comments) == 2


def test_forced_training_replaces_the_published_part(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    before = api.asset_names(STORE)
    job = core_only.run(core_only.push(), {"force": "true"})
    assert (job.outputs["verdict-code"], job.outputs["trained"]) == ("8", "core"), job.log
    assert api.asset_names(STORE) == before


def test_a_part_that_cannot_be_used_is_trained_again(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    release = api.release(STORE)
    assert release is not None
    (part,) = [asset for asset in api.assets.values() if asset.name.startswith("core-")]
    part.content = b"no archive"
    job = core_only.run(core_only.push())
    assert job.code == 0, job.log
    assert job.outputs["trained"] == "core"
    assert job.report["parts"]["core"]["state"] == "unknown"
    assert core_only.run(core_only.push()).outputs["trained"] == "", "the broken part was not replaced"


def test_a_merge_group_and_a_run_by_hand_find_what_was_trained(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    main = core_only.git("rev-parse", "HEAD")
    branch(core_only)
    append(core_only.clone / "data" / "stories.yml", STORY)
    head = core_only.commit("A story")
    core_only.run(core_only.pull_request(12))
    queue = "refs/heads/gh-readonly-queue/main/pr-12"
    core_only.git("push", "--quiet", "origin", f"HEAD:{queue}")
    group = {"head_sha": head, "base_sha": main, "base_ref": "refs/heads/main", "head_ref": queue}
    merging = core_only.run(("merge_group", {"action": "checks_requested", "merge_group": group}, queue, head))
    assert (merging.code, merging.outputs["trained"]) == (0, ""), merging.log
    assert [file["path"] for file in merging.report["changes"]["files"]] == ["data/stories.yml"]
    assert api.statuses[-1]["sha"] == head
    by_hand = core_only.run(("workflow_dispatch", {}, "refs/heads/main", main), depth=None)
    assert (by_hand.code, by_hand.outputs["trained"]) == (0, ""), by_hand.log


def test_wrong_inputs_and_events_are_usage_errors(core_only: Project, api: GitHubApi) -> None:
    event = core_only.push()
    for job in (
        core_only.run(event, {"fail-on": "always"}),
        core_only.run(event, {"working-directory": "nowhere"}),
        core_only.run(("pull_request_target", *event[1:])),
    ):
        assert job.code == 64, job.log
        assert any(line.startswith("::error") for line in job.annotations)
    skipped = core_only.run(("push", {"deleted": True}, *event[2:]))
    assert (skipped.code, skipped.outputs["stale"]) == (0, "false")
    assert api.requests == []


def test_a_secret_that_the_data_may_use_is_hidden_in_the_log(core_only: Project, api: GitHubApi) -> None:
    edit(core_only.clone / "domain.yml", "Bye.", "Bye, ${WORD}.")
    core_only.commit("A variable")
    job = core_only.run(core_only.push(), {"env": "WORD"}, environment={"WORD": "xyzzy"})
    assert job.code == 0, job.log
    assert [line for line in job.log.splitlines() if "xyzzy" in line] == ["::add-mask::xyzzy"]
