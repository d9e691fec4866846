"""Runs with trust: signed release nothing that a branch without the key has put into the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rebake.archive.manifest import read_manifest, write_manifest
from rebake.archive.pack import pack, unpack
from rebake.store.keys import PrivateKey
from support.assistants import STORY, append
from support.github_api import GitHubApi
from support.github_bodies import Asset
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow

KEY = PrivateKey(b"\7" * 32)
SIGNED = {"trust": "signed", "signing-key": KEY.pem}
VERIFIED = {"trust": "signed", "verify-key": KEY.public.text}


def core_of(api: GitHubApi) -> Asset:
    [asset] = [a for a in api.assets.values() if a.name.startswith("core-") and a.name.endswith(".tar.gz")]
    return asset


def turns(archive: bytes, place: Path) -> str:
    """What the model remembers to do when."""
    (place / "some.tar.gz").write_bytes(archive)
    with unpack(place / "some.tar.gz") as directory:
        (memory,) = directory.rglob("memorized_turns.json")
        return memory.read_text(encoding="utf-8")


def with_other_answers(archive: bytes, place: Path) -> bytes:
    """A whole archive of the same part with the same fingerprint, all its digests right, that answers otherwise."""
    place.mkdir()
    (place / "core.tar.gz").write_bytes(archive)
    with unpack(place / "core.tar.gz") as directory:
        shutil.copytree(directory, place / "model")
    (memory,) = (place / "model").rglob("memorized_turns.json")
    memory.write_text(memory.read_text(encoding="utf-8").replace("utter_greet", "utter_goodbye"), encoding="utf-8")
    manifest = read_manifest(place / "model")
    assert manifest is not None
    write_manifest(manifest, place / "model")
    return pack(place / "model", place / "evil.tar.gz", seal=True).read_bytes()


@pytest.mark.long
def test_what_a_branch_trained_is_trained_again_signed_and_released(
    core_only: Project, api: GitHubApi, tmp_path: Path
) -> None:
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    core_only.commit("A story")
    assert core_only.run(core_only.pull_request(4)).outputs["trained"] == "core"
    assert not [name for name in api.asset_names(STORE) if name.endswith(".sig")]

    stale = core_only.run(core_only.push(), {**VERIFIED, "mode": "check"})
    assert (stale.code, stale.outputs["stale-parts"]) == (5, "core,nlg"), stale.log
    assert "it is in the store, but not signed" in json.dumps(stale.report["parts"])

    main = core_only.run(core_only.push(force=True), SIGNED)
    assert (main.code, main.outputs["trained"]) == (0, "core"), main.log
    signed = [name.removesuffix(".sig") for name in api.asset_names(STORE) if name.endswith(".sig")]
    assert [name.split("-")[0] for name in signed] == ["core", "nlg", "rebake.json"]
    assert KEY.pem.splitlines()[1] not in "".join(
        line for line in main.log.splitlines() if not line.startswith("::add-mask::")
    )

    core_only.git("tag", "v1.0")
    tag = core_only.run(core_only.push("refs/tags/v1.0"), VERIFIED)
    assert (tag.code, tag.outputs["result"]) == (0, "fresh"), tag.log

    whole = core_of(api).content
    evil = core_of(api).content = with_other_answers(whole, tmp_path / "evil")
    assert evil != whole
    core_only.git("tag", "v1.2")
    unprotected = core_only.run(core_only.push("refs/tags/v1.2"))
    assert unprotected.outputs["result"] == "fresh"  # trust: any, which is why there is another
    core_only.git("tag", "v1.1")
    attacked = core_only.run(core_only.push("refs/tags/v1.1"), SIGNED)
    assert (attacked.code, attacked.outputs["trained"]) == (0, "core"), attacked.log
    assert "its signature was made for other content" in json.dumps(attacked.report["parts"])
    released = {tag: turns(api.content(tag, f"bot-{tag}.tar.gz"), tmp_path) for tag in ("v1.0", "v1.1", "v1.2")}
    assert released["v1.1"] == released["v1.0"] != released["v1.2"]
    fresh = core_only.run(core_only.push("refs/heads/main", force=True), {**VERIFIED, "mode": "check"})
    assert (fresh.code, fresh.outputs["result"]) == (0, "fresh"), fresh.log


def test_a_run_that_can_only_verify_says_that_what_it_trains_stays_unsigned(core_only: Project, api: GitHubApi) -> None:
    job = core_only.run(core_only.push(), VERIFIED)
    assert (job.code, job.outputs["trained"]) == (0, "core"), job.log
    assert any("stored without a signature" in line for line in job.annotations)
    assert not [name for name in api.asset_names(STORE) if name.endswith(".sig")]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"trust": "signed"}, "there is no key to verify signatures with"),
        ({"signing-key": KEY.pem}, "The input signing-key is set, but trust is any"),
        ({"verify-key": KEY.public.text}, "The input verify-key is set, but trust is any"),
        ({"trust": "signed", "signing-key": "hunter2hunter2"}, "The input signing-key is not an Ed25519 private key"),
    ],
)
def test_keys_that_would_protect_nothing_end_the_run(
    core_only: Project, api: GitHubApi, inputs: dict[str, str], message: str
) -> None:
    job = core_only.run(core_only.push(), inputs)
    assert (job.code, job.outputs["result"]) == (64, "failed"), job.log
    assert message in job.log
    assert "hunter2" not in job.log
    assert api.releases == {}
