"""The run whose result is to be published, and its pull request, as the API says: nothing is taken from an artifact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from github.Repository import Repository

from rebake.action.event import Event
from rebake.errors import DataError, UsageError
from rebake.store.retries import Retries

MAX_ARTIFACTS = 50  # of a run, that results are looked for in
PAGE = 100  # artifacts in an answer
MAX_PAGES = 100


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """One artifact of a run, as the API lists it."""

    id: int
    name: str
    size: int
    url: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A finished run of a workflow on a pull request.

    Attributes:
        id: of the run.
        head: the commit at the head of the pull request.
        head_repository, head_branch: where that is; of a pull request from a fork, the fork.
        url: its page.
        pull_requests: numbers of the open pull requests with this head, that are for our repository.
    """

    id: int
    head: str
    head_repository: str
    head_branch: str
    url: str
    pull_requests: tuple[int, ...] = ()


class Runs:
    """The workflow runs of one repository."""

    def __init__(self, repository: Repository, name: str, retries: Retries) -> None:
        self._repository = repository
        self._name = name
        self._retries = retries

    def verified(self, run_id: int, workflow_id: int) -> WorkflowRun | None:
        """Return what the API says of a run; None where it is none of a pull request that is open at this commit.

        Raises:
            UsageError: it is a run of another workflow or repository, or has not finished.
            StorageError: the API refuses, or cannot be reached.
        """
        answer = self._get(f"/actions/runs/{run_id}", "reading the workflow run")
        is_ours = str(answer["repository"]["full_name"]).lower() == self._name.lower()
        if not is_ours or answer["id"] != run_id or answer["workflow_id"] != workflow_id:
            raise UsageError(f"The run {run_id} is not one of the workflow that this event is about.")
        if answer["status"] != "completed":
            raise UsageError(f"The run {run_id} has not finished.", fix="Use `types: [completed]` with workflow_run.")
        head_repository = answer["head_repository"]
        if answer["event"] != "pull_request" or not answer["head_branch"] or not isinstance(head_repository, Mapping):
            return None
        full_name, owner = str(head_repository["full_name"]), str(head_repository["owner"]["login"])
        branch, head = str(answer["head_branch"]), str(answer["head_sha"])
        numbers = self._pull_requests(owner, full_name, branch, head)
        if not numbers:
            return None
        return WorkflowRun(run_id, head, full_name, branch, str(answer["html_url"]), numbers)

    def _pull_requests(self, owner: str, full_name: str, branch: str, head: str) -> tuple[int, ...]:
        query = {"state": "open", "head": f"{owner}:{branch}", "per_page": 100}
        found = self._get("/pulls", "looking for the pull request", query)
        return tuple(
            int(request["number"])
            for request in found
            if request["head"]["sha"] == head
            and (request["head"]["repo"] or {}).get("full_name") == full_name
            and str(request["base"]["repo"]["full_name"]).lower() == self._name.lower()
        )

    def artifacts(self, run: WorkflowRun, name: str) -> list[ArtifactEntry]:
        """Return the artifacts of this name, and those whose names start with it and ``-``.

        Raises:
            DataError: the run has more artifacts than are looked through.
            StorageError: the API refuses, or cannot be reached.
        """
        entries = [
            ArtifactEntry(
                int(one["id"]),
                str(one["name"]),
                int(one["size_in_bytes"]),
                str(one["archive_download_url"]),
                one.get("digest") or None,
            )
            for one in self._all_artifacts(run)
            if not one["expired"] and (one["name"] == name or str(one["name"]).startswith(f"{name}-"))
        ]
        return sorted(entries, key=lambda entry: (entry.name, entry.id))[:MAX_ARTIFACTS]

    def _all_artifacts(self, run: WorkflowRun) -> Iterator[Mapping[str, Any]]:
        """All pages: a matrix of jobs may upload hundreds."""
        path = f"/actions/runs/{run.id}/artifacts"
        for page in range(1, MAX_PAGES + 1):
            query = {"per_page": PAGE, "page": page}
            listed = self._get(path, "listing the artifacts of the run", query)["artifacts"]
            yield from listed
            if len(listed) < PAGE:
                return
        raise DataError(f"The run {run.id} has more than {MAX_PAGES * PAGE:,} artifacts.")

    def _get(self, path: str, purpose: str, query: Mapping[str, Any] | None = None) -> Any:
        def get() -> Any:
            url = f"{self._repository.url}{path}"
            return self._repository.requester.requestJsonAndCheck("GET", url, parameters=dict(query or {}))[1]

        return self._retries(get, purpose)


def run_of(event: Event) -> tuple[int, int]:
    """Return the ids of the run and of its workflow that the event names.

    Raises:
        UsageError: the event is another one.
    """
    run = event.payload.get("workflow_run")
    if event.name != "workflow_run" or not isinstance(run, Mapping):
        raise UsageError(
            f"The action publishes on the event workflow_run, not on {event.name}.",
            fix="Run it in a workflow with `on: workflow_run`, as docs/workflow-fork-publish.yml does.",
        )
    run_id, workflow_id = run.get("id"), run.get("workflow_id")
    if not isinstance(run_id, int) or not isinstance(workflow_id, int):
        raise UsageError("The event names no workflow run.")
    return run_id, workflow_id
