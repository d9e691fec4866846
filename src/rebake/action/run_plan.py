"""From an event to what there is to do: one pure function."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from rebake.action.event import Event
from rebake.action.tags import VERSION_LIKE
from rebake.errors import UsageError
from rebake.staleness.git.changes import Base

FORK_NOTE = (
    "This pull request comes from a fork, so the job's token may only read: nothing is published, no comment is "
    "written and no commit status is set. The result is in the job summary."
)


PARTS_NOTE = "This job only trains parts for the store; a job without the input parts makes the model of them."


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run does besides checking (and training).

    Attributes:
        commit: the commit that the status is set on and that the report names.
        checked_out: other commits that may be checked out for it: of a pull request, its merge.
        base: how to find what changed.
        pull_request: its number, for the comment; None elsewhere.
        can_write: whether the token may publish, comment and set a status.
        is_newest: whether a model of this run becomes the one that later runs are compared with.
        tag: the tag whose release gets the model; None elsewhere.
        notes: what the report is to say about this.
        skip: why there is nothing to do at all; None where there is.
    """

    commit: str
    base: Base
    checked_out: tuple[str, ...] = ()
    pull_request: int | None = None
    can_write: bool = True
    is_newest: bool = False
    tag: str | None = None
    notes: tuple[str, ...] = ()
    skip: str | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """What tags are.

    Attributes:
        store: the tag of the store's own prerelease; tags that start with it and ``-`` are the store's, too.
        pattern: matches the tags that are releases of the assistant, as a whole.
    """

    store: str
    pattern: re.Pattern[str] = re.compile(VERSION_LIKE)

    def is_store(self, tag: str) -> bool:
        """Whether it is a tag of the store, which is no release of the assistant."""
        return tag == self.store or tag.startswith(f"{self.store}-")


def parts_alone(run_plan: RunPlan) -> RunPlan:
    """The plan of a job that only trains parts: the job that assembles them publishes and announces the model."""
    return replace(run_plan, is_newest=False, tag=None, pull_request=None, notes=(*run_plan.notes, PARTS_NOTE))


def plan_run(event: Event, tags: Tags) -> RunPlan:
    """What to do on an event.

    Args:
        event: of this run.
        tags: which tags are releases of the assistant.

    Raises:
        UsageError: the action does not run on this event.
    """
    deciders: dict[str, Callable[[Event, Tags], RunPlan]] = {
        "pull_request": _pull_request,
        "push": _push,
        "release": _release,
        "merge_group": _merge_group,
        "workflow_dispatch": _by_ref,
        "repository_dispatch": _by_ref,
        "schedule": _by_ref,
    }
    if event.name == "pull_request_target":
        raise UsageError(
            "The action does not run on pull_request_target: with a token that may write it would publish models of "
            "data that nobody has reviewed.",
            fix="Use the event pull_request.",
        )
    if event.name not in deciders:
        raise UsageError(f"The action does not run on the event {event.name}.", fix=f"Use {', '.join(deciders)}.")
    return deciders[event.name](event, tags)


def _pull_request(event: Event, _tags: Tags) -> RunPlan:
    request = event.payload.get("pull_request")
    if not isinstance(request, dict) or not event.text("pull_request", "head", "sha"):
        raise UsageError("The event names no pull request.")
    head = event.text("pull_request", "head", "sha")
    base = Base(
        "merge-base",
        base=event.text("pull_request", "base", "sha"),
        head=head,
        name=event.text("pull_request", "base", "ref"),
        refs=(f"refs/heads/{event.text('pull_request', 'base', 'ref')}", f"refs/pull/{request['number']}/head"),
    )
    if "closed" in (event.text("action"), event.text("pull_request", "state")):  # a closed one can be labeled
        return RunPlan(head, base, skip="The pull request is closed.")
    is_fork = event.text("pull_request", "head", "repo", "full_name").lower() != event.repository.lower()
    return RunPlan(
        commit=head,
        base=base,
        checked_out=(event.sha,),
        pull_request=int(request["number"]),
        can_write=not is_fork,
        notes=(FORK_NOTE,) if is_fork else (),
    )


def _push(event: Event, tags: Tags) -> RunPlan:
    after = event.text("after") or event.sha
    if event.payload.get("deleted") is True:
        return RunPlan(after, Base("none"), skip=f"{event.ref} was deleted.")
    if event.ref.startswith("refs/tags/"):
        commit = event.text("head_commit", "id")  # `after` is the tag itself where that is an object (annotated)
        return _tag(event, event.ref.removeprefix("refs/tags/"), tags, commit)
    branch = event.ref.removeprefix("refs/heads/")
    before = event.text("before")
    is_default = bool(branch) and branch == event.default_branch
    if before.strip("0"):
        base = Base("commit", base=before, name=f"the last push to {branch}")
    elif is_default or not event.default_branch:
        base = Base("none", reason=f"this is the first push to {branch}")
    else:
        base = Base("merge-base", name=event.default_branch, refs=(f"refs/heads/{event.default_branch}",))
    return RunPlan(after, base, is_newest=is_default)


def _release(event: Event, tags: Tags) -> RunPlan:
    tag = event.text("release", "tag_name")
    if event.text("action") not in ("published", "released", "prereleased", "created") or (
        event.payload.get("release", {}).get("draft") is True
    ):
        return RunPlan(event.sha, Base("none"), skip=f"The release {tag} is not published by this event.")
    return _tag(event, tag, tags)


def _merge_group(event: Event, _tags: Tags) -> RunPlan:
    if event.text("action") == "destroyed":
        return RunPlan(event.sha, Base("none"), skip="The merge group is gone.")
    branch = event.text("merge_group", "base_ref").removeprefix("refs/heads/")
    base = Base("commit", base=event.text("merge_group", "base_sha"), name=branch)
    return RunPlan(event.text("merge_group", "head_sha") or event.sha, base)


def _by_ref(event: Event, tags: Tags) -> RunPlan:
    """Started by hand, by a program or by the clock: what counts is the ref it runs on."""
    if event.ref.startswith("refs/tags/"):
        return _tag(event, event.ref.removeprefix("refs/tags/"), tags)
    branch = event.ref.removeprefix("refs/heads/")
    is_default = not event.default_branch or branch == event.default_branch
    base = (
        Base("none", reason="a run that was not started by a change has nothing to compare with")
        if is_default
        else Base("merge-base", name=event.default_branch, refs=(f"refs/heads/{event.default_branch}",))
    )
    return RunPlan(event.sha, base, is_newest=is_default and bool(event.default_branch))


def _tag(event: Event, tag: str, tags: Tags, commit: str = "") -> RunPlan:
    commit = commit or event.sha
    if tags.is_store(tag):
        return RunPlan(commit, Base("none"), skip=f"{tag} is the tag of the store, not a release of the assistant.")
    base = Base("previous-tag", head=commit, name=tag, ignored_tag=tags.store)
    if not tags.pattern.fullmatch(tag):
        note = (
            f"The tag {tag} gets no release of the model, as it is not of the form that the input tag-pattern asks for."
        )
        return RunPlan(commit, base, notes=(note,))
    return RunPlan(commit, base, is_newest=True, tag=tag)
