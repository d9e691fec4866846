"""The comment and the status: whatever fails on the way, there is one comment, and a refusal is no success."""

from __future__ import annotations

import pytest
from github import Github

from rebake.action.pull_request import PullRequests
from rebake.errors import StorageError
from rebake.store.retries import Retries
from support.faults import FAULTS, PASSING, REFUSED
from support.github_api import Fault, GitHubApi

MARKER = "<!-- rebake:model -->"
STEPS = {  # step -> its requests, and how many comments earlier runs left
    "list the comments": ("GET .*/comments", 1),
    "ask whose token it is": ("GET /user", 1),
    "create the comment": ("POST .*/comments", 0),
    "edit the comment": ("PATCH .*/comments", 1),
    "delete a second comment": ("DELETE .*/comments", 2),
    "set the status": ("POST .*/statuses", 1),
}


@pytest.fixture
def pull_requests(impatient_client: Github, impatient_retries: Retries, api: GitHubApi) -> PullRequests:
    return PullRequests(impatient_client, impatient_client.get_repo(api.repository), impatient_retries)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_no_failure_leaves_a_second_comment_or_is_taken_for_a_success(
    pull_requests: PullRequests, api: GitHubApi, step: str, name: str
) -> None:
    pattern, earlier = STEPS[step]
    api.login = "anna"  # a person's token, which makes the action ask whose it is
    for times in (1, 999):  # once, and for good
        api.comments.clear()
        api.statuses.clear()
        for _ in range(earlier):
            api.add_comment(1, "anna", "User", f"{MARKER}\nold")
        fault = Fault(pattern, times=times, **FAULTS[name])  # type: ignore[arg-type]
        api.faults = [fault]
        error = None
        try:
            pull_requests.write_comment(1, f"{MARKER}\nnew")
            pull_requests.set_status("a" * 40, "success", "Fresh.", "rebake/model", "https://x.example")
        except StorageError as raised:
            error = raised
        assert fault.times < times, "no request was answered by the fault"
        if times == 1 and name in PASSING:
            assert error is None, "what passes in a moment must not end it"
        if name in REFUSED and step != "ask whose token it is":
            assert error is not None
            assert error.fix
        if error is None:
            assert api.statuses
        api.faults = []
        pull_requests.write_comment(1, f"{MARKER}\nnew")
        bodies = [comment["body"] for comment in api.comments.values()]
        assert bodies.count(f"{MARKER}\nnew") == 1
        if step != "ask whose token it is":  # else it was not known that the old one is ours
            assert len(bodies) == 1
