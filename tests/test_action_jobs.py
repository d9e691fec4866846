"""The whole action as GitHub runs it, on real git repositories, each job in an empty workspace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.assistants import append, edit, write_tiny
from support.github_api import GitHubApi
from support.github_job import Project
from support.github_openapi import Description, load_description

STORE = "rebake-models"

STORY = """\
  - story: leaving at once
    steps:
      - intent: goodbye
      - action: utter_goodbye
      - intent: greet
      - action: utter_greet
"""


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    api = GitHubApi()
    api.description = Description(load_description())
    with api.serving():
        yield api


@pytest.fixture
def project(tmp_path: Path, api: GitHubApi) -> Project:
    project = Project(tmp_path, api)
    write_tiny(project.clone / "assistant")
    for entry in (project.clone / "assistant").iterdir():
        entry.rename(project.clone / entry.name)
    (project.clone / "assistant").rmdir()
    project.commit("An assistant")
    project.git("push", "--quiet", "origin", "main")
    return project


def test_a_pull_request_trains_once_and_every_later_run_finds_the_parts(project: Project, api: GitHubApi) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    append(
        project.clone / "data" / "nlu.yml", "  - intent: thanks\n    examples: |\n      - thank you\n      - thanks\n"
    )
    edit(project.clone / "domain.yml", "goodbye]", "goodbye, thanks]")
    head = project.commit("Thanks")

    opened = project.run(project.pull_request(7))
    assert opened.code == 0, opened.log
    assert opened.outputs["trained"] == "core,nlu"
    assert opened.outputs["stale"] == "true"
    assert opened.model.is_file()
    assert [status["sha"] for status in api.statuses] == [head]
    assert api.statuses[0]["state"] == "success"
    assert len(api.comments) == 1
    comment = next(iter(api.comments.values()))
    assert "data/nlu&#46;yml" in comment["body"]
    assert "no model" in comment["body"].replace("&#45;", "-") or "published" in comment["body"]

    append(project.clone / "data" / "stories.yml", STORY)
    project.commit("A story")
    updated = project.run(project.pull_request(7, "synchronize"))
    assert updated.code == 0, updated.log
    assert updated.outputs["trained"] == "core"
    assert len(api.comments) == 1
    assert "Trained Core" in comment["body"]
    assert updated.outputs["comment-url"].endswith(str(comment["id"]))
    assert updated.report["changes"]["problem"] is None
    assert {file["path"] for file in updated.report["changes"]["files"]} == {
        "data/nlu.yml",
        "data/stories.yml",
        "domain.yml",
    }

    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "--no-ff", "feature")
    merged = project.run(project.push())
    assert merged.code == 0, merged.log
    assert merged.outputs["trained"] == ""
    assert merged.outputs["stale"] == "false"
    assert merged.model.is_file()
    assert "rebake.json" in api.asset_names(STORE)

    project.git("tag", "v1.0")
    tagged = project.run(project.push("refs/tags/v1.0"))
    assert tagged.code == 0, tagged.log
    assert tagged.outputs["trained"] == ""
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.tar.gz", "rebake.json"]
    assert tagged.outputs["model-url"].endswith("/v1.0/bot-v1.0.tar.gz")
    assert api.content("v1.0", "bot-v1.0.tar.gz") == tagged.model.read_bytes()

    again = project.run(
        (
            "push",
            {"before": "0" * 40, "after": project.git("rev-parse", "HEAD")},
            "refs/tags/v1.0",
            project.git("rev-parse", "HEAD"),
        )
    )
    assert again.code == 0, again.log
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.tar.gz", "rebake.json"]
