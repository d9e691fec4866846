"""``rebake pull``: what CI has trained comes to a laptop, and nothing is trained there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.in_toto import statement
from rebake.archive.manifest import read_manifest
from rebake.base.files import sha256
from rebake.cli.main import main
from rebake.store.envelope import seal
from rebake.store.keys import PrivateKey
from rebake.store.names import model_name
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.trust import Trust
from support.assistants import STORY, append, write_tiny
from support.git import Repository
from support.github_api import GitHubApi
from support.github_job import Project
from support.store import A, archive

OURS = PrivateKey(b"\1" * 32)
THEIRS = PrivateKey(b"\2" * 32)
HERE = "https://github.com/acme/bot"

Pull = Callable[..., str]


@pytest.fixture(autouse=True)
def person(api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a person who has a token."""
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.setenv("GITHUB_TOKEN", api.token)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone with two commits of an assistant whose Core trains in a moment, without TensorFlow."""
    repository = Repository(tmp_path)
    repository.git("remote", "set-url", "origin", "git@github.com:acme/bot.git")
    write_tiny(repository.clone / "bot")
    (repository.clone / "bot" / "data" / "nlu.yml").unlink()
    repository.commit({".gitignore": "models/\n"}, "one")
    append(repository.clone / "bot" / "data" / "stories.yml", STORY)
    repository.commit({}, "two")
    monkeypatch.chdir(repository.clone / "bot")
    return repository


@pytest.fixture
def store(clone: Repository, tmp_path: Path) -> Path:
    """A directory with what CI has trained for the older of the commits."""
    place = tmp_path / "store"
    clone.git("checkout", "-q", "HEAD~1")
    assert main(["train", "--quiet", "--out", str(tmp_path / "ci"), "--store", str(place)]) == 0
    clone.git("checkout", "-q", "main")
    return place


@pytest.fixture
def pull(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Pull:
    """Runs the command; returns what it prints, or with another exit code its messages."""

    def train(*_: object, **__: object) -> None:
        raise AssertionError("a pull trains nothing")

    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        with monkeypatch.context() as patched:
            patched.setattr("rebake.build.job.train_policies", train)
            patched.setattr("rebake.build.job.train_pipeline", train)
            assert main(["pull", *arguments]) == code
        printed = capsys.readouterr()
        assert code == 0 or printed.out == ""
        return printed.out if code == 0 else printed.err

    return run


# Commits, from a store


def test_a_commit_has_its_model_from_the_store_without_a_checkout(
    clone: Repository, store: Path, pull: Pull, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Path(pull("HEAD~1", "--store", str(store)).rstrip("\n"))
    assert model.parent == Path("models")
    [of_ci] = (tmp_path / "ci").iterdir()
    ours, theirs = read_manifest(model), read_manifest(of_ci)
    assert ours is not None
    assert theirs is not None
    assert {part: record.key for part, record in ours.parts.items()} == {
        part: record.key for part, record in theirs.parts.items()
    }
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("symbolic-ref", "--short", "HEAD") == "main"
    assert main(["check", "--quiet"]) == 1  # the working directory has a story more
    clone.git("checkout", "-q", "HEAD~1")
    assert main(["check", "--quiet"]) == 0


def test_the_working_directory_is_pulled_by_default_and_only_once(
    clone: Repository, store: Path, pull: Pull, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.git("checkout", "-q", "HEAD~1")
    first = json.loads(pull("--store", str(store), "--format", "json"))
    assert (first["written"], first["tag"], first["commit"]) == (True, None, None)
    shutil.rmtree(store)  # what is here already is asked of nobody
    assert json.loads(pull("--store", str(store), "--format", "json")) == {**first, "written": False}
    assert [str(path) for path in Path("models").iterdir()] == [first["model"]]


def test_a_part_that_the_store_lacks_is_named_and_nothing_is_trained_or_written(
    clone: Repository, store: Path, pull: Pull
) -> None:
    for ref in (None, "main", clone.git("rev-parse", "HEAD")):
        said = pull(*([] if ref is None else [ref]), "--store", str(store), code=74)
        assert f"{store} does not have Core of {ref or 'the working directory'}. Let CI train it" in said
    assert not Path("models").exists()


def test_a_damaged_part_is_not_taken(clone: Repository, store: Path, pull: Pull) -> None:
    [part] = store.glob("core-*")
    part.write_bytes(part.read_bytes()[:-100])
    said = pull("HEAD~1", "--store", str(store), code=65)
    assert part.name in said
    assert not Path("models").exists()


def test_a_relative_store_and_other_files_are_those_of_the_working_directory_and_the_commit(
    clone: Repository, store: Path, pull: Pull
) -> None:
    relative = os.path.relpath(store)
    os.chdir(clone.clone)
    arguments = ("-c", "bot/config.yml", "-d", "bot/domain.yml", "--data", "bot/data", "--out", "bot/models")
    model = Path(pull("HEAD~1", *arguments, "--store", os.path.relpath(store)).rstrip("\n"))
    assert model.parent == Path("bot/models")
    os.chdir("bot")
    assert pull("HEAD~1", "--store", relative).rstrip("\n") == str(Path("models", model.name))
    assert "is not in the work tree" in pull("HEAD~1", "-c", "/etc/config.yml", "--store", relative, code=64)


def test_a_commit_that_names_files_outside_of_it_is_refused(clone: Repository, store: Path, pull: Pull) -> None:
    secret = clone.place / "secret.yml"
    secret.write_text("language: en\n", encoding="utf-8")
    clone.commit({"bot/config.yml": f"importers:\n- name: MultiProjectImporter\nimports:\n- {secret}\n"})
    said = pull("HEAD", "--store", str(store), code=65)
    assert "The assistant at HEAD cannot be read." in said
    assert "config.yml:4: The import leads to" in said
    assert not Path("models").exists()


# Keys, and the releases of the repository as the store


@pytest.fixture
def in_releases(store: Path, connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path) -> ReleaseStore:
    """The releases with the trained part, which nobody has signed."""
    kept = ReleaseStore(connect(), "rebake-models", "run")
    [part] = store.glob("core-*")
    kept.publish_part("core", fingerprint_of(part), part)
    return kept


def fingerprint_of(part: Path) -> str:
    return part.name.removeprefix("core-").removesuffix(".tar.gz")


def test_the_releases_of_the_remote_are_the_store_by_default(
    clone: Repository, in_releases: ReleaseStore, pull: Pull
) -> None:
    pull("HEAD~1")
    clone.git("checkout", "-q", "HEAD~1")
    assert main(["check", "--quiet"]) == 0


def test_with_a_key_only_what_it_has_signed_is_taken_and_no_model_of_this_machine(
    clone: Repository, store: Path, in_releases: ReleaseStore, pull: Pull
) -> None:
    clone.git("checkout", "-q", "HEAD~1")
    pull()
    key = ("--verify-key", OURS.public.text)
    assert "does not have Core" in (said := pull(*key, code=74))
    assert "it is in the store, but not signed" in said
    in_releases.trust = Trust(HERE, (OURS.public,), OURS)
    [part] = store.glob("core-*")
    in_releases.publish_part("core", fingerprint_of(part), part)
    assert pull(*key)
    assert "a key that is not trusted" in pull("--verify-key", THEIRS.public.text, code=74)
    assert "was made for another repository" in pull(*key, "--store", "github://acme/bot", "-R", "acme/other", code=74)


# Releases of tags


@pytest.fixture
def released(api: GitHubApi, tmp_path: Path) -> Callable[..., Path]:
    """Puts a model on a release as the action does; returns the model."""

    def make(
        tag: str = "v1.0",
        slug: str = "",
        key: PrivateKey | None = OURS,
        ref: str | None = None,
        repository: str = "acme/bot",
    ) -> Path:
        place = tmp_path / f"released-{tag}{slug}"
        place.mkdir()
        name = model_name(repository, slug, tag)
        model = archive(place, "core", A, f"{name}.tar.gz")
        release = api.release(tag) or api.add_release(tag)
        predicate = {
            "buildDefinition": {
                "externalParameters": {"repository": HERE, "ref": ref or f"refs/tags/{tag}"},
                "resolvedDependencies": [{"digest": {"gitCommit": "c" * 40}}],
            }
        }
        if key is not None:
            document = statement({model.name: sha256(model)}, "https://slsa.dev/provenance/v1", predicate)
            api.add_asset(release["id"], f"{name}.intoto.jsonl", seal(document, key))
        api.add_asset(release["id"], model.name, model.read_bytes())
        api.add_asset(release["id"], f"SHA256SUMS{slug}", f"{sha256(model)}  {model.name}\n".encode())
        return model

    return make


def test_a_tag_gives_the_model_of_its_release_anywhere(
    released: Callable[..., Path], pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: GitHubApi
) -> None:
    model = released(repository="Acme/Bot")  # as GitHub writes it, and people need not
    monkeypatch.chdir(tmp_path)
    assert pull("v1.0", "--repository", "acme/bot") == "models/Bot-v1.0.tar.gz\n"
    assert Path("models/Bot-v1.0.tar.gz").read_bytes() == model.read_bytes()
    assert [path.name for path in Path("models").iterdir()] == ["Bot-v1.0.tar.gz"]
    os.utime("models/Bot-v1.0.tar.gz", (1, 1))
    other = Path("models/other.tar.gz")
    other.write_bytes(b"")
    os.utime(other, (2, 2))
    before = len([request for request in api.requests if request.startswith("files")])
    again = json.loads(pull("v1.0", "--repository", "acme/bot", "--format", "json"))
    assert again == {
        "format": 1, "model": "models/Bot-v1.0.tar.gz", "written": False, "tag": "v1.0", "commit": None,
    }  # fmt: skip
    assert len([request for request in api.requests if request.startswith("files")]) == before + 1  # the checksums
    assert Path(again["model"]).stat().st_mtime > other.stat().st_mtime  # it is the one that is served


def test_another_file_of_the_models_name_is_kept(
    released: Callable[..., Path], pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released()
    monkeypatch.chdir(tmp_path)
    Path("models").mkdir()
    Path("models/bot-v1.0.tar.gz").write_text("mine", encoding="utf-8")
    assert "exists, and is not the model of the release v1.0" in pull("v1.0", "-R", "acme/bot", code=74)
    assert Path("models/bot-v1.0.tar.gz").read_text(encoding="utf-8") == "mine"


def test_of_several_assistants_each_has_its_model(released: Callable[..., Path], pull: Pull, clone: Repository) -> None:
    of_here, of_other = released(slug="-bot"), released(slug="-bots-pizza")
    clone.git("tag", "v1.0")
    assert pull("v1.0") == f"models/{of_here.name}\n"
    assert pull("v1.0", "--name", "bots/pizza") == f"models/{of_other.name}\n"
    said = pull("v1.0", "--name", "tea", code=74)
    assert f"has no file bot-tea-v1.0.tar.gz. Its models: {of_here.name}, {of_other.name}." in said


def test_a_model_that_is_not_what_the_checksums_say_or_not_whole_is_not_taken(
    released: Callable[..., Path], pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: GitHubApi
) -> None:
    model = released()
    monkeypatch.chdir(tmp_path)
    [asset] = [asset for asset in api.assets.values() if asset.name == model.name]
    [sums] = [asset for asset in api.assets.values() if asset.name == "SHA256SUMS"]
    asset.content = asset.content[:-200]
    assert "does not match the checksums of the release v1.0" in pull("v1.0", "-R", "acme/bot", code=65)
    broken = tmp_path / "broken"
    broken.write_bytes(asset.content)
    sums.content = f"{sha256(broken)}  {model.name}\n".encode()
    pull("v1.0", "-R", "acme/bot", code=65)
    sums.content = b"nothing\n"
    assert "SHA256SUMS of the release v1.0 does not name bot-v1.0.tar.gz" in pull("v1.0", "-R", "acme/bot", code=65)
    assert not Path("models").exists()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"key": None}, "has no signed provenance of it"),
        ({"key": THEIRS}, "a key that is not trusted"),
        ({"ref": "refs/tags/v0.9"}, "rebake: bot-v1.0.tar.gz is from refs/tags/v0.9, and not from the tag v1.0"),
    ],
)
def test_with_a_key_the_release_must_be_signed_for_the_tag(
    how: dict[str, PrivateKey | str | None], message: str, released: Callable[..., Path], pull: Pull,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    released("v1.0", **how)
    released("v2.0")
    monkeypatch.chdir(tmp_path)
    key = ("-R", "acme/bot", "--verify-key", OURS.public.text)
    assert message in pull("v1.0", *key, code=65)
    assert not Path("models").exists()
    assert pull("v2.0", *key) == "models/bot-v2.0.tar.gz\n"


def test_a_tag_without_a_release_is_a_commit_and_a_branch_asks_no_release(
    clone: Repository, store: Path, pull: Pull, api: GitHubApi
) -> None:
    clone.git("tag", "v0.1", "HEAD~1")
    clone.git("branch", "older", "HEAD~1")
    of_tag = json.loads(pull("v0.1", "--store", str(store), "--format", "json"))
    assert (of_tag["tag"], of_tag["commit"]) == (None, clone.git("rev-parse", "HEAD~1"))
    asked = len(api.requests)
    pull("older", "--store", str(store))
    clone.git("remote", "remove", "origin")
    pull("v0.1", "--store", str(store))  # there is no GitHub that could have a release
    assert "There is no commit 'v0.2' in this clone." in pull("v0.2", "--store", str(store), code=64)
    assert len(api.requests) == asked


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing"], 74, "acme/bot has no release 'nothing', and this clone has no commit of that name."),
        (["v1", "--repository", "acme"], 64, "'acme' is not a repository"),
        (["--verify-key", "x"], 64, "is not an Ed25519 public key"),
        (["--store", "s3://a:b@c"], 64, "contains a password"),
    ],
)
def test_a_mistake_is_one_message(arguments: list[str], code: int, message: str, clone: Repository, pull: Pull) -> None:
    said = pull(*arguments, code=code)
    assert message in said
    assert said.count("\n") == 1


def test_without_a_clone_a_repository_is_needed(pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Use --repository OWNER/NAME" in pull("v1.0", code=64)
    assert "There is no assistant in" in pull(code=74)


@pytest.mark.slow
def test_what_a_job_has_released_and_kept_is_pulled_with_its_key(
    core_only: Project, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = {"trust": "signed", "signing-key": OURS.pem}
    assert core_only.run(core_only.push("refs/tags/v1.0"), signed).code == 0
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.chdir(core_only.clone)
    key = ("--repository", "acme/bot", "--verify-key", OURS.public.text)
    released = Path(pull("v1.0", *key).rstrip("\n"))
    of_commit = Path(pull("HEAD", *key).rstrip("\n"))
    assert released.name == "bot-v1.0.tar.gz"
    for model in (released, of_commit):
        assert main(["check", "--quiet", "--model", str(model)]) == 0
    assert "a key that is not trusted" in pull("v1.0", *key[:3], THEIRS.public.text, "--out", "other", code=65)
    assert not Path("other").exists()
