"""Language models that config.yml knows by name alone: one that is upgraded in place makes the model stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.archive.manifest import ComponentRecord
from rebake.assistant.model import Assistant
from rebake.staleness import file_contents
from rebake.staleness.file_contents import content_digest
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import load, write

NLU = 'version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - hello\n- intent: b\n  examples: |\n    - bye\n'


def assistant(directory: Path, component: str) -> Assistant:
    pipeline = f"- {component}\n- name: WhitespaceTokenizer\n- name: SpacyTokenizer\n- name: KeywordIntentClassifier\n"
    write(directory, {"config.yml": f"language: en\npipeline:\n{pipeline}", "data/nlu.yml": NLU})
    return load(directory)


def first(assistant: Assistant) -> ComponentRecord:
    found = fingerprint(assistant, parts=frozenset({"nlu"}))
    return next(iter(found.components.values()))


def install(site: Path, version: str) -> None:
    write(site, {"en_core_web_md-1.dist-info/METADATA": f"Name: en-core-web-md\nVersion: {version}\n"})


def test_the_version_of_an_installed_package_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))
    asked = assistant(tmp_path, "{name: SpacyNLP, model: en_core_web_md}")
    absent = first(asked)
    assert "version of model" not in absent.options
    install(site, "3.7.1")
    old = first(asked)
    assert old.options["version of model"] == "3.7.1"
    assert first(asked) == old
    install(site, "3.8.0")
    assert len({absent.fingerprint, old.fingerprint, first(asked).fingerprint}) == 3


@pytest.mark.parametrize(("options", "folder"), [("", "rasa--LaBSE"), (", model_weights: bert-base", "bert-base")])
@pytest.mark.parametrize("place", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "option"])
def test_the_commit_in_the_hubs_cache_counts(
    options: str, folder: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    below = {"HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub"}.get(place, ".")
    if place == "option":
        options += f", cache_dir: {tmp_path / 'cache'}"
    else:
        monkeypatch.setenv(place, str(tmp_path / "cache"))
    asked = assistant(tmp_path, f"{{name: LanguageModelFeaturizer, model_name: bert{options}}}")
    absent = first(asked)
    assert "commit of model_weights" not in absent.options
    head = tmp_path / "cache" / below / f"models--{folder}" / "refs"
    write(head, {"main": "1f2e"})
    old = first(asked)
    assert old.options["commit of model_weights"] == "1f2e"
    write(head, {"main": "3d4c"})
    assert len({absent.fingerprint, old.fingerprint, first(asked).fingerprint}) == 3


def test_a_directory_comes_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"cache/models--weights/refs/main": "1f2e", "weights/config.json": "{}"})
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    record = first(assistant(tmp_path, "{name: LanguageModelFeaturizer, model_name: bert, model_weights: weights}"))
    assert "commit of model_weights" not in record.options
    assert "content of model_weights" in record.options


def test_the_digest_of_a_directory_is_that_of_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path, {"a/one.txt": "1", "a/in/two.txt": "2", "b/one.txt": "1", "b/in/two.txt": "2", "b/.git/x": "3"})
    one, other = (str(tmp_path / name) for name in "ab")
    assert content_digest(one) == content_digest(other)
    write(tmp_path, {"b/in/two.txt": "3"})
    edited = content_digest(other)
    (tmp_path / "b/in/two.txt").rename(tmp_path / "b/in/three.txt")
    assert len({content_digest(one), edited, content_digest(other)}) == 3
    assert content_digest(f"{one}/one.txt") == content_digest(f"{other}/one.txt")
    assert content_digest(str(tmp_path / "gone")) is None


def test_the_digest_of_a_large_file_is_that_of_its_size_and_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_contents, "_READ_WHOLE", 100)
    monkeypatch.setattr(file_contents, "_SAMPLES", 3)
    monkeypatch.setattr(file_contents, "_SAMPLE", 10)
    file = tmp_path / "weights"

    def digest(content: bytes) -> str | None:
        file.write_bytes(content)
        return content_digest(str(file))

    whole = digest(bytes(1000))
    assert digest(bytes(1000)) == whole
    changed = [bytes(1001), b"1" + bytes(999), bytes(500) + b"1" + bytes(499), bytes(999) + b"1"]
    assert len({whole, *map(digest, changed)}) == 5
