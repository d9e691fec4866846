"""Whom a job trusts: forks, other people's comments, text of the assistant, secrets."""

from __future__ import annotations

import re

import pytest

from support.assistants import STORY, append, edit
from support.github_api import GitHubApi
from support.github_job import Project

pytestmark = pytest.mark.slow

MARKER = "<!-- rebake:model . -->"


def test_a_fork_trains_but_writes_nothing_and_says_so(core_only: Project, api: GitHubApi) -> None:
    api.read_only = True
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    core_only.commit("A story")
    job = core_only.run(core_only.pull_request(4, fork=True))
    assert job.code == 0, job.log
    assert job.outputs["trained"] == "core"
    assert job.model.is_file()
    assert "comes from a fork" in job.summary
    assert not any(" POST " in request or " PATCH " in request for request in api.requests)


def test_only_a_comment_of_the_job_itself_is_updated(core_only: Project, api: GitHubApi) -> None:
    api.page_size = 3
    theirs = api.add_comment(8, "mallory", "User", f"{MARKER}\nmine")
    for number in range(7):
        api.add_comment(8, "anna", "User", f"comment {number}")
    ours = api.add_comment(8, "github-actions[bot]", "Bot", f"{MARKER}\nold")
    api.add_comment(8, "github-actions[bot]", "Bot", f"{MARKER}\nwritten by another run at the same time")
    core_only.branch()
    core_only.commit("Nothing")
    core_only.run(core_only.pull_request(8))
    assert theirs["body"] == f"{MARKER}\nmine"
    assert ours["body"] != f"{MARKER}\nold"
    assert len(api.comments) == 9


def test_the_comment_of_a_persons_token_is_that_persons(core_only: Project, api: GitHubApi) -> None:
    api.login = "anna"
    core_only.branch()
    core_only.commit("Nothing")
    event = core_only.pull_request(9)
    core_only.run(event)
    core_only.run(event)
    assert [comment["login"] for comment in api.comments.values()] == ["anna"]


def test_names_of_the_assistant_are_no_commands_mentions_or_markup(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    core_only.branch()
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


def test_a_secret_that_the_data_may_use_is_hidden_in_the_log(core_only: Project, api: GitHubApi) -> None:
    edit(core_only.clone / "domain.yml", "Bye.", "Bye, ${WORD}.")
    core_only.commit("A variable")
    job = core_only.run(core_only.push(), {"env": "WORD"}, environment={"WORD": "xyzzy"})
    assert job.code == 0, job.log
    assert [line for line in job.log.splitlines() if "xyzzy" in line] == ["::add-mask::xyzzy"]
