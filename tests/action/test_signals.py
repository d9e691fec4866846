"""Signals that cannot lie: status, outputs and exit code of jobs that are cancelled, refused, or answered oddly."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from support.assistants import edit
from support.github_api import Fault, GitHubApi
from support.github_job import Job, Project

pytestmark = pytest.mark.slow


def assert_cancelled(job: Job, api: GitHubApi, code: int) -> None:
    assert (job.code, job.outputs["result"]) == (code, "failed"), job.log
    assert [job.outputs[name] for name in ("stale", "verdict-code", "stale-parts")] == ["", "", ""]
    last = api.statuses[-1]
    assert (last["state"], last["description"]) == ("error", "The run was cancelled.")
    assert "Traceback" not in job.log
    assert job.report["fresh"] is False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_job_that_is_cancelled_while_publishing_sets_an_error_and_leaves_nothing_half_published(
    core_only: Project, api: GitHubApi, number: int, code: int
) -> None:
    core_only.git("tag", "v1.0")
    job_id: list[int] = []

    def cancel(request: str) -> None:
        """While the second file of the tag's release is on its way, a few times as GitHub does."""
        drafts = api.drafts("v1.0")
        if drafts and request.endswith(f"/{drafts[0]['id']}/assets") and request.startswith("POST") and api.assets:
            for _ in range(2):
                os.kill(job_id[0], number)
                time.sleep(0.1)

    api.before = cancel
    job = core_only.run(core_only.push("refs/tags/v1.0"), started=job_id.append)
    assert_cancelled(job, api, code)
    assert api.release("v1.0") is None
    api.before = lambda _: None
    again = core_only.run(core_only.push("refs/tags/v1.0"))
    assert (again.code, len(api.asset_names("v1.0"))) == (0, 4), again.log


def test_a_job_that_is_cancelled_while_training_is_pending_before_and_an_error_after(
    project: Project, api: GitHubApi
) -> None:
    edit(project.clone / "config.yml", "epochs: 4\n", "epochs: 100000\n")
    project.commit("For ever")
    job_id: list[int] = []

    def cancel(request: str) -> None:
        if "/statuses/" in request and not api.statuses:
            threading.Timer(12, os.kill, (job_id[0], signal.SIGTERM)).start()

    api.before = cancel
    job = project.run(project.push(), started=job_id.append)
    assert_cancelled(job, api, 143)
    assert [status["state"] for status in api.statuses] == ["pending", "error"]
    assert api.statuses[0]["description"] == "Training Core, NLU and Responses."
    assert api.assets == {}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/comments", 200, raw=b"<html>Sign in</html>", times=9),
        Fault("POST .*/comments", 200, raw=b"[]", times=9),
        Fault("GET .*/comments", 200, raw=b"{}", times=9),
        Fault("GET .*/comments", 200, raw=b"null", times=9),
    ],
    ids=["a page", "a list", "an object", "nothing"],
)
def test_an_odd_answer_to_the_comment_prevents_neither_status_nor_outputs(
    core_only: Project, api: GitHubApi, fault: Fault
) -> None:
    core_only.branch()
    core_only.commit("Nothing")
    api.faults = [fault]
    job = core_only.run(core_only.pull_request(6), {"mode": "check", "fail-on": "never"})
    assert (job.code, job.outputs["result"], job.outputs["stale"]) == (0, "stale", "true"), job.log
    assert api.statuses
    assert bool(api.comments) != ("writing the comment failed" in job.summary)
    assert "None" not in job.outputs["comment-url"]


def test_a_status_that_was_not_set_is_a_warning(core_only: Project, api: GitHubApi) -> None:
    api.faults = [Fault("POST .*/statuses", 200, raw=b"<html>Sign in</html>", times=9)]
    job = core_only.run(core_only.push(), {"mode": "check", "fail-on": "never"})
    assert (job.code, job.outputs["result"]) == (0, "stale"), job.log
    assert "setting the commit status failed" in job.summary


def test_a_check_that_may_not_read_names_the_permission(core_only: Project, api: GitHubApi) -> None:
    api.denied = {"contents=read"}
    job = core_only.run(core_only.push(), {"mode": "check"})
    assert (job.code, job.outputs["result"], job.outputs["stale"]) == (74, "failed", ""), job.log
    (error,) = [line for line in job.annotations if line.startswith("::error")]
    assert "Give the job the permission contents: read" in error
    assert api.statuses[-1]["state"] == "error"


def test_a_rate_limit_that_lasts_is_found_before_training(core_only: Project, api: GitHubApi) -> None:
    limit = {"X-RateLimit-Limit": "5000", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    api.faults = [Fault("GET .*/releases", 403, times=99, headers={**limit, "X-RateLimit-Remaining": "0"})]
    job = core_only.run(core_only.push())
    assert (job.code, job.outputs["result"], job.outputs["trained"]) == (74, "failed", ""), job.log
    api.faults = []
    api.headers = {**limit, "X-RateLimit-Remaining": "7"}
    job = core_only.run(core_only.push())
    assert (job.code, job.outputs["trained"]) == (74, ""), job.log
    assert "takes only" in job.log
    assert api.assets == {}


def test_a_late_answer_of_any_kind_loses_no_trained_part(core_only: Project, api: GitHubApi) -> None:
    api.lag = 1
    job = core_only.run(core_only.push())
    assert (job.code, job.outputs["trained"]) == (0, "core"), job.log
    api.lag = 0
    assert core_only.run(core_only.push(), {"mode": "check"}).code == 0
