"""From an event to what there is to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rebake.action.event import Event
from rebake.action.run_plan import FORK_NOTE, Tags, plan_run
from rebake.errors import UsageError
from rebake.staleness.git.changes import Base

TAGS = Tags("store")
HEAD, BASE, SHA = "a" * 40, "b" * 40, "c" * 40


def event(name: str, ref: str = "refs/heads/main", **payload: Any) -> Event:
    payload = {"repository": {"default_branch": "main"}, **payload}
    return Event(name, payload, "acme/bot", SHA, ref, "https://a", "https://s", "1", Path("w"))


def pull_request(owner: str = "acme/bot", action: str = "opened", state: str = "open") -> Event:
    request = {
        "state": state,
        "number": 7,
        "head": {"sha": HEAD, "repo": {"full_name": owner} if owner else None},
        "base": {"sha": BASE, "ref": "main"},
    }
    return event("pull_request", "refs/pull/7/merge", action=action, pull_request=request)


def test_a_pull_request_gets_a_comment_and_a_status_on_its_head() -> None:
    run_plan = plan_run(pull_request(), TAGS)
    assert (run_plan.commit, run_plan.pull_request, run_plan.can_write) == (HEAD, 7, True)
    assert (run_plan.is_newest, run_plan.tag, run_plan.skip) == (False, None, None)
    assert run_plan.base == Base(
        "merge-base", base=BASE, head=HEAD, name="main", refs=("refs/heads/main", "refs/pull/7/head")
    )


@pytest.mark.parametrize("owner", ["somebody/bot", ""])
def test_a_fork_may_only_read_and_the_report_says_so(owner: str) -> None:
    run_plan = plan_run(pull_request(owner), TAGS)
    assert not run_plan.can_write
    assert run_plan.notes == (FORK_NOTE,)


def test_a_closed_pull_request_is_skipped() -> None:
    assert plan_run(pull_request(action="closed"), TAGS).skip
    assert plan_run(pull_request(action="labeled", state="closed"), TAGS).skip


def test_a_push_to_the_default_branch_makes_the_newest_model() -> None:
    run_plan = plan_run(event("push", before=BASE, after=SHA), TAGS)
    assert (run_plan.commit, run_plan.is_newest, run_plan.base.kind, run_plan.base.base) == (SHA, True, "commit", BASE)


def test_a_push_to_another_branch_does_not() -> None:
    assert not plan_run(event("push", "refs/heads/x", before=BASE, after=SHA), TAGS).is_newest


def test_a_new_branch_is_compared_with_the_default_branch() -> None:
    run_plan = plan_run(event("push", "refs/heads/x", before="0" * 40, after=SHA), TAGS)
    assert run_plan.base == Base("merge-base", name="main", refs=("refs/heads/main",))
    first = plan_run(event("push", before="0" * 40, after=SHA), TAGS)
    assert first.base == Base("none", reason="this is the first push to main")


def test_a_deleted_branch_is_skipped() -> None:
    assert plan_run(event("push", "refs/heads/x", before=BASE, after="0" * 40, deleted=True), TAGS).skip


@pytest.mark.parametrize(
    "tagged",
    [
        event("push", "refs/tags/v1", before="0" * 40, after=SHA),
        event("release", "refs/tags/v1", action="published", release={"tag_name": "v1", "draft": False}),
        event("workflow_dispatch", "refs/tags/v1"),
    ],
)
def test_a_tag_gets_the_model_on_its_release(tagged: Event) -> None:
    run_plan = plan_run(tagged, TAGS)
    assert (run_plan.tag, run_plan.commit, run_plan.is_newest, run_plan.skip) == ("v1", SHA, True, None)
    assert run_plan.base == Base("previous-tag", head=SHA, name="v1", ignored_tag="store")


def test_the_status_of_an_annotated_tag_is_set_on_its_commit() -> None:
    run_plan = plan_run(event("push", "refs/tags/v1", before="0" * 40, after=HEAD, head_commit={"id": SHA}), TAGS)
    assert (run_plan.commit, run_plan.base.head) == (SHA, SHA)


def test_the_stores_own_tag_is_no_release_of_the_assistant() -> None:
    assert plan_run(event("push", "refs/tags/store", before="0" * 40, after=SHA), TAGS).skip


def test_a_tag_that_is_no_version_gets_no_release() -> None:
    run_plan = plan_run(event("push", "refs/tags/nightly", before="0" * 40, after=SHA), TAGS)
    assert (run_plan.tag, run_plan.is_newest, run_plan.skip) == (None, False, None)
    assert "tag-pattern" in run_plan.notes[0]
    assert plan_run(event("push", "refs/tags/nightly"), Tags("store", re.compile("n.*"))).tag == "nightly"
    assert plan_run(event("push", "refs/tags/store-17-abc"), TAGS).skip


def test_an_edited_release_is_skipped() -> None:
    assert plan_run(event("release", "refs/tags/v1", action="edited", release={"tag_name": "v1"}), TAGS).skip


def test_a_merge_group_is_compared_with_its_base() -> None:
    group = {"head_sha": HEAD, "base_sha": BASE, "base_ref": "refs/heads/main"}
    run_plan = plan_run(event("merge_group", "refs/heads/q", action="checks_requested", merge_group=group), TAGS)
    assert (run_plan.commit, run_plan.base) == (HEAD, Base("commit", base=BASE, name="main"))
    assert not run_plan.is_newest


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule", "repository_dispatch"])
def test_a_run_started_by_hand_or_clock_goes_by_its_ref(name: str) -> None:
    assert plan_run(event(name), TAGS).is_newest
    other = plan_run(event(name, "refs/heads/x"), TAGS)
    assert (other.is_newest, other.base.kind) == (False, "merge-base")


@pytest.mark.parametrize("name", ["pull_request_target", "issue_comment", "workflow_run"])
def test_events_with_more_rights_than_review_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        plan_run(event(name), TAGS)


def test_the_environment_of_a_job_is_read(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"a": {"b": "c"}}), encoding="utf-8")
    environment = {
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "acme/bot",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_SHA": SHA,
        "GITHUB_WORKSPACE": str(tmp_path),
    }
    read = Event.read(environment)
    assert (read.text("a", "b"), read.text("a", "x"), read.default_branch) == ("c", "", "")
    assert read.run_url == "https://github.com/acme/bot/actions/runs/0"
    for name in environment:
        with pytest.raises(UsageError):
            Event.read({**environment, name: ""})
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError):
        Event.read(environment)
