"""Fixtures of the tests against GitHub's double: its releases, the store, a repository with an assistant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github import Auth, Github

from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer
from support.assistants import write_tiny
from support.github_api import GitHubApi
from support.github_job import Project
from support.github_openapi import Description, load_description


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    api = GitHubApi()
    api.description = Description(load_description())
    with api.serving():
        yield api
    assert api.problems == []


@pytest.fixture
def project(tmp_path: Path, api: GitHubApi) -> Project:
    """A repository with a small assistant at its root."""
    project = Project(tmp_path, api)
    write_tiny(tmp_path / "tiny")
    for entry in (tmp_path / "tiny").iterdir():
        entry.rename(project.clone / entry.name)
    project.commit("An assistant")
    project.git("push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def core_only(project: Project) -> Project:
    """Without NLU data and with policies that need no network: it trains in a moment, without TensorFlow."""
    (project.clone / "data" / "nlu.yml").unlink()
    project.commit("No NLU data")
    project.git("push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def without_tensorflow(tmp_path: Path) -> dict[str, str]:
    """An environment in which importing TensorFlow is an error."""
    package = tmp_path / "poison" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('TensorFlow was imported')", encoding="utf-8")
    return {"PYTHONPATH": str(package.parent)}


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def connect(api: GitHubApi, waits: list[float]) -> Callable[[], Releases]:
    def make() -> Releases:
        client = Github(
            base_url=api.url,
            auth=Auth.Token(api.token),
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            per_page=100,
            lazy=True,
        )
        retries = Retries(sleep=waits.append, clock=lambda: 1000.0)
        return Releases(client.get_repo(api.repository), Transfer(api.token), retries)

    return make


@pytest.fixture
def releases(connect: Callable[[], Releases]) -> Releases:
    return connect()


@pytest.fixture
def store(releases: Releases) -> ReleaseStore:
    return ReleaseStore(releases, "store", "run1")
