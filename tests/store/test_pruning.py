"""Pruning: what goes, and above all what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.archive.manifest import Manifest, Part, PartRecord, format_manifest
from rebake.errors import StorageError
from rebake.store.github_uses import GitHubUses, find_spare, remove
from rebake.store.names import temporary_name
from rebake.store.protocol import StoredFile, part_name
from rebake.store.pruning import InUse, last_uses, spare_entries
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.uses import Use, record_use, token_of
from support.faults import FAULTS, PASSING
from support.github_api import Fault, GitHubApi

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MONTH_AGO = NOW - timedelta(days=30)


def part(number: int, kind: Part = "nlu") -> str:
    return part_name(kind, f"{number:x}".rjust(16, "0") + "0" * 48)


def manifest(*numbers: int) -> bytes:
    """Of a model whose parts are these: NLU, Core, responses."""
    kinds: tuple[Part, ...] = ("nlu", "core", "nlg")
    parts = {kind: PartRecord(part(n, kind).split("-")[1][:64]) for kind, n in zip(kinds, numbers, strict=False)}
    return format_manifest(Manifest(parts, tool_version="1")).encode()


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def entries(**ages: float) -> dict[str, StoredFile]:
    return {name: StoredFile(name, 1, days_ago(days)) for name, days in ages.items()}


class Repository:
    """A store with entries of given ages on the double."""

    def __init__(self, api: GitHubApi, connect: Callable[[], Releases]) -> None:
        self.api = api
        self.connect = connect
        self.number = api.add_release("store")["id"]

    def add(self, name: str, days: float = 100, content: bytes = b"x", release: int | None = None) -> None:
        asset = self.api.add_asset(self.number if release is None else release, name, content)
        asset.created = days_ago(days).strftime("%Y-%m-%dT%H:%M:%SZ")

    def use(self, use: Use, days: float = 100) -> str:
        self.add(use.name, days)
        return use.name

    def prune(self, releases: Releases | None = None) -> list[str]:
        """Prune as a run does; the names of what went."""
        releases = releases or self.connect()
        store = ReleaseStore(releases, "store", "run")
        before = set(self.names)
        remove(store, find_spare(store, GitHubUses(store, releases, "store", NOW), NOW, MONTH_AGO))
        return sorted(before - set(self.names))

    @property
    def names(self) -> list[str]:
        return self.api.asset_names("store")


@pytest.fixture
def repository(api: GitHubApi, connect: Callable[[], Releases]) -> Repository:
    return Repository(api, connect)


def test_a_signature_is_as_old_as_what_it_belongs_to() -> None:
    old = {name: StoredFile(name, 1, days_ago(days)) for name, days in ((part(1), 1), (f"{part(1)}.sig", 99))}
    assert spare_entries(old, InUse(), NOW, MONTH_AGO) == []


def test_what_was_used_by_nobody_for_long_goes_with_its_signature(repository: Repository) -> None:
    for name in (
        part(1),
        f"{part(1)}.sig",
        f"{part(9)}.sig",
        "upload-12-0a1b2c3d-rebake.json",
        "evaluation-" + "0" * 64 + ".json.gz",
    ):
        repository.add(name)
    for name in (part(2), f"{part(2)}.sig", part(3, "core")):
        repository.add(name, days=20)
    for name in ("README.md", "rebake.json.sig", "something.tar.gz", "upload-photos.zip"):  # nothing of ours
        repository.add(name, days=900)
    kept = {part(2), f"{part(2)}.sig", part(3, "core"), "README.md", "rebake.json.sig", "something.tar.gz"}
    kept.add("upload-photos.zip")
    assert set(repository.prune()) == {
        part(1),
        f"{part(1)}.sig",
        f"{part(9)}.sig",
        "upload-12-0a1b2c3d-rebake.json",
        "evaluation-" + "0" * 64 + ".json.gz",
    }
    assert set(repository.names) == kept


def test_the_model_of_a_pull_request_goes_with_its_signature_once_the_pull_request_is_closed() -> None:
    names = ("pull-4.tar.gz", "pull-4.tar.gz.sig", "pull-5-bots-pizza.tar.gz", "pull-6.tar.gz.sig", "pull-7.tar.gz")
    there = {name: StoredFile(name, 1, days_ago(10 if name == "pull-7.tar.gz" else 99)) for name in names}
    opened = Use.of("pull", "5", "rebake-bots-pizza.json", [part(1)]).name
    there[opened] = StoredFile(opened, 1, days_ago(99))
    in_use = InUse(users=frozenset({opened}))
    spare = spare_entries(there, in_use, NOW, MONTH_AGO, has_addresses=True)
    assert {each.file.name: each.others for each in spare} == {
        "pull-4.tar.gz": ("pull-4.tar.gz.sig",),
        "pull-6.tar.gz.sig": (),
    }


RECORD = Use.of("pull", "5", "rebake.json", [part(1)]).name


@pytest.mark.parametrize("run", ["12-0a1b2c3d", "cli-77", "268fe9932d91b96c"])
@pytest.mark.parametrize(
    "name",
    ["rebake.json", "rebake-bots-_c3_a9.json", "history.json", "pull-4-bots.tar.gz", part(1), f"{part(1)}.sig", RECORD],
)
def test_what_an_interrupted_replacement_left_goes(run: str, name: str) -> None:
    left = temporary_name(run, name)
    there = {left: StoredFile(left, 1, days_ago(99))}
    assert [each.file.name for each in spare_entries(there, InUse(), NOW, MONTH_AGO, has_addresses=True)] == [left]


@pytest.mark.parametrize(
    ("name", "is_ours_in_releases"),
    [
        ("upload-2024-photos.zip", False),
        ("upload-12-0a1b2c3d-photos.zip", False),
        ("upload-report-rebake.json", False),
        ("pull-12-notes.draft.tar.gz", False),
        ("pull-4.tar.gz", True),
        ("pull-4.tar.gz.sig", True),
        ("upload-12-0a1b2c3d-rebake.json", True),
    ],
)
def test_a_file_of_somebody_else_stays(name: str, is_ours_in_releases: bool) -> None:
    there = {name: StoredFile(name, 1, days_ago(900))}
    assert spare_entries(there, InUse(), NOW, MONTH_AGO) == [], "a bucket or a directory has no such files of ours"
    assert bool(spare_entries(there, InUse(), NOW, MONTH_AGO, has_addresses=True)) == is_ours_in_releases


def test_the_parts_of_the_newest_model_of_every_assistant_stay(repository: Repository) -> None:
    for number in range(4):
        repository.add(part(number))
    repository.add(part(1, "core"))
    repository.add("rebake.json", content=manifest(1, 1))
    repository.add("rebake-bots-pizza.json", content=manifest(2))
    assert repository.prune() == [part(0), part(3)]


def test_the_parts_of_an_open_pull_request_stay_until_it_is_closed(repository: Repository) -> None:
    for number in range(3):
        repository.add(part(number))
    uses = [repository.use(Use.of("pull", str(number), "rebake.json", [part(number)])) for number in (1, 2)]
    repository.api.open_pulls = {1}
    assert repository.prune() == sorted([part(0), part(2), uses[1]])
    repository.api.open_pulls = set()
    assert repository.prune() == sorted([part(1), uses[0]])


def test_where_pull_requests_cannot_be_listed_all_count_as_open(repository: Repository) -> None:
    repository.add(part(1))
    repository.use(Use.of("pull", "1", "rebake.json", [part(1)]))
    repository.api.denied = {"pull_requests=read"}
    assert repository.prune() == []


def test_the_parts_of_a_release_stay_as_long_as_it_does(repository: Repository) -> None:
    for number in range(4):
        repository.add(part(number))
    api = repository.api
    recorded, old, draft = (api.add_release(tag, draft=tag == "v3") for tag in ("v1", "v2", "v3"))
    repository.use(Use.of("tag", "v1", "rebake.json", [part(1)]))
    for release, number in ((recorded, 1), (old, 2), (draft, 3)):
        repository.add("rebake.json", content=manifest(number), release=release["id"])
    assert repository.prune() == [part(0)]
    downloads = sum(request.startswith("files") for request in api.requests)
    assert downloads == 2, "a release that is recorded is not read"
    repository.add(part(0))
    repository.prune()
    assert sum(request.startswith("files") for request in api.requests) == downloads, "nor one that was read before"
    del api.releases[recorded["id"]]
    assert part(1) in repository.prune()


def test_a_part_that_a_branch_found_lately_is_not_old(repository: Repository) -> None:
    for number in range(2):
        repository.add(part(number), days=900)
    repository.use(Use.of("branch", "feature", "rebake.json", [part(1)]), days=20)
    assert repository.prune() == [part(0)]


def test_nothing_goes_where_a_manifest_cannot_be_read(repository: Repository) -> None:
    repository.add(part(0))
    repository.add("rebake-pizza.json", content=b"{")
    with pytest.raises(StorageError, match=r"What rebake-pizza.json uses is not known"):
        repository.prune()
    assert part(0) in repository.names


def test_what_another_run_finds_during_the_pruning_stays(repository: Repository) -> None:
    """It records what it found before it downloads that."""
    for number in range(2):
        repository.add(part(number))
    api = repository.api
    raced: list[bool] = []

    def race(request: str) -> None:
        if "/pulls" in request and not raced:
            raced.append(True)
            repository.use(Use.of("branch", "feature", "rebake.json", [part(0)]), days=0)

    api.before = race
    assert repository.prune() == [part(1)]
    assert raced


def test_without_anything_old_github_is_not_asked(repository: Repository) -> None:
    repository.add(part(1), days=2)
    repository.add("rebake.json", content=manifest(1))
    assert repository.prune() == []
    assert not any(text in request for request in repository.api.requests for text in ("/pulls", "files"))


STEPS = {
    "read a manifest": (r"GET .*/releases/assets/\d+", 0),
    "list the releases": ("GET .*/releases$", 0),
    "list the pull requests": ("GET .*/pulls", 0),
    "record what a release uses": (r"POST .*/releases/\d+/assets", 0),
    "list the entries again": (r"GET .*/releases/\d+/assets", 2),
    "delete": (r"DELETE .*/releases/assets/\d+", 0),
    "delete the signature": (r"DELETE .*/releases/assets/\d+", 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_no_failure_removes_what_is_in_use(
    repository: Repository, impatient: Releases, api: GitHubApi, step: str, name: str
) -> None:
    pattern, skip = STEPS[step]
    for times in (1, 999):  # once, and for good
        api.releases.clear()
        api.assets.clear()
        api.open_pulls = {7}
        repository.number = api.add_release("store")["id"]
        for number in range(4):
            repository.add(part(number))
        repository.add(f"{part(0)}.sig")
        repository.add("rebake.json", content=manifest(1))
        repository.add("rebake.json", content=manifest(2), release=api.add_release("v1")["id"])
        repository.use(Use.of("pull", "7", "rebake.json", [part(3)]))
        fault = Fault(pattern, times=times, skip=skip, **FAULTS[name])  # type: ignore[arg-type]
        api.faults = [fault]
        error = None
        try:
            repository.prune(impatient)
        except StorageError as raised:
            error = raised
        assert fault.times < times, "no request was answered by the fault"
        assert {part(1), part(2), part(3), "rebake.json"} <= set(repository.names)
        if times == 1 and name in PASSING:
            assert error is None, "what passes in a moment must not end the pruning"
        api.faults = []
        repository.prune()
        assert part(0) not in repository.names
        assert f"{part(0)}.sig" not in repository.names


# What decides, without a network


HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.builds(part_name, st.sampled_from(["nlu", "core", "nlg"]), HEX)
TEXTS = st.text(max_size=300)


@given(TEXTS, TEXTS, st.lists(NAMES, max_size=20), st.sampled_from(["tag", "branch"]))
def test_a_record_is_read_back_from_its_name_whatever_refs_are_called(
    ref: str, manifest_name: str, names: list[str], kind: str
) -> None:
    use = Use.of(kind, ref, manifest_name, names)  # type: ignore[arg-type]
    assert Use.parse(use.name) == use
    assert len(use.name) <= 255
    assert use.name.replace("-", "").replace(".", "").isalnum()
    assert token_of(use.name) is None
    assert use.tokens <= {token_of(name) for name in names}


@pytest.mark.parametrize(
    "name",
    [
        "use-pull-x-00000000.json",
        "use-pull-1a-00000000.json",
        "use-tag-12-00000000.json",
        "use-pull-1-00000000.x0000000000000000.json",
        "use-pull-1-00000000.n00.json",
        "use-pull-" + "9" * 400 + "-00000000.json",
        "rebake.json",
    ],
)
def test_what_is_no_record_is_read_as_none(name: str) -> None:
    assert Use.parse(name) is None


@given(
    st.dictionaries(st.integers(0, 5), st.integers(0, 200), max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 200)), max_size=6),
    st.sets(st.integers(0, 5)),
)
def test_what_can_go_is_old_and_in_use_by_nothing(
    ages: dict[int, int], used: list[tuple[int, int]], protected: set[int]
) -> None:
    there = {part(number): StoredFile(part(number), 1, days_ago(days)) for number, days in ages.items()}
    for index, (number, days) in enumerate(used):
        name = Use.of("branch", str(index), "rebake.json", [part(number)]).name
        there[name] = StoredFile(name, 1, days_ago(days))
    in_use = InUse(frozenset(filter(None, (token_of(part(number)) for number in protected))))
    gone = {spare.file.name for spare in spare_entries(there, in_use, NOW, MONTH_AGO)}
    for number, days in ages.items():
        youngest = min([days, *(age for other, age in used if other == number)])
        assert (part(number) in gone) == (youngest > 30 and number not in protected)
        assert last_uses(there)[part(number)] == days_ago(youngest)


def test_a_record_is_written_when_it_is_new_or_a_day_old_and_replaces_the_one_before(
    repository: Repository, tmp_path: Path
) -> None:
    repository.add(part(1))
    releases = repository.connect()

    def record(number: int, now: datetime) -> list[str]:
        store = ReleaseStore(releases, "store", "run")
        use = Use.of("pull", "3", "rebake.json", [part(number)])
        before = len(repository.api.requests)
        record_use(store, use, {"ref": "refs/pull/3/merge"}, tmp_path, now)
        return [request for request in repository.api.requests[before:] if not request.startswith("api GET")]

    now = datetime.now(UTC)
    assert len(record(1, now)) == 1
    assert record(1, now) == []
    assert len(record(1, now + timedelta(days=2))) > 0
    assert len(record(2, now)) == 2  # the new one, and the old one goes
    [name] = [name for name in repository.names if name.startswith("use-")]
    assert name == Use.of("pull", "3", "rebake.json", [part(2)]).name
    written = json.loads(repository.api.content("store", name))
    assert (written["ref"], written["uses"]) == ("refs/pull/3/merge", [token_of(part(2))])
