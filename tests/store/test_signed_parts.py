"""Signed parts: what somebody puts into the store who may write to it, and has no key, is never taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.in_toto import STATEMENT_TYPE, statement
from rebake.archive.manifest import Part
from rebake.base.files import sha256
from rebake.errors import ModelError, StorageError
from rebake.store.directory_store import DirectoryStore
from rebake.store.envelope import seal
from rebake.store.keys import PrivateKey
from rebake.store.protocol import Store, StoredPart, part_name
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.trust import ENTRY_TYPE, Trust
from support.faults import FAULTS, PASSING
from support.github_api import Fault, GitHubApi
from support.github_bodies import Asset
from support.store import A, B, archive

OURS = PrivateKey(b"\1" * 32)
OLD = PrivateKey(b"\2" * 32)
THEIRS = PrivateKey(b"\3" * 32)
HERE = "https://github.example/acme/bot"
NLU = part_name("nlu", A)


def trust(*keys: PrivateKey, signing: PrivateKey | None = None, repository: str = HERE) -> Trust:
    return Trust(repository, tuple(key.public for key in keys), signing)


SIGNING = trust(OURS, signing=OURS)


@pytest.fixture
def open_store(connect: Callable[[], Releases]) -> Callable[..., ReleaseStore]:
    def make(who: Trust | None = None) -> ReleaseStore:
        store = ReleaseStore(connect(), "store", "run")
        store.trust = who
        return store

    return make


def asset(api: GitHubApi, name: str) -> Asset:
    [found] = [asset for asset in api.assets.values() if asset.name == name]
    return found


def fetched(store: Store, part: Part, fingerprint: str, place: Path) -> bytes:
    stored = store.find(part, fingerprint)
    assert stored is not None, store.refusal(part, fingerprint)
    return store.fetch(stored, place).read_bytes()


def test_a_signed_part_is_taken_by_who_has_the_public_key_alone(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    path = archive(tmp_path, "nlu", A)
    open_store(SIGNING).publish_part("nlu", A, path)
    assert api.asset_names("store") == [NLU, f"{NLU}.sig"]
    verifying = open_store(trust(OURS))
    assert verifying.find("core", A) is None
    assert verifying.refusal("core", A) is None
    assert fetched(verifying, "nlu", A, tmp_path) == path.read_bytes()
    signed = json.loads(asset(api, f"{NLU}.sig").content)
    assert set(signed) == {"payloadType", "payload", "signatures"}
    assert "PrivateKey(" not in repr(SIGNING)
    assert repr(OURS.seed) not in repr(SIGNING)


def test_an_unsigned_part_is_not_found_and_is_replaced_by_one_that_is_signed(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    open_store().publish_part("nlu", A, archive(tmp_path, "nlu", A, "theirs.tar.gz"))
    store = open_store(SIGNING)
    assert store.find("nlu", A) is None
    assert store.refusal("nlu", A) == "it is in the store, but not signed"
    asset(api, NLU).content = b"other weights"
    path = archive(tmp_path, "nlu", A)
    store.publish_part("nlu", A, path)
    assert asset(api, NLU).content == path.read_bytes()
    assert open_store(trust(OURS)).find("nlu", A) is not None


def test_a_run_without_a_key_neither_signs_nor_replaces_what_is_signed(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    before = {name: asset(api, name).content for name in (NLU, f"{NLU}.sig")}
    for who in (None, trust(OURS)):
        other = tmp_path / "other.tar.gz"
        other.write_bytes(b"another model")
        open_store(who).publish_part("nlu", A, other, replace=who is not None)  # as with the input force
        open_store(who).publish_part("core", A, archive(tmp_path, "core", A, "core.tar.gz"))
    assert {name: asset(api, name).content for name in before} == before
    assert f"{part_name('core', A)}.sig" not in api.asset_names("store")


def test_changed_weights_under_the_right_name_are_not_taken(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    """A whole, valid archive of that part with that fingerprint, whose weights are the attacker's."""
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    asset(api, NLU).content = archive(tmp_path, "nlu", A, "theirs.tar.gz", weights=b"evil" * 2500).read_bytes()
    assert fetched(open_store(), "nlu", A, tmp_path) == asset(api, NLU).content  # trust any: that is what it is for
    store = open_store(trust(OURS))
    assert store.find("nlu", A) is None
    assert store.refusal("nlu", A) == "it is in the store, but its signature was made for other content"


@pytest.mark.parametrize("with_digests", [True, False])
def test_a_server_whose_list_says_other_digests_than_its_files_have_is_noticed(
    open_store: Callable[..., ReleaseStore],
    api: GitHubApi,
    tmp_path: Path,
    with_digests: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api.digests = with_digests
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert fetched(open_store(trust(OURS)), "nlu", A, tmp_path) == asset(api, NLU).content
    evil = archive(tmp_path, "nlu", A, "theirs.tar.gz", weights=b"evil" * 2500).read_bytes()
    store = open_store(trust(OURS))
    if not with_digests:
        asset(api, NLU).content = evil
        assert store.find("nlu", A) is None
        return
    stored = store.find("nlu", A)
    assert stored is not None
    monkeypatch.setattr(store._releases, "download", lambda _asset, path: path.write_bytes(evil), raising=True)
    with pytest.raises(ModelError, match="signature was made for other content"):
        store.fetch(stored, tmp_path)
    assert not (tmp_path / stored.name).exists()


def forged(name: str, path: Path, *, key: PrivateKey, repository: str = HERE) -> bytes:
    signature = trust(key, signing=key, repository=repository).sign(name, sha256(path))
    assert signature is not None
    return signature


def test_a_signature_does_not_count_for_another_part_fingerprint_repository_or_key(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    """Each is a real archive with a real signature, put where it does not belong."""
    path = archive(tmp_path, "nlu", A)
    core, old = part_name("core", A), part_name("nlu", B)
    there = "https://github.example/mallory/bot"
    attacks = {
        "was made for another file": [
            (core, "core", A, forged(NLU, path, key=OURS)),  # NLU in the place of Core
            (old, "nlu", B, forged(NLU, path, key=OURS)),  # that of other data
        ],
        "was made for another repository": [(NLU, "nlu", A, forged(NLU, path, key=OURS, repository=there))],
        "key that is not trusted": [
            (NLU, "nlu", A, forged(NLU, path, key=THEIRS)),
            (NLU, "nlu", A, forged(NLU, path, key=THEIRS).replace(b'"keyid":"', b'"keyid":"x')),
        ],
        "is of another kind of document": [
            (NLU, "nlu", A, seal(statement({NLU: sha256(path)}, "https://slsa.dev/provenance/v1", {}), OURS)),
            (NLU, "nlu", A, seal({"_type": "x", "predicateType": ENTRY_TYPE}, OURS)),
        ],
        "cannot be read": [(NLU, "nlu", A, content) for content in (b"", b"[]", b"{}", b"[" * 100_000, b"\xff")],
    }
    for problem, cases in attacks.items():
        for name, part, fingerprint, signature in cases:
            api.releases.clear()
            api.assets.clear()
            release = api.add_release("store")["id"]
            api.add_asset(release, name, path.read_bytes())
            api.add_asset(release, f"{name}.sig", signature)
            store = open_store(trust(OURS))
            assert store.find(part, fingerprint) is None  # type: ignore[arg-type]
            refusal = store.refusal(part, fingerprint)  # type: ignore[arg-type]
            assert refusal is not None
            assert problem in refusal


def test_a_payload_that_was_changed_after_signing_does_not_count() -> None:
    said = {"repository": HERE}
    envelope = json.loads(seal(statement({NLU: "0" * 64}, ENTRY_TYPE, said), OURS))
    other = json.loads(seal(statement({NLU: "1" * 64}, ENTRY_TYPE, said), OURS))
    mixed = json.dumps({**envelope, "payload": other["payload"]}).encode()
    with pytest.raises(Exception, match="key that is not trusted"):
        trust(OURS).require(mixed, NLU, "1" * 64)
    trust(OURS).require(json.dumps(other).encode(), NLU, "1" * 64)


def test_keys_are_rotated_by_trusting_both_for_a_while(open_store: Callable[..., ReleaseStore], tmp_path: Path) -> None:
    path = archive(tmp_path, "nlu", A)
    open_store(trust(OLD, signing=OLD)).publish_part("nlu", A, path)
    assert open_store(trust(OURS, OLD, signing=OURS)).find("nlu", A) is not None
    new_alone = open_store(SIGNING)
    assert new_alone.find("nlu", A) is None
    new_alone.publish_part("nlu", A, path)
    assert open_store(trust(OURS)).find("nlu", A) is not None
    assert open_store(trust(OLD)).find("nlu", A) is None


def test_small_files_decide_as_well_and_are_signed_too(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    """The manifest of the newest model, and evaluations that a later model is compared with."""
    release = api.add_release("store")["id"]
    archive(tmp_path, "nlu", A)
    manifest = tmp_path / "nlu-aaaa" / "rebake.json"
    api.add_asset(release, "rebake.json", manifest.read_bytes())
    api.add_asset(release, "evaluation-x", b"forged")
    for who in (trust(OURS), SIGNING):
        assert open_store(who).newest_manifest("rebake.json") is None
        assert open_store(who).read("evaluation-x") is None
    open_store(SIGNING).publish_manifest(manifest, "rebake.json")
    (tmp_path / "evaluation-x").write_bytes(b"ours")
    open_store(SIGNING).publish(tmp_path / "evaluation-x", "evaluation-x", replace=False)
    found = open_store(trust(OURS)).newest_manifest("rebake.json")
    assert found is not None
    assert found.parts["nlu"].fingerprint == A
    assert open_store(trust(OURS)).read("evaluation-x") == b"ours"
    (tmp_path / "evaluation-x").write_bytes(b"cannot be signed")
    open_store(trust(OURS)).publish(tmp_path / "evaluation-x", "evaluation-x")
    assert open_store(trust(OURS)).read("evaluation-x") == b"ours"


def test_a_directory_is_trusted_as_little_as_a_release(tmp_path: Path) -> None:
    """A back end that knows no digests without a download."""
    signing, verifying, anyone = (DirectoryStore(tmp_path / "store") for _ in range(3))
    signing.trust, verifying.trust = SIGNING, trust(OURS)
    path = archive(tmp_path, "nlu", A)
    anyone.publish_part("nlu", A, path)
    assert verifying.find("nlu", A) is None
    signing.publish_part("nlu", A, path)
    again = DirectoryStore(tmp_path / "store")
    again.trust = trust(OURS)
    assert fetched(again, "nlu", A, tmp_path) == path.read_bytes()
    (tmp_path / "store" / NLU).write_bytes(archive(tmp_path, "nlu", A, "evil.tar.gz", weights=b"evil").read_bytes())
    late = DirectoryStore(tmp_path / "store")
    late.trust = trust(OURS)
    assert late.find("nlu", A) is None
    with pytest.raises(ModelError, match="its signature was made for other content"):
        again.fetch(StoredPart("nlu", A, NLU, 1), tmp_path)


def test_signatures_are_in_the_batches_of_immutable_releases(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    api.immutable_releases = True
    store = open_store(SIGNING)
    store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    store.finish()
    assert api.asset_names("store-run") == [NLU, f"{NLU}.sig"]
    assert fetched(open_store(trust(OURS)), "nlu", A, tmp_path)


def test_a_huge_signature_is_not_downloaded(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    asset(api, f"{NLU}.sig").content = b"x" * (2 << 20)
    assert open_store(trust(OURS)).find("nlu", A) is None
    assert not any(request.startswith("files") for request in api.requests)


def test_a_signature_that_cannot_be_read_is_an_error_and_not_a_missing_one(
    open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path
) -> None:
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    api.faults = [Fault(r"GET /repos/.*/releases/assets/", 503, times=99)]
    store = open_store(trust(OURS))
    with pytest.raises(StorageError):
        store.find("nlu", A)
    assert store.refusal("nlu", A) is None


def test_the_statement_is_one_of_in_toto() -> None:
    assert statement({"a": "b"}, "c", {"d": 1}) == {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "a", "digest": {"sha256": "b"}}],
        "predicateType": "c",
        "predicate": {"d": 1},
    }


def test_a_name_is_no_reason_to_trust(open_store: Callable[..., ReleaseStore], api: GitHubApi, tmp_path: Path) -> None:
    """Who fetches a part that was not found before gets nothing either."""
    path = archive(tmp_path, "nlu", A)
    api.add_asset(api.add_release("store")["id"], NLU, path.read_bytes())
    with pytest.raises(ModelError, match="not signed"):
        open_store(trust(OURS)).fetch(StoredPart("nlu", A, NLU, path.stat().st_size), tmp_path)


STEPS = {
    "create the store": ("POST .*/releases$", 0),
    "list the store": (r"GET .*/releases/\d+/assets", 0),
    "upload the part": (r"POST .*/releases/\d+/assets", 0),
    "upload the signature": (r"POST .*/releases/\d+/assets", 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_no_failure_makes_a_part_trusted_that_was_not_signed(
    open_store: Callable[..., ReleaseStore], impatient: Releases, api: GitHubApi, tmp_path: Path, step: str, name: str
) -> None:
    """An unsigned part of somebody else is there, which ours is to take the place of."""
    pattern, skip = STEPS[step]
    path = archive(tmp_path, "nlu", A)
    for times in (1, 999):  # once, and for good
        api.releases.clear()
        api.assets.clear()
        if step != "create the store":
            api.add_asset(api.add_release("store")["id"], NLU, b"theirs")
        fault = Fault(pattern, times=times, skip=skip, **FAULTS[name])  # type: ignore[arg-type]
        api.faults = [fault]
        store = ReleaseStore(impatient, "store", "run")
        store.trust = SIGNING
        error = None
        try:
            store.publish_part("nlu", A, path)
        except StorageError as raised:
            error = raised
        assert fault.times < times, "no request was answered by the fault"
        assert error is None or times > 1 or name not in PASSING, "what passes in a moment must not end the run"
        api.faults = []
        found = open_store(trust(OURS))
        stored = found.find("nlu", A)
        if stored is not None:
            assert found.fetch(stored, tmp_path).read_bytes() == path.read_bytes()
        assert error is not None or stored is not None
        open_store(SIGNING).publish_part("nlu", A, path)
        assert fetched(open_store(trust(OURS)), "nlu", A, tmp_path) == path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_signature_that_does_not_arrive_makes_nothing_trusted(
    open_store: Callable[..., ReleaseStore], impatient: Releases, api: GitHubApi, tmp_path: Path, name: str
) -> None:
    """And a failure that passes makes no signed part a missing one."""
    open_store(SIGNING).publish_part("nlu", A, archive(tmp_path, "nlu", A))
    for times in (1, 999):
        api.faults = [Fault(r"GET /repos/.*/releases/assets/\d+", times=times, **FAULTS[name])]  # type: ignore[arg-type]
        store = ReleaseStore(impatient, "store", "run")
        store.trust = trust(OURS)
        try:
            found = store.find("nlu", A)
        except StorageError:
            assert times > 1 or name not in PASSING
        else:
            assert found is not None
            assert times == 1
