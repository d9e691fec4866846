"""Writing on GitHub's releases: two runs at once, retries, refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from github import Auth, Github

from rebake.action.pull_request import PullRequests
from rebake.errors import StorageError
from rebake.store import assets as assets_module
from rebake.store.protocol import part_name
from rebake.store.publication import Publication, publish_model
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import NewRelease, Releases
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer
from support.github_api import Fault, GitHubApi
from support.github_bodies import Reply
from support.store import A, archive

V1 = Publication("v1", NewRelease("v1"))


def test_a_release_that_another_run_creates_at_the_same_time_is_used(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    def race(request: str) -> None:
        if request.startswith("POST") and request.endswith("/releases") and api.release("store") is None:
            api.add_release("store")

    api.before = race
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert len(api.releases) == 1
    assert api.asset_names("store") == [part_name("nlu", A)]


def test_two_runs_that_replace_an_asset_at_once_leave_one(releases: Releases, api: GitHubApi, tmp_path: Path) -> None:
    release = releases.ensure("store", title="", text="")
    number = api.releases[release.id]["id"]
    api.add_asset(number, "rebake.json", b"old")
    raced: list[object] = []

    def race(request: str) -> None:
        if request.startswith("PATCH") and not raced:
            raced.append(api.add_asset(number, "rebake.json", b"theirs"))

    api.before = race
    (tmp_path / "rebake.json").write_bytes(b"ours")
    releases.put(release, tmp_path / "rebake.json", "rebake.json", "run1")
    assert api.asset_names("store") == ["rebake.json"]
    assert api.content("store", "rebake.json") == b"ours"


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault("GET .*/assets", 502), 1.0),
        (Fault("GET .*/assets", 429, headers={"Retry-After": "7"}), 7.0),
        (Fault("GET .*/assets", 403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}), 31.0),
        (Fault("GET .*/assets", 403, message="You have exceeded a secondary rate limit"), 4.0),
    ],
)
def test_what_fails_for_a_moment_is_tried_again(
    store: ReleaseStore, api: GitHubApi, waits: list[float], fault: Fault, wait: float
) -> None:
    api.add_release("store")
    api.faults = [fault]
    assert store.find("nlu", A) is None
    assert waits == [wait]


def test_a_write_that_failed_only_in_its_answer_is_not_made_twice(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    api.faults = [
        Fault("POST .*/releases$", 502, after_acting=True),
        Fault("POST .*/assets$", 504, after_acting=True),
    ]
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert len(api.releases) == len(api.assets) == 1


def test_what_fails_for_good_says_what_to_do(
    api: GitHubApi, connect: Callable[[], Releases], waits: list[float]
) -> None:
    api.add_release("store")
    api.faults = [Fault("GET .*/assets", 403, times=99, message="Resource not accessible by integration")]
    with pytest.raises(StorageError) as caught:
        ReleaseStore(connect(), "store", "x").find("nlu", A)
    assert "permissions" in (caught.value.fix or "")
    assert waits == []
    api.faults = [Fault("GET .*/assets", 429, times=99, headers={"Retry-After": "3600"})]
    with pytest.raises(StorageError, match="429") as caught:
        ReleaseStore(connect(), "store", "x").find("nlu", A)
    assert "later" in (caught.value.fix or "")
    assert waits == []
    api.faults = [Fault("GET .*/assets", 500, times=99)]
    failing = ReleaseStore(connect(), "store", "x")
    for _ in range(2):  # the second time without asking again
        with pytest.raises(StorageError, match="500"):
            failing.find("nlu", A)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_an_unreachable_api_is_reported_without_its_address(tmp_path: Path) -> None:
    client = Github(
        base_url="http://127.0.0.1:9", auth=Auth.Token("s3cret"), retry=None, lazy=True, seconds_between_requests=0
    )
    releases = Releases(client.get_repo("a/b"), Transfer("s3cret"), Retries(sleep=lambda _: None))
    with pytest.raises(StorageError, match="no connection") as caught:
        releases.find("store")
    assert "s3cret" not in str(caught.value)


def test_a_tags_release_gets_the_model_its_manifest_and_their_checksums(
    releases: Releases, api: GitHubApi, tmp_path: Path
) -> None:
    files = [(tmp_path / "m.tar.gz", "bot-v1.tar.gz"), (tmp_path / "rebake.json", "rebake.json")]
    for round_number in range(2):  # the second replaces
        for path, _ in files:
            path.write_bytes(f"{path.name} {round_number}".encode())
        published = publish_model(releases, V1, files, "SHA256SUMS", "run")
        assert published.assets["bot-v1.tar.gz"].download_url.endswith("/v1/bot-v1.tar.gz")
        assert api.asset_names("v1") == ["SHA256SUMS", "bot-v1.tar.gz", "rebake.json"]
        for line in api.content("v1", "SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(api.content("v1", name)).hexdigest() == digest
    assert len(api.releases) == 1


def test_what_two_runs_publish_on_one_tag_is_all_of_one_run(
    releases: Releases, connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path
) -> None:
    def files(run: str) -> list[tuple[Path, str]]:
        (tmp_path / run).mkdir()
        for name in ("model", "rebake.json"):
            (tmp_path / run / name).write_bytes(f"{name} of {run}".encode())
        return [(tmp_path / run / name, name) for name in ("model", "rebake.json")]

    ours, theirs, other = files("ours"), files("theirs"), connect()
    raced: list[bool] = []

    def race(request: str) -> None:
        """The other run's model comes between our manifest and our checksums."""
        if "rebake.json" in api.asset_names("v1") and not raced:
            raced.append(True)
            release = other.find("v1")
            assert release is not None
            other.put(release, *theirs[0], "theirs")

    api.before = race
    publish_model(releases, V1, ours, "SHA256SUMS", "run")
    assert raced
    assert {api.content("v1", name) for name in ("model", "rebake.json")} == {b"model of ours", b"rebake.json of ours"}


def test_a_file_that_github_would_refuse_for_its_size_is_refused_before_it_is_sent(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets_module, "MAX_ASSET", 100)
    with pytest.raises(StorageError, match="GiB; GitHub takes") as caught:
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert caught.value.fix
    assert not any("uploads" in request for request in api.requests)


def test_a_ruleset_against_the_tag_is_reported_in_githubs_words(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "pre_receive Repository rule violations found"
    refusal = Reply(422, {"message": "Validation Failed", "errors": [{"code": "custom", "message": rule}]})
    monkeypatch.setattr(api, "_create_release", lambda **_: refusal)
    api.description = None
    with pytest.raises(StorageError, match=rule) as caught:
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert "ruleset" in (caught.value.fix or "")


def test_an_api_below_a_path_is_asked_there(api: GitHubApi, tmp_path: Path) -> None:
    api.path = "/api/v3"
    client = Github(
        base_url=api.url,
        auth=Auth.Token(api.token),
        retry=None,
        lazy=True,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    repository = client.get_repo(api.repository)
    retries = Retries(sleep=lambda _: None)
    store = ReleaseStore(Releases(repository, Transfer(api.token), retries), "store", "run")
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    PullRequests(client, repository, retries).write_comment(1, "<!-- x -->")
    PullRequests(client, repository, retries).set_status("a" * 40, "success", "x", "x", "https://x")
    assert (len(api.assets), len(api.comments), len(api.statuses)) == (1, 1, 1)
