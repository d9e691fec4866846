"""``--store`` and the cache: nothing is trained twice, across checkouts, branches and machines."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.manifest import read_manifest
from rebake.base.files import sha256
from rebake.cli.keys import given_keys
from rebake.cli.main import main
from rebake.errors import UsageError
from rebake.store.directory import newest_model
from rebake.store.keys import PrivateKey
from rebake.store.trust import Trust
from support.assistants import append, write_tiny
from support.registry import REPOSITORY, Registry

Train = Callable[..., list[str]]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for this test alone."""
    monkeypatch.setenv("REBAKE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("REBAKE_CACHE_GIB")
    return tmp_path / "cache" / "parts"


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a checkout of one and the same assistant, whose Core trains in a moment, without TensorFlow."""

    def make(name: str) -> Path:
        place = write_tiny(tmp_path / name)
        (place / "data" / "nlu.yml").unlink()
        return place

    return make


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Train:
    """Trains in a checkout, and returns which parts were really trained."""

    def run(place: Path, *options: str) -> list[str]:
        monkeypatch.chdir(place)
        assert main(["train", "--quiet", "--report", "report.json", *options]) == 0
        report = json.loads((place / "report.json").read_text(encoding="utf-8"))
        return [name for name, part in report["parts"].items() if part["origin"] == "trained"]

    return run


@pytest.mark.slow
def test_two_checkouts_branches_and_a_revert_train_each_state_once(
    checkout: Callable[[str], Path], train: Train, cache: Path
) -> None:
    one, two = checkout("one"), checkout("two")
    original = (one / "data" / "stories.yml").read_text(encoding="utf-8")
    trainings = [train(one), train(two)]
    for place in (one, two):  # a branch
        append(place / "data" / "stories.yml", STORY)
        trainings.append(train(place))
    shutil.rmtree(one / "models")
    trainings.append(train(one))
    for place in (one, two):  # back to main, in a checkout without models as well
        (place / "data" / "stories.yml").write_text(original, encoding="utf-8")
        trainings.append(train(place))
    assert trainings == [["core"], [], ["core"], [], [], [], []]
    assert len(list(cache.iterdir())) == 2


def test_the_model_from_the_cache_is_the_trained_one(
    checkout: Callable[[str], Path], train: Train, cache: Path
) -> None:
    one, two = checkout("one"), checkout("two")
    train(one)
    train(two)
    models = [newest_model(place / "models") for place in (one, two)]
    manifests = [read_manifest(model) for model in models if model is not None]
    assert len(manifests) == 2
    assert manifests[0] is not None
    assert manifests[1] is not None
    one_files, two_files = (dict(manifest.files or {}) for manifest in manifests if manifest is not None)
    for files in (one_files, two_files):
        del files["metadata.json"]  # it says when the model was made
    assert one_files == two_files != {}


def test_without_a_cache_everything_is_trained(checkout: Callable[[str], Path], train: Train, cache: Path) -> None:
    train(checkout("one"))
    assert train(checkout("two"), "--no-cache") == ["core"]
    assert train(checkout("three"), "--force") == ["core"]


def test_a_damaged_part_in_the_cache_is_trained_again_and_replaced(
    checkout: Callable[[str], Path], train: Train, cache: Path
) -> None:
    train(checkout("one"))
    [part] = cache.iterdir()
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    assert train(checkout("two")) == ["core"]
    assert train(checkout("three")) == []


def test_a_cache_that_cannot_be_used_is_a_warning(
    checkout: Callable[[str], Path], train: Train, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.parent.write_text("a file", encoding="utf-8")
    place = checkout("one")
    assert train(place) == ["core"]
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    assert any("The cache is not used" in notice["message"] for notice in report["notices"])


def test_the_cache_keeps_its_size_and_what_was_used_last(
    checkout: Callable[[str], Path], train: Train, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(checkout("one"))
    [first] = cache.iterdir()
    old = cache / f"nlu-{'a' * 64}.tar.gz"
    old.write_bytes(b"x" * first.stat().st_size)
    os.utime(old, (1, 1))
    left = cache / ".core-x.tar.gz.0123456789ab.tmp"
    left.write_bytes(b"x")
    os.utime(left, (1, 1))
    monkeypatch.setenv("REBAKE_CACHE_GIB", str(first.stat().st_size * 1.05 / 2**30))
    train(checkout("two"))
    assert [file.name for file in cache.iterdir()] == [first.name]


@pytest.mark.parametrize("size", ["-1", "much", "nan", "inf"])
def test_a_size_that_is_none_is_a_mistake_of_usage(
    checkout: Callable[[str], Path], cache: Path, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout("one"))
    monkeypatch.setenv("REBAKE_CACHE_GIB", size)
    assert main(["train", "--quiet"]) == 64


def test_a_store_gives_one_machine_what_another_has_trained(
    checkout: Callable[[str], Path], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    store = str(tmp_path / "store")
    laptop, server = checkout("laptop"), checkout("server")
    monkeypatch.chdir(server)
    assert main(["check", "--store", store]) == 5
    assert train(laptop, "--store", store) == ["core"]
    monkeypatch.chdir(server)
    capsys.readouterr()
    assert main(["check", "--store", store]) == 0
    assert f"{store} has it" in capsys.readouterr().out
    assert main(["check"]) == 5
    assert train(server, "--store", store) == []
    assert main(["check"]) == 0


@pytest.mark.slow
def test_a_registry_is_a_store_of_every_command(
    checkout: Callable[[str], Path], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with Registry().serving() as registry:
        registry.login = "Bearer"
        login = {"auths": {registry.host: {"auth": registry.basic}}}
        (tmp_path / "config.json").write_text(json.dumps(login), encoding="utf-8")
        store = f"oci://{registry.host}/{REPOSITORY}"
        assert train(checkout("laptop"), "--store", store) == ["core"]
        server = checkout("server")
        monkeypatch.chdir(server)
        assert main(["check", "--store", store]) == 0
        assert main(["pull", "--store", store]) == 0
        assert main(["check"]) == 0
        capsys.readouterr()
        assert main(["store", "list", "--store", store, "--format", "json"]) == 0
        entries = json.loads(capsys.readouterr().out)["entries"]
        assert sorted(entry["name"].partition("-")[0] for entry in entries) == ["core", "nlg"]
        assert main(["store", "verify", "--store", store]) == 0
        assert main(["store", "list", "--store", f"{store}/of-nothing"]) == 74
        assert "is empty" in capsys.readouterr().err


SIGNER, STRANGER = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)
REPOSITORY_OF_PARTS = ("--repository", "acme/bot")


def sign_all(place: Path, key: PrivateKey, repository: str = "https://github.com/acme/bot") -> None:
    """Sign what a store has, as the job of a protected branch does."""
    trust = Trust(repository, (key.public,), key)
    for entry in list(place.iterdir()):
        if not entry.name.endswith(".sig"):
            signature = trust.sign(entry.name, sha256(entry))
            assert signature is not None
            entry.with_name(f"{entry.name}.sig").write_bytes(signature)


@pytest.mark.parametrize(
    ("signed_by", "repository", "reason"),
    [
        (None, "", "it is in the store, but not signed"),
        (STRANGER, "https://github.com/acme/bot", "a key that is not trusted"),
        (SIGNER, "https://github.com/acme/other", "was made for another repository"),
    ],
)
def test_with_a_key_a_part_that_it_has_not_signed_is_passed_over_and_trained_again(
    checkout: Callable[[str], Path], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], signed_by: PrivateKey | None, repository: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    place = tmp_path / "store"
    train(checkout("stranger"), "--store", str(place))
    if signed_by is not None:
        sign_all(place, signed_by, repository)
    before = {entry.name: entry.read_bytes() for entry in place.iterdir()}
    asked = ("--store", str(place), *REPOSITORY_OF_PARTS, "--verify-key", SIGNER.public.text)
    monkeypatch.chdir(checkout("laptop"))
    capsys.readouterr()
    assert main(["check", *asked]) == 5
    assert reason in capsys.readouterr().out
    assert train(tmp_path / "laptop", *asked) == ["core"]
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert any(reason in said for said in report["parts"]["core"]["reasons"])
    assert {entry.name: entry.read_bytes() for entry in place.iterdir()} == before  # others may trust what is there


def test_with_a_key_signed_parts_count_and_models_and_parts_from_other_runs_do_not(
    checkout: Callable[[str], Path], train: Train, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    place, laptop = tmp_path / "store", checkout("laptop")
    asked = ("--store", str(place), *REPOSITORY_OF_PARTS, "--verify-key", SIGNER.public.text)
    assert train(laptop, "--store", str(place)) == ["core"]
    assert main(["check", *asked]) == 5  # the model here could be of anybody, too
    assert train(laptop, *asked) == ["core"]
    assert train(laptop, *asked) == []  # it was trained here, by a run with this key
    other = ("--verify-key", STRANGER.public.text)
    assert train(laptop, *asked[:-2], *other) == ["core"]
    sign_all(place, SIGNER)
    assert main(["check", *asked]) == 0
    assert train(checkout("fresh"), *asked, "--no-cache") == []
    [part] = place.glob("core-*.tar.gz")
    part.write_bytes(part.read_bytes()[:-1])
    assert main(["check", *asked]) == 1
    assert train(checkout("damaged"), *asked, "--no-cache") == ["core"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--verify-key is about the parts of a store. Add --store URL."),
        (("--store", "s", "--model", "models"), "--verify-key does not go with --model"),
        (("--store", "s", "--verify-key", " "), "The value of --verify-key has no key."),
        (("--store", "s", "--verify-key", "empty"), "The file empty of --verify-key has no key."),
        (("--store", "s", "--verify-key", "hunter2"), "value of --verify-key is not an Ed25519 public key"),
    ],
)
def test_a_key_that_would_protect_nothing_is_a_mistake_of_usage(
    checkout: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(checkout("one"))
    Path("empty").write_text("\n", encoding="ascii")
    for command in ("check", "train"):
        assert main([command, *REPOSITORY_OF_PARTS, "--verify-key", SIGNER.public.text, *options]) == 64
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "train"])
def test_without_a_key_the_repository_of_parts_is_a_mistake_of_usage(
    checkout: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(checkout("one"))
    assert main([command, "--store", "s", *REPOSITORY_OF_PARTS]) == 64
    assert "--repository changes nothing without --verify-key" in capsys.readouterr().err


@pytest.mark.parametrize("value", [" ", "empty"])
def test_a_value_without_a_key_does_not_turn_verification_off(
    checkout: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.chdir(checkout("one"))
    Path("empty").touch()
    for command in (["check"], ["train"], ["pull"], ["store", "verify"]):
        assert main([*command, "--store", "s", "--verify-key", value]) == 64
        assert "has no key" in capsys.readouterr().err


def test_with_a_key_no_training_continues_from_a_model_that_nobody_has_signed(
    checkout: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(checkout("one"))
    signed = ("--store", "s", *REPOSITORY_OF_PARTS, "--verify-key", SIGNER.public.text)
    for options in (["--finetune"], ["--finetune", "models"]):
        assert main(["train", *signed, *options]) == 64
        assert "--verify-key does not go with --finetune" in capsys.readouterr().err


def test_a_file_that_is_named_like_the_key_does_not_replace_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planted = tmp_path / SIGNER.public.text
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(STRANGER.public.text, encoding="ascii")
    assert given_keys([SIGNER.public.text]) == (SIGNER.public,)
    assert given_keys([f" {SIGNER.public.text}\n"]) == (SIGNER.public,)
    (tmp_path / "keys").write_text(f"{SIGNER.public.text}\n{STRANGER.public.text}\n", encoding="ascii")
    assert given_keys(["keys"]) == (SIGNER.public, STRANGER.public)
    assert given_keys([]) == ()
    (tmp_path / " ").write_text(STRANGER.public.text, encoding="ascii")
    with pytest.raises(UsageError, match="has no key"):
        given_keys([" "])


def test_what_was_trained_without_the_store_is_kept_there_later(
    checkout: Callable[[str], Path], train: Train, tmp_path: Path
) -> None:
    laptop = checkout("laptop")
    assert train(laptop) == ["core"]
    assert train(laptop, "--store", str(tmp_path / "store")) == []
    assert train(checkout("server"), "--store", str(tmp_path / "store")) == []


def test_a_part_of_the_store_that_is_damaged_is_trained_again_and_replaced(
    checkout: Callable[[str], Path], train: Train, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    train(checkout("one"), "--store", str(store))
    [part] = store.glob("core-*")
    part.write_bytes(b"nothing that anybody could use")
    assert train(checkout("two"), "--store", str(store)) == ["core"]
    assert train(checkout("three"), "--store", str(store)) == []


def test_a_store_that_cannot_be_read_ends_the_command_before_training(
    checkout: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(checkout("one"))
    (tmp_path / "store").write_text("a file", encoding="utf-8")
    for command in ("check", "train"):
        assert main([command, "--store", str(tmp_path / "store" / "below")]) == 74
        assert "Check that it is a directory" in capsys.readouterr().err
    assert not Path("models").exists()


def test_runs_side_by_side_share_the_cache(
    checkout: Callable[[str], Path], train: Train, cache: Path, tmp_path: Path
) -> None:
    """Copies of one part are written and read at once, while another run makes room."""
    from rebake.store.cache import Cache

    train(checkout("one"))
    [part] = cache.iterdir()
    fingerprint = part.name.removeprefix("core-").removesuffix(".tar.gz")
    source = tmp_path / "source.tar.gz"
    shutil.copy(part, source)
    errors: list[BaseException] = []

    def use(number: int) -> None:
        place = tmp_path / f"fetched-{number}"
        place.mkdir()
        try:
            for _ in range(20):
                mine = Cache(cache, 1 << 30)
                mine.publish_part("core", fingerprint, source, replace=True)
                stored = mine.find("core", fingerprint)
                assert stored is not None
                mine.fetch(stored, place)
                mine.finish()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [file.name for file in cache.iterdir()] == [part.name]


STORY = """\
  - story: another order
    steps:
      - intent: order
      - action: utter_ordered
      - intent: greet
      - action: utter_greet
"""
