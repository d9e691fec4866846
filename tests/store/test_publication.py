"""A tag's model on the tag's release: never the wrong release, never half of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.manifest import Part
from rebake.errors import ImmutableReleaseError, StorageError
from rebake.store.protocol import part_name
from rebake.store.publication import Publication, PublishedRelease, publish_model
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import NewRelease, Releases
from support.faults import FAULTS, PASSING, REFUSED
from support.github_api import Fault, GitHubApi
from support.store import A, B, archive

V1 = Publication("v1", NewRelease("v1", commit="a" * 40))
NAMES = ["SHA256SUMS", "bot-v1.provenance.json", "bot-v1.tar.gz", "rebake.json"]
MODEL = b"the model"


@pytest.fixture
def publish(releases: Releases, tmp_path: Path) -> Callable[..., PublishedRelease]:
    (tmp_path / "m.tar.gz").write_bytes(MODEL)
    (tmp_path / "rebake.json").write_bytes(b"{}")
    files = [(tmp_path / "m.tar.gz", "bot-v1.tar.gz"), (tmp_path / "rebake.json", "rebake.json")]

    (tmp_path / "provenance").write_bytes(b"of the first run")
    attestations = [(tmp_path / "provenance", "bot-v1.provenance.json")]

    def run(publication: Publication = V1, to: Releases = releases) -> PublishedRelease:
        return publish_model(to, publication, files, "SHA256SUMS", "run", attestations)

    return run


def public_files(api: GitHubApi, tag: str = "v1") -> list[str] | None:
    """The names on the public release of the tag, each complete; None where there is no such release."""
    release = api.release(tag)
    if release is None:
        return None
    assets = [asset for asset in api.assets.values() if asset.release == release["id"]]
    assert all(asset.state == "uploaded" for asset in assets)
    lines = [line.split("  ") for line in api.content(tag, "SHA256SUMS").decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    for asset in assets:
        assert asset.name == "SHA256SUMS" or sums[asset.name] == hashlib.sha256(asset.content).hexdigest()
    return sorted(asset.name for asset in assets)


def test_nothing_is_public_before_all_of_it_is_there(publish: Callable[..., PublishedRelease], api: GitHubApi) -> None:
    states: list[bool] = []
    api.before = lambda request: states.append(api.release("v1") is not None) if "/assets" in request else None
    published = publish()
    uploads = [request for request in api.requests if request.startswith("uploads POST")]
    assert len(uploads) == 4
    assert not any(states[:8]), "the release is public while files are missing"
    assert public_files(api) == NAMES
    assert published.id == api.release("v1")["id"]  # type: ignore[index]
    assert published.url.endswith("/tag/v1")
    for name, asset in published.assets.items():
        assert asset.download_url.endswith(f"/download/v1/{name}")
        assert asset.digest == f"sha256:{hashlib.sha256(api.content('v1', name)).hexdigest()}"
    assert api.latest == "v1"


def test_a_persons_draft_is_published_as_it_is(publish: Callable[..., PublishedRelease], api: GitHubApi) -> None:
    api.page_size = 2
    for number in range(3):
        api.add_release(f"v0.{number}")
    ours = api.add_release("v1", draft=True)  # left by an earlier run
    draft = api.add_release("v1", draft=True, prerelease=True, name="Spring", body="New dishes", author="anna")
    for number in range(3):
        api.add_release(f"v0.1{number}")
    publish()
    assert public_files(api) == NAMES
    assert api.release("v1") == {**draft, "make_latest": "false"}
    assert (draft["name"], draft["body"], draft["prerelease"]) == ("Spring", "New dishes", True)
    assert api.drafts("v1") == [ours]
    assert api.latest is None


@pytest.mark.slow
def test_a_public_release_keeps_name_notes_and_flags(publish: Callable[..., PublishedRelease], api: GitHubApi) -> None:
    release = dict(api.add_release("v1", name="Spring", body="New dishes", prerelease=True))
    publish(Publication("v1", NewRelease("other", "other notes"), make_latest="true"))
    assert (public_files(api), api.release("v1"), api.latest) == (NAMES, release, None)
    before = list(api.requests)
    publish()
    assert not any(" POST " in request or " PATCH " in request for request in api.requests[len(before) :])


def test_a_draft_that_broke_off_is_continued(
    publish: Callable[..., PublishedRelease], api: GitHubApi, waits: list[float]
) -> None:
    api.faults = [Fault("POST .*/assets", 500, skip=1, times=99)]
    with pytest.raises(StorageError):
        publish()
    assert public_files(api) is None
    assert [sorted(a.name for a in api.assets.values())] == [["bot-v1.tar.gz"]]
    api.faults = []
    uploads = len([request for request in api.requests if request.startswith("uploads")])
    publish()
    assert public_files(api) == NAMES
    assert len(api.releases) == 1
    assert len([request for request in api.requests if request.startswith("uploads")]) == uploads + 3


@pytest.mark.slow
@pytest.mark.parametrize(("make_latest", "latest"), [("true", "v1"), ("legacy", "v1"), ("false", "v2")])
def test_the_release_is_made_as_asked(
    publish: Callable[..., PublishedRelease], api: GitHubApi, make_latest: str, latest: str
) -> None:
    api.latest = "v2"
    new = NewRelease("The bot", "Good news", generate_notes=True, commit="a" * 40)
    publish(Publication("v1", new, make_latest=make_latest))  # type: ignore[arg-type]
    release = api.release("v1")
    assert release is not None
    assert (release["name"], release["target"], api.latest) == ("The bot", "a" * 40, latest)
    assert release["body"] == "Good news\n## What's Changed"


@pytest.mark.slow
def test_a_draft_can_be_left_for_a_person_to_publish(publish: Callable[..., PublishedRelease], api: GitHubApi) -> None:
    published = publish(Publication("v1", NewRelease("v1"), keep_draft=True))
    assert api.release("v1") is None
    (draft,) = api.drafts("v1")
    assert published.id == draft["id"]
    assert sorted(asset.name for asset in api.assets.values()) == NAMES


@pytest.mark.slow
def test_of_two_drafts_that_are_created_at_once_one_is_used(
    publish: Callable[..., PublishedRelease], api: GitHubApi
) -> None:
    def race(request: str) -> None:
        if request.startswith("POST") and request.endswith("/releases") and not api.releases:
            api.add_release("v1", draft=True)

    api.before = race
    publish()
    assert public_files(api) == NAMES
    assert len(api.releases) == 1


@pytest.mark.slow
def test_two_runs_that_publish_one_tag_leave_one_release(
    publish: Callable[..., PublishedRelease], connect: Callable[[], Releases], api: GitHubApi
) -> None:
    raced: list[bool] = []

    def race(request: str) -> None:
        """The other run starts and ends while ours has its files on a draft that the other does not see yet."""
        if request.startswith("PATCH") and not raced:
            raced.append(True)
            (draft,) = api.drafts("v1")
            api.hidden[draft["id"]] = 2
            publish(to=connect())

    api.before = race
    publish()
    assert raced
    assert public_files(api) == NAMES
    assert len(api.releases) == 1


def test_a_public_release_gets_what_a_later_run_says_of_the_model(
    publish: Callable[..., PublishedRelease], api: GitHubApi, tmp_path: Path
) -> None:
    publish()
    (tmp_path / "provenance").write_bytes(b"of the second run")
    publish()
    assert api.content("v1", "bot-v1.provenance.json") == b"of the second run"
    assert public_files(api) == NAMES


def test_immutable_releases_get_their_files_before_they_are_published(
    publish: Callable[..., PublishedRelease], api: GitHubApi, tmp_path: Path
) -> None:
    api.immutable_releases = True
    publish()
    assert public_files(api) == NAMES
    before = api.content("v1", "SHA256SUMS")
    (tmp_path / "provenance").write_bytes(b"of the second run")
    published = publish()  # again: all of it is there, and says that it is of the first run
    assert (len(api.releases), public_files(api), api.content("v1", "SHA256SUMS")) == (1, NAMES, before)
    assert sorted(published.assets) == NAMES
    (tmp_path / "m.tar.gz").write_bytes(b"another model")
    with pytest.raises(ImmutableReleaseError):
        publish()


@pytest.mark.slow
def test_a_tag_of_an_immutable_release_that_was_deleted_is_an_error(
    publish: Callable[..., PublishedRelease], api: GitHubApi
) -> None:
    api.used_tags.add("v1")
    with pytest.raises(ImmutableReleaseError, match="tag_name was used by an immutable release") as caught:
        publish()
    assert "new tag" in (caught.value.fix or "")
    assert api.release("v1") is None


@pytest.mark.slow
def test_a_server_that_knows_no_digests_gets_the_files_too(
    publish: Callable[..., PublishedRelease], api: GitHubApi
) -> None:
    api.digests = False
    publish()
    api.assets[max(api.assets)].content = b"other"
    assert publish().assets["SHA256SUMS"].digest is None
    assert public_files(api) == NAMES


def test_an_immutable_release_without_the_files_is_an_error_that_says_how_to_release(
    publish: Callable[..., PublishedRelease], api: GitHubApi
) -> None:
    api.add_release("v1", immutable=True)
    with pytest.raises(ImmutableReleaseError, match="v1 is immutable") as caught:
        publish()
    assert "draft" in (caught.value.fix or "")
    assert "turn off" not in (caught.value.fix or "").lower()


@pytest.mark.slow
def test_the_store_of_a_repository_with_immutable_releases_is_one_release_per_run(
    connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path
) -> None:
    api.immutable_releases = True
    runs: tuple[tuple[str, Part], ...] = (("1-x", "nlu"), ("2-y", "core"))
    for run, part in runs:
        store = ReleaseStore(connect(), "store", run)
        assert store.find(part, A) is None
        store.publish_part(part, A, archive(tmp_path, part, A, f"{part}.tar.gz"))
        (tmp_path / "rebake.json").write_text(f'"{run}"', encoding="utf-8")
        store.publish_manifest(tmp_path / "rebake.json", "rebake.json")
        store.finish()
    assert api.asset_names("store-1-x") == [part_name("nlu", A), "rebake.json"]
    assert api.asset_names("store-2-y") == [part_name("core", A), "rebake.json"]
    assert all(release["prerelease"] for release in api.releases.values())
    assert api.latest is None
    later = ReleaseStore(connect(), "store", "3-z")
    for _, part in runs:
        stored = later.find(part, A)
        assert stored is not None
        later.fetch(stored, tmp_path)
    assert later.find("nlu", B) is None
    api.used_tags.add("store")
    del api.releases[api.release("store")["id"]]  # type: ignore[index] # a person tidied up
    after = ReleaseStore(connect(), "store", "4-q")
    assert after.find("nlu", A) is not None
    after.publish_part("nlu", B, archive(tmp_path, "nlu", B, "nlu-b.tar.gz"))
    after.finish()
    assert ReleaseStore(connect(), "store", "5-r").find("nlu", B) is not None


def test_what_is_listed_late_loses_nothing(
    publish: Callable[..., PublishedRelease], store: ReleaseStore, api: GitHubApi, tmp_path: Path
) -> None:
    api.lag = 3
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    store.publish_manifest(tmp_path / "nlu-aaaa" / "rebake.json", "rebake.json")
    publish()
    assert api.asset_names("store") == [part_name("nlu", A), "rebake.json"]
    assert public_files(api) == NAMES
    assert len(api.releases) == 2


def test_a_release_that_another_run_made_and_nobody_lists_yet_is_waited_for(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, waits: list[float]
) -> None:
    def race(request: str) -> None:
        if request.startswith("POST") and request.endswith("/releases") and api.release("store") is None:
            api.hidden[api.add_release("store")["id"]] = 4

    api.before = race
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert api.asset_names("store") == [part_name("nlu", A)]
    assert waits == [1.0, 2.0]


@pytest.mark.slow
def test_a_part_that_exists_and_is_not_listed_for_long_is_as_good(
    store: ReleaseStore, api: GitHubApi, tmp_path: Path, waits: list[float]
) -> None:
    asset = api.add_asset(api.add_release("store")["id"], part_name("nlu", A), b"theirs")
    api.hidden[asset.id] = 99
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert len(waits) == 4


STEPS = {  # step -> its requests, and how many of them pass first
    "look for the release": ("GET .*/releases/tags/", 0),
    "look for a draft": ("GET .*/releases$", 0),
    "create the draft": ("POST .*/releases$", 0),
    "look for a draft of another run": ("GET .*/releases$", 2),
    "list the files of the draft": (r"GET .*/releases/\d+/assets", 0),
    "upload": (r"POST .*/releases/\d+/assets", 0),
    "upload the second file": (r"POST .*/releases/\d+/assets", 1),
    "upload the provenance": (r"POST .*/releases/\d+/assets", 2),
    "compare the files": (r"GET .*/releases/\d+/assets", 4),
    "look at the draft": (r"GET .*/releases/\d+$", 0),
    "publish": (r"PATCH .*/releases/\d+$", 0),
    "compare what is public": (r"GET .*/releases/\d+/assets", 5),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_no_failure_leaves_a_public_release_without_its_files(
    publish: Callable[..., PublishedRelease], impatient: Releases, api: GitHubApi, step: str, name: str
) -> None:
    pattern, skip = STEPS[step]
    for times in (1, 999):  # once, and for good
        api.releases.clear()
        api.assets.clear()
        fault = Fault(pattern, times=times, skip=skip, **FAULTS[name])  # type: ignore[arg-type]
        api.faults = [fault]
        error = None
        try:
            publish(to=impatient)
        except StorageError as raised:
            error = raised
        assert fault.times < times, "no request was answered by the fault"
        assert public_files(api) == NAMES if error is None else public_files(api) in (None, NAMES)
        if name in REFUSED:
            assert error is not None, "a refusal was taken for a success"
            assert error.fix
        elif times == 1:
            assert error is None or name not in PASSING, "what passes in a moment must not end the run"
        else:  # a write whose answers are lost is found to have been made; a 404 says that there is no release
            is_harmless = "after acting" in name and not pattern.startswith("GET")
            assert error is not None or is_harmless or (step, name) == ("look for the release", "404")
        api.faults = []
        publish()
        assert public_files(api) == NAMES
        assert len([release for release in api.releases.values() if not release["draft"]]) == 1
