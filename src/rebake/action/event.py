"""What a job knows about itself: environment and event, read once into a frozen value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebake.errors import UsageError

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Event:
    """One run of a job.

    Attributes:
        name: "pull_request", "push" ...
        payload: the event as GitHub sends it to a webhook.
        repository: "owner/name".
        sha: of the commit that the workflow runs on (for a pull request: of its merge).
        ref: full name, "refs/heads/main".
        api_url, server_url: of this GitHub.
        run_id: of the workflow run.
        run_attempt: 1, and more where the run was started again.
        workflow: path and ref of the workflow's file, "acme/bot/.github/workflows/model.yml@refs/heads/main"; or "".
        runner: "github-hosted" or "self-hosted"; "" where the runner does not say so.
        workspace: the directory that the repository is checked out in.
    """

    name: str
    payload: Mapping[str, Any]
    repository: str
    sha: str
    ref: str
    api_url: str
    server_url: str
    run_id: str
    workspace: Path
    run_attempt: str = "1"
    workflow: str = ""
    runner: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Event:
        """Read the environment of a job.

        Raises:
            UsageError: it is not that of a job on GitHub.
        """

        def need(name: str) -> str:
            value = environment.get(name, "")
            if not value:
                raise UsageError(
                    f"The environment has no {name}.", fix="Run the action on GitHub, or use `rebake train`."
                )
            return value

        path = Path(need("GITHUB_EVENT_PATH"))
        try:
            payload = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"The event file {path} cannot be read ({error}).") from error
        repository = need("GITHUB_REPOSITORY")
        if not _REPOSITORY.fullmatch(repository) or not isinstance(payload, dict):
            raise UsageError("The environment of the job is not as GitHub sets it.")
        return cls(
            name=need("GITHUB_EVENT_NAME"),
            payload=payload,
            repository=repository,
            sha=need("GITHUB_SHA"),
            ref=environment.get("GITHUB_REF", ""),
            api_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
            server_url=environment.get("GITHUB_SERVER_URL") or "https://github.com",
            run_id=environment.get("GITHUB_RUN_ID") or "0",
            workspace=Path(need("GITHUB_WORKSPACE")),
            run_attempt=environment.get("GITHUB_RUN_ATTEMPT") or "1",
            workflow=environment.get("GITHUB_WORKFLOW_REF", ""),
            runner=environment.get("RUNNER_ENVIRONMENT", ""),
        )

    @property
    def repository_url(self) -> str:
        """The repository's page."""
        return f"{self.server_url}/{self.repository}"

    @property
    def run_url(self) -> str:
        return f"{self.repository_url}/actions/runs/{self.run_id}"

    @property
    def clone_url(self) -> str:
        """The address that git fetches this repository from, as GitHub names it."""
        return self.text("repository", "clone_url") or f"{self.server_url}/{self.repository}.git"

    @property
    def default_branch(self) -> str:
        repository = self.payload.get("repository")
        return str(repository.get("default_branch") or "") if isinstance(repository, Mapping) else ""

    def text(self, *keys: str) -> str:
        """A text deep in the payload, "" where it is not there."""
        value: Any = self.payload
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""
