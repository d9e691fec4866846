"""The part of GitHub's double about workflow runs, their artifacts, and pull requests."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.github_bodies import Bodies, Reply, missing
from support.github_openapi import Description


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file as actions/upload-artifact makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass
class Run:
    """A run of a workflow, of a pull request of ``head_repository``."""

    id: int
    head: str
    branch: str = "feature"
    head_repository: str = "somebody/bot"
    event: str = "pull_request"
    status: str = "completed"
    workflow: int = 77
    repository: str = ""  # of the run; "" for ours
    artifacts: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    expired: bool = False
    digest: str | None = None  # that the API says; None for the right one


class RunRoutes(Bodies):
    """What the API says of runs."""

    description: Description | None
    runs: dict[int, Run]
    pulls: list[dict[str, Any]]

    def add_pull(self, number: int, head: str, repository: str = "somebody/bot", branch: str = "feature") -> None:
        """Open a pull request."""
        self.pulls.append({"number": number, "head": head, "repository": repository, "branch": branch})

    def run_routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        return [
            (r"GET /actions/runs/(\d+)", self._run),
            (r"GET /actions/runs/(\d+)/artifacts", self._artifacts),
            (r"GET /actions/artifacts/(\d+)/zip", self._download),
        ]

    def _sample(self, path: str) -> Any:
        if self.description is None:
            return None
        return self.description.smallest("GET", f"/repos/{self.repository}{path}", 200)

    def _run(self, number: str, **_: Any) -> Reply:
        run = self.runs.get(int(number))
        if run is None:
            return missing()
        owner = run.head_repository.split("/")[0]
        body = self._sample("/actions/runs/1") or {"repository": {}, "head_repository": {}}
        body |= {
            "id": run.id,
            "workflow_id": run.workflow,
            "head_sha": run.head,
            "head_branch": run.branch,
            "event": run.event,
            "status": run.status,
            "html_url": f"https://github.example/{self.repository}/actions/runs/{run.id}",
            "repository": {**body["repository"], "full_name": run.repository or self.repository},
        }
        head = {**body["repository"], "full_name": run.head_repository}
        body["head_repository"] = {**head, "owner": {**head.get("owner", {}), "login": owner}}
        return Reply(200, body)

    def _artifacts(self, number: str, *, query: dict[str, str], **_: Any) -> Reply:
        run = self.runs[int(number)]
        entries = [
            {
                "node_id": "A",
                "url": f"{self._url('api')}/repos/{self.repository}/actions/artifacts/{artifact}",
                "created_at": None,
                "expires_at": None,
                "updated_at": None,
                "id": artifact,
                "name": name,
                "size_in_bytes": len(content),
                "expired": run.expired,
                "digest": run.digest or f"sha256:{hashlib.sha256(content).hexdigest()}",
                "archive_download_url": f"{self._url('api')}/repos/{self.repository}/actions/artifacts/{artifact}/zip",
            }
            for artifact, (name, content) in run.artifacts.items()
        ]
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        return Reply(200, {"total_count": len(entries), "artifacts": entries[(page - 1) * size : page * size]})

    def _download(self, number: str, **_: Any) -> Reply:
        if not any(int(number) in run.artifacts for run in self.runs.values()):
            return missing()
        return Reply(302, None, {"Location": f"{self._url('files')}/artifacts/{number}"})

    def artifact_file(self, path: str, headers: Mapping[str, str]) -> Reply:
        if "authorization" in headers:
            self.problems.append("the host of the artifacts was sent an Authorization header")
        number = int(path.rsplit("/", 1)[1])
        content = next(run.artifacts[number][1] for run in self.runs.values() if number in run.artifacts)
        return Reply(200, raw=content)

    def pulls_of(self, query: dict[str, str]) -> Reply:
        """Open pull requests of one branch."""
        owner, _colon, branch = query["head"].partition(":")
        one: dict[str, Any] = self._sample("/pulls") or {"head": {"repo": {}}, "base": {"repo": {}}}
        found = [
            {
                **one,
                "number": pull["number"],
                "head": {**one["head"], "sha": pull["head"], "repo": _named(one["base"]["repo"], pull["repository"])},
                "base": {**one["base"], "repo": _named(one["base"]["repo"], self.repository)},
            }
            for pull in self.pulls
            if pull["repository"].split("/")[0] == owner and pull["branch"] == branch
        ]
        return Reply(200, found)


def _named(repository: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {**(repository or {}), "full_name": name}
