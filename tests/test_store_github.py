"""The store on GitHub's releases: races, retries, redirects, checksums, pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github import Auth, Github

from rebake.archive.manifest import Manifest, Part, PartRecord, write_manifest
from rebake.archive.pack import pack
from rebake.errors import ModelError, StorageError
from rebake.store import github as store_module
from rebake.store.github import ReleaseStore, part_name
from rebake.store.patience import Patience
from rebake.store.releases import Releases, publish_model
from rebake.store.transfer import Transfer
from support.github_api import Fault, GitHubApi
from support.github_openapi import Description, load_description

A, B = "a" * 64, "b" * 64


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    api = GitHubApi()
    api.description = Description(load_description())
    with api.serving():
        yield api
    assert api.problems == []


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
        patience = Patience(sleep=waits.append, clock=lambda: 1000.0)
        return Releases(client.get_repo(api.repository), Transfer(api.token), patience)

    return make


@pytest.fixture
def releases(connect: Callable[[], Releases]) -> Releases:
    return connect()


@pytest.fixture
def store(releases: Releases) -> ReleaseStore:
    return ReleaseStore(releases, "store", "run1")


def archive(place: Path, part: Part, fingerprint: str, name: str = "model.tar.gz") -> Path:
    directory = place / f"{part}-{fingerprint[:4]}"
    directory.mkdir(exist_ok=True)
    write_manifest(Manifest({part: PartRecord(fingerprint)}, tool_version="1"), directory)
    (directory / "weights").write_bytes(b"\0\1" * 5000)
    return pack(directory, place / name)


def test_a_published_part_is_found_by_another_run(
    store: ReleaseStore, connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path
) -> None:
    assert store.find("nlu", A) is None
    path = archive(tmp_path, "nlu", A)
    store.publish_part("nlu", A, path)
    release = api.release("store")
    assert release is not None
    assert (release["prerelease"], release["make_latest"]) == (True, "false")

    other = ReleaseStore(connect(), "store", "run2")
    found = other.find("nlu", A)
    assert found is not None
    assert other.find("core", A) is None
    assert other.fetch(found, tmp_path).read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".tmp")] == []


def test_the_newest_manifest_is_replaced(store: ReleaseStore, connect: Callable[[], Releases], tmp_path: Path) -> None:
    assert store.newest_manifest("rebake.json") is None
    for fingerprint in (A, B, B):
        file = write_manifest(Manifest({"nlu": PartRecord(fingerprint)}), tmp_path)
        store.publish_manifest(file, "rebake.json")
        newest = ReleaseStore(connect(), "store", "x").newest_manifest("rebake.json")
        assert newest is not None
        assert newest.parts["nlu"].fingerprint == fingerprint


def test_a_part_that_another_run_uploads_at_the_same_time_is_as_good(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    assert store.find("nlu", A) is None
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", A), b"theirs")
    assert store.publish_part("nlu", A, archive(tmp_path, "nlu", A)).endswith(part_name("nlu", A))
    assert api.content("store", part_name("nlu", A)) == b"theirs"


def test_what_an_aborted_upload_left_behind_is_replaced(store: ReleaseStore, api: GitHubApi, tmp_path: Path) -> None:
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", A), b"", state="open")
    assert store.find("nlu", A) is None
    path = archive(tmp_path, "nlu", A)
    store.publish_part("nlu", A, path)
    assert api.content("store", part_name("nlu", A)) == path.read_bytes()


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
    release = releases.ensure("store", title="", text="", prerelease=True, make_latest=False)
    number = api.releases[release.id]["id"]
    api.add_asset(number, "rebake.json", b"old")
    raced: list[object] = []

    def race(request: str) -> None:
        if request.startswith("PATCH") and not raced:
            raced.append(api.add_asset(number, "rebake.json", b"theirs"))

    api.before = race
    (tmp_path / "rebake.json").write_bytes(b"ours")
    releases.replace(release, tmp_path / "rebake.json", "rebake.json", "run1")
    assert api.asset_names("store") == ["rebake.json"]
    assert api.content("store", "rebake.json") == b"ours"


def test_the_token_is_not_sent_to_where_the_api_redirects(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    found = ReleaseStore(store._releases, "store", "x")
    stored = found.find("nlu", A)
    assert stored is not None
    found.fetch(stored, tmp_path)
    assert any(request.startswith("files GET") for request in api.requests)
    assert api.problems == []


def test_a_part_that_is_not_what_its_name_says_is_refused(store: ReleaseStore, api: GitHubApi, tmp_path: Path) -> None:
    release = api.add_release("store")
    api.add_asset(release["id"], part_name("nlu", B), archive(tmp_path, "nlu", A).read_bytes())
    api.add_asset(release["id"], part_name("core", B), archive(tmp_path, "nlu", B, "other.tar.gz").read_bytes())
    for part in ("nlu", "core"):
        stored = store.find(part, B)
        assert stored is not None
        with pytest.raises(ModelError, match="does not hold what its name says"):
            store.fetch(stored, tmp_path)
        assert not (tmp_path / stored.name).exists()


def test_bytes_that_differ_from_the_announced_digest_are_refused(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, waits: list[float]
) -> None:
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    fresh = ReleaseStore(store._releases, "store", "x")
    stored = fresh.find("nlu", A)
    assert stored is not None
    asset = next(iter(api.assets.values()))
    asset.content = asset.content[:-1] + bytes([asset.content[-1] ^ 1])
    with pytest.raises(StorageError, match="SHA-256"):
        fresh.fetch(stored, tmp_path)
    assert len(waits) == 4
    assert not (tmp_path / stored.name).exists()


def test_a_list_of_many_pages_is_read_to_its_end(store: ReleaseStore, api: GitHubApi) -> None:
    api.page_size = 7
    release = api.add_release("store")
    for number in range(30):
        api.add_asset(release["id"], part_name("nlu", f"{number:064x}"), b"x")
    assert store.find("nlu", f"{29:064x}") is not None
    assert sum("/assets" in request for request in api.requests) == 5


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


def test_an_unreachable_api_is_told_without_its_address(tmp_path: Path) -> None:
    client = Github(base_url="http://127.0.0.1:9", auth=Auth.Token("s3cret"), retry=None, lazy=True)
    releases = Releases(client.get_repo("a/b"), Transfer("s3cret"), Patience(sleep=lambda _: None))
    with pytest.raises(StorageError, match="no connection") as caught:
        releases.find("store")
    assert "s3cret" not in str(caught.value)


def test_before_the_release_is_full_the_oldest_parts_go_but_none_in_use(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PRUNE_AT", 6)
    monkeypatch.setattr(store_module, "PRUNE_TO", 4)
    release = api.add_release("store")
    names = [part_name("nlu", f"{number:064x}") for number in range(5)]
    for name in (*names, "rebake.json"):
        api.add_asset(release["id"], name, b"x")
    assert store.find("nlu", f"{0:064x}") is not None
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert api.asset_names("store") == sorted([names[0], names[3], names[4], "rebake.json", part_name("nlu", A)])


def test_a_tags_release_gets_the_model_its_manifest_and_their_checksums(
    releases: Releases, api: GitHubApi, tmp_path: Path
) -> None:
    files = [(tmp_path / "m.tar.gz", "bot-v1.tar.gz"), (tmp_path / "rebake.json", "rebake.json")]
    for round_number in range(2):  # the second replaces
        for path, _ in files:
            path.write_bytes(f"{path.name} {round_number}".encode())
        urls = publish_model(releases, "v1", files, "SHA256SUMS", "run")
        assert urls["bot-v1.tar.gz"].endswith("/v1/bot-v1.tar.gz")
        assert api.asset_names("v1") == ["SHA256SUMS", "bot-v1.tar.gz", "rebake.json"]
        for line in api.content("v1", "SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(api.content("v1", name)).hexdigest() == digest
    assert len(api.releases) == 1
