"""Runs record what they use, and those of the default branch remove what nobody uses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rebake.action.event import Event
from rebake.action.housekeeping import prune
from rebake.action.settings import Settings
from rebake.store.protocol import part_name
from rebake.store.uses import Use, token_of
from support.assistants import STORY, append
from support.github_api import Fault, GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow

OLD = part_name("nlu", "f" * 64)
MONTH = {"retention-days": "30"}


def uses(api: GitHubApi) -> list[Use]:
    return [use for name in api.asset_names(STORE) if (use := Use.parse(name)) is not None]


def grow_old(api: GitHubApi) -> None:
    for asset in api.assets.values():
        asset.created = "2020-01-01T00:00:00Z"


@pytest.mark.long
def test_what_nobody_uses_goes_and_what_a_pull_request_or_model_uses_stays(core_only: Project, api: GitHubApi) -> None:
    assert core_only.run(core_only.push()).outputs["trained"] == "core"
    of_main = {name for name in api.asset_names(STORE) if token_of(name)}
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    core_only.commit("A story")
    api.open_pulls = {4}
    assert core_only.run(core_only.pull_request(4), MONTH).outputs["trained"] == "core"
    of_change = {name for name in api.asset_names(STORE) if token_of(name)} - of_main
    [use] = [use for use in uses(api) if use.kind == "pull"]
    assert {token_of(name) for name in of_change} <= use.tokens

    release = api.release(STORE)
    assert release is not None
    api.add_asset(release["id"], OLD, b"of nobody")
    grow_old(api)
    core_only.git("checkout", "--quiet", "main")
    core_only.commit("Nothing")
    pruned = core_only.run(core_only.push(), MONTH)
    assert (pruned.code, pruned.outputs["result"]) == (0, "fresh"), pruned.log
    assert {name for name in api.asset_names(STORE) if token_of(name)} == of_main | of_change
    assert f"Removed from the store: {OLD}" in pruned.log

    assert "pull-4.tar.gz" in api.asset_names(STORE)
    grow_old(api)
    api.open_pulls = set()
    core_only.commit("Nothing again")
    assert core_only.run(core_only.push(), MONTH).code == 0
    assert {name for name in api.asset_names(STORE) if token_of(name)} == of_main
    assert [use.kind for use in uses(api)] == ["branch"]
    assert "pull-4.tar.gz" not in api.asset_names(STORE)


def test_neither_recording_nor_pruning_fails_a_run(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    release = api.release(STORE)
    assert release is not None
    api.add_asset(release["id"], OLD, b"of nobody")
    grow_old(api)
    core_only.commit("Nothing")
    api.faults = [
        Fault("POST .*/assets", 403, message="Resource not accessible by integration"),  # the record comes first
        Fault("GET .*/pulls", 410, times=99, message="Gone"),
    ]
    job = core_only.run(core_only.push(), MONTH)
    assert (job.code, job.outputs["result"]) == (0, "fresh"), job.log
    assert "What this run uses could not be recorded" in job.log
    assert any("The store could not be pruned" in line for line in job.annotations)
    assert OLD in api.asset_names(STORE)


def test_nothing_is_pruned_unless_asked_for_nor_where_releases_are_immutable(
    core_only: Project, api: GitHubApi
) -> None:
    core_only.run(core_only.push())
    release = api.release(STORE)
    assert release is not None
    api.add_asset(release["id"], OLD, b"of nobody")
    grow_old(api)
    core_only.commit("Nothing")
    core_only.run(core_only.push())
    assert OLD in api.asset_names(STORE)
    release["immutable"] = True
    core_only.commit("Nothing again")
    job = core_only.run(core_only.push(), MONTH)
    assert (job.code, OLD in api.asset_names(STORE)) == (0, True), job.log
    assert any("releases of this repository are immutable" in line for line in job.annotations)


@pytest.mark.parametrize(("store", "is_other"), [("github://acme/other", True), ("github://Acme/Bot#parts", False)])
def test_the_store_of_another_repository_is_not_pruned(store: str, is_other: bool, tmp_path: Path) -> None:
    given = {"token": "t", "store": store, "retention-days": "30"}
    settings = Settings.read(lambda name: given.get(name, ""))
    event = Event("push", {}, "acme/bot", "a" * 40, "refs/heads/main", "https://a", "https://s", "1", tmp_path)
    services: Any = SimpleNamespace(store=SimpleNamespace(refuses_deletion="it is asked"))
    [notice] = prune(services, event, settings, 30)
    assert ("another repository" in notice.message) == is_other
    assert ("it is asked" in notice.message) != is_other
