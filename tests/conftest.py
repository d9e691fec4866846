"""The tiers of the tests, and fixtures for tests against GitHub's double: releases, the store, a repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github import Auth, Github
from hypothesis import settings

from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer
from support.assistants import write_tiny
from support.github_api import GitHubApi
from support.github_job import Project
from support.github_openapi import CACHE, load_description
from support.tiers import (
    WITHOUT_TENSORFLOW,
    forbid_network,
    forbid_tensorflow,
    is_slow_module,
    remember_markers,
)

# What a test run finds depends on the code alone; --hypothesis-profile=default searches at random for what these miss.
settings.register_profile("repeatable", derandomize=True, deadline=None)  # no test is timed
settings.register_profile("fast", derandomize=True, max_examples=25, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out the tests that are slow or need TensorFlow")
    parser.addoption("--slow", action="store_true", help="run only what --fast leaves out, without the long tests")
    parser.addoption("--long", action="store_true", help="run only the long tests")


def pytest_configure(config: pytest.Config) -> None:
    # As in a training: TensorFlow takes the number once, from whatever test computes first.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ["REBAKE_CACHE_GIB"] = "0"  # no test takes what another one has trained; tests of the cache turn it on
    if config.getoption("--hypothesis-profile") is None:
        settings.load_profile("fast" if config.getoption("--fast") else "repeatable")
    if config.getoption("--fast"):
        forbid_tensorflow()
        forbid_network()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if config.getoption("--fast") and is_test and is_slow_module(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked = next((tier for tier in ("fast", "slow", "long") if config.getoption(f"--{tier}")), None)
    if asked is not None:
        is_chosen = [tier_of(item) == asked for item in items]
        config.hook.pytest_deselected(items=[item for item, chosen in zip(items, is_chosen, strict=True) if not chosen])
        items[:] = [item for item, chosen in zip(items, is_chosen, strict=True) if chosen]


def tier_of(item: pytest.Item) -> str:
    """The tier that a test is in by its markers."""
    return next((tier for tier in ("long", "slow") if item.get_closest_marker(tier) is not None), "fast")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    remember_markers(frozenset(marker.name for marker in item.iter_markers()))


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[GitHubApi]:
    """GitHub's double. The fast tier checks it against GitHub's API description only if that was fetched before."""
    api = GitHubApi()
    if CACHE.exists() or not request.config.getoption("--fast"):
        api.description = load_description()
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
def without_tensorflow() -> dict[str, str]:
    """An environment in which importing TensorFlow is an error."""
    return {"PYTHONPATH": str(WITHOUT_TENSORFLOW)}


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


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """Seconds to wait for an answer: few in a test of the fault "timeout", and enough for a busy machine in others."""
    chosen = request.node.callspec.params.values() if hasattr(request.node, "callspec") else ()
    return 0.1 if "timeout" in chosen else 10.0


@pytest.fixture
def impatient_client(api: GitHubApi, patience: float) -> Github:
    """It soon gives up waiting for an answer that does not come."""
    client = Github(
        base_url=api.url,
        auth=Auth.Token(api.token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=100,
        lazy=True,
    )
    client.requester._Requester__timeout = patience  # type: ignore[attr-defined] # the client takes whole seconds alone
    return client


@pytest.fixture
def impatient_retries() -> Retries:
    """It does not wait at all before it tries again."""
    return Retries(attempts=3, sleep=lambda _: None, clock=lambda: 1000.0)


@pytest.fixture
def impatient(api: GitHubApi, impatient_client: Github, impatient_retries: Retries, patience: float) -> Releases:
    repository = impatient_client.get_repo(api.repository)
    return Releases(repository, Transfer(api.token, timeout=(patience, patience)), impatient_retries)
