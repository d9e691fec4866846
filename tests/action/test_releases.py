"""What a tag's job publishes: the tag's own commit, on the right release, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.assistants import STORY, append
from support.github_api import Fault, GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow


def test_another_commit_than_the_tags_is_not_published(core_only: Project, api: GitHubApi) -> None:
    core_only.git("tag", "v1.0")
    event = core_only.push("refs/tags/v1.0")
    append(core_only.clone / "data" / "stories.yml", STORY)
    later = core_only.commit("A story")
    core_only.git("push", "--quiet", "origin", "HEAD:refs/heads/main")

    def check_out_main(workspace: Path) -> None:
        for command in (("fetch", "--quiet", "--depth=1", "origin", later), ("checkout", "--quiet", later)):
            core_only._git(workspace, *command)

    job = core_only.run(event, prepare=check_out_main)
    assert (job.code, job.outputs["result"]) == (65, "failed"), job.log
    assert f"Commit {later[:12]} is checked out, but this run is for commit {event[3][:12]}" in job.log
    assert api.releases == {}
    assert api.statuses[-1]["state"] == "failure"


def test_files_that_were_changed_since_the_commit_are_not_published(core_only: Project, api: GitHubApi) -> None:
    core_only.git("tag", "v1.0")
    job = core_only.run(
        core_only.push("refs/tags/v1.0"),
        prepare=lambda workspace: append(workspace / "data" / "stories.yml", STORY),
    )
    assert (job.code, api.releases) == (65, {}), job.log
    assert job.report["error"]["file"] == "data/stories.yml"


def test_the_head_of_a_pull_request_may_be_checked_out(core_only: Project, api: GitHubApi) -> None:
    core_only.branch()
    head = core_only.commit("Nothing")
    event = core_only.pull_request(3)
    core_only.git("fetch", "--quiet", "origin", "main")

    def check_out_head(workspace: Path) -> None:
        for command in (("fetch", "--quiet", "--depth=1", "origin", head), ("checkout", "--quiet", head)):
            core_only._git(workspace, *command)

    job = core_only.run(event, prepare=check_out_head)
    assert job.code == 0, job.log


def test_a_tag_that_is_no_version_gets_no_release(core_only: Project, api: GitHubApi) -> None:
    core_only.git("tag", "nightly")
    job = core_only.run(core_only.push("refs/tags/nightly"))
    assert (job.code, job.outputs["release-url"]) == (0, ""), job.log
    assert "The tag nightly gets no release" in job.summary
    assert [release["tag_name"] for release in api.releases.values()] == [STORE]
    assert "rebake.json" not in api.asset_names(STORE)


def test_a_prerelease_gets_what_the_inputs_say(core_only: Project, api: GitHubApi) -> None:
    core_only.git("tag", "v2.0.0-rc.1")
    inputs = {"release-name": "Two", "release-notes": "generated", "make-latest": "true"}
    job = core_only.run(core_only.push("refs/tags/v2.0.0-rc.1"), inputs)
    assert job.code == 0, job.log
    release = api.release("v2.0.0-rc.1")
    assert release is not None
    assert (release["name"], release["prerelease"], api.latest) == ("Two", True, None)
    assert "What's Changed" in release["body"]


def test_an_upload_that_keeps_failing_leaves_a_draft_that_the_next_run_publishes(
    core_only: Project, api: GitHubApi
) -> None:
    core_only.run(core_only.push())
    core_only.git("tag", "v1.0")
    event = core_only.push("refs/tags/v1.0")
    api.faults = [Fault("POST .*/assets", 413, skip=2, times=99)]  # the record of the use and the manifest pass
    job = core_only.run(event)
    assert (job.code, job.outputs["result"], job.outputs["stale"]) == (74, "failed", ""), job.log
    assert (api.release("v1.0"), len(api.drafts("v1.0"))) == (None, 1)
    api.faults = []
    job = core_only.run(event)
    assert (job.code, api.drafts("v1.0")) == (0, []), job.log
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.provenance.json", "bot-v1.0.tar.gz", "rebake.json"]


@pytest.mark.long
def test_a_repository_with_immutable_releases_trains_once_too(core_only: Project, api: GitHubApi) -> None:
    api.immutable_releases = True
    assert core_only.run(core_only.push()).outputs["result"] == "trained"
    core_only.git("tag", "v1.0")
    job = core_only.run(core_only.push("refs/tags/v1.0"))
    assert (job.code, job.outputs["result"], job.outputs["trained"]) == (0, "fresh", ""), job.log
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.provenance.json", "bot-v1.0.tar.gz", "rebake.json"]
    assert core_only.run(core_only.push(), {"mode": "check"}).outputs["result"] == "fresh"
    tags = [release["tag_name"] for release in api.releases.values()]
    assert [tag.startswith(f"{STORE}-") for tag in tags] == [False, True, True, False] or tags.count("v1.0") == 1
