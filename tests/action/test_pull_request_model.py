"""The model of a pull request, for its reviewers to try: a link, and never a reason to fail."""

from __future__ import annotations

import pytest

from support.github_api import Fault, GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow


def test_a_model_that_cannot_be_offered_costs_the_run_only_the_link(core_only: Project, api: GitHubApi) -> None:
    core_only.branch()
    core_only.commit("Nothing")
    api.faults = [Fault("POST .*/assets", 403, times=99, message="Not accessible", skip=2)]  # after Core and responses
    job = core_only.run(core_only.pull_request(7))
    assert (job.code, job.outputs["result"], job.outputs["model-url"]) == (0, "trained", ""), job.log
    assert any("cannot be downloaded from the comment" in notice["message"] for notice in job.report["notices"])
    assert "pull-7.tar.gz" not in api.asset_names(STORE)


def test_where_releases_are_immutable_no_release_is_made_for_it(core_only: Project, api: GitHubApi) -> None:
    api.immutable_releases = True
    core_only.branch()
    core_only.commit("Nothing")
    job = core_only.run(core_only.pull_request(7))
    assert (job.code, job.outputs["result"], job.outputs["model-url"]) == (0, "trained", ""), job.log
    assert not any(
        "pull-7" in name for release in api.releases.values() for name in api.asset_names(release["tag_name"])
    )
