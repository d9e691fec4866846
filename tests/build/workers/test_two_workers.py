"""Two processes that train together, as TF_CONFIG asks for it."""

from __future__ import annotations

import hashlib
import signal
import tarfile
from pathlib import Path

import pytest

from rebake.archive.manifest import read_manifest
from rebake.model import load_model
from support.workers import Worker, start_workers, wait_for

pytestmark = pytest.mark.slow

CONFIG = """
recipe: default.v1
assistant_id: two-workers
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: DIETClassifier
  epochs: 40
  batch_size: 16
  number_of_transformer_layers: 1
  transformer_size: 32
"""
WORDS = {
    "greet": ["hello", "good morning", "hi there", "hey you", "greetings friend"],
    "order": ["one [tea](drink) please", "a [coffee](drink)", "bring [water](drink)", "[juice](drink) for me", "buy"],
    "leave": ["bye", "see you", "good night", "farewell then", "until tomorrow"],
}


def write_project(directory: Path, more: str = "soon") -> Path:
    directory.mkdir()
    (directory / "config.yml").write_text(CONFIG, encoding="utf-8")
    lines = ["nlu:"]
    for intent, texts in WORDS.items():
        lines += [f"- intent: {intent}", "  examples: |"]
        lines += [f"    - {text} {ending}".rstrip() for text in texts for ending in ("", "now", "again", more)]
    (directory / "data.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return directory


def files(directory: Path) -> dict[str, str]:
    """Digest of each learned file of the only model in a directory."""
    [archive] = directory.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        members = [member for member in opened if member.isfile() and member.name.split("/")[0] == "components"]
        return {
            member.name: hashlib.sha256(content.read()).hexdigest()
            for member in members
            if (content := opened.extractfile(member)) is not None
        }


def train(project: Path, out: Path, cache: Path, *arguments: str) -> list[Worker]:
    environment = {"REBAKE_CACHE_DIR": str(cache), "REBAKE_CACHE_GIB": "1"}
    return start_workers([project, project], out, "--data", "data.yml", *arguments, **environment)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("workers") / "project")


@pytest.fixture(scope="module")
def trained(project: Path) -> tuple[Path, list[Worker]]:
    out = project.parent / "trained"
    workers = train(project, out, project.parent / "cache")
    assert [worker.code() for worker in workers] == [0, 0], [worker.text for worker in workers]
    return out, workers


def test_the_chief_writes_a_model_that_both_have_trained(trained: tuple[Path, list[Worker]]) -> None:
    out, workers = trained
    [archive] = (out / "0").glob("*.tar.gz")
    assert not (out / "1").exists()
    assert f"Worker 0 has written {archive}" in workers[1].text
    assert [f"This is worker {number} of 2 (127.0.0.1:" in worker.text for number, worker in enumerate(workers)] == [
        True,
        True,
    ]
    manifest = read_manifest(archive)
    assert manifest is not None
    metrics = manifest.parts["nlu"].metrics
    assert metrics["DIETClassifier2.replicas"] == 2
    assert metrics["DIETClassifier2.intent_accuracy"] > 0.9
    with load_model(archive) as model:
        assert model.parse("good morning")["intent"]["name"] == "greet"


def test_where_the_chief_has_the_model_already_nothing_is_trained(
    project: Path, trained: tuple[Path, list[Worker]]
) -> None:
    out, _ = trained
    workers = train(project, out, project.parent / "cache")
    assert [worker.code() for worker in workers] == [0, 0]
    assert "Worker 0 found nothing to train." in workers[1].text
    assert len(list((out / "0").glob("*.tar.gz"))) == 1


@pytest.mark.long
def test_a_training_that_lost_a_worker_goes_on_to_the_model_that_it_would_have_given(
    project: Path, trained: tuple[Path, list[Worker]], tmp_path: Path
) -> None:
    first = train(project, tmp_path / "first", tmp_path / "cache")
    wait_for(tmp_path / "cache", "unfinished/*/*.npz", first)
    first[1].process.send_signal(signal.SIGKILL)
    assert first[1].code() == -signal.SIGKILL
    assert first[0].code() == 74, first[0].text
    assert "Worker 1 of 2 (127.0.0.1:" in first[0].text
    assert "Traceback" not in first[0].text
    assert not (tmp_path / "first" / "0").exists()

    second = train(project, tmp_path / "second", tmp_path / "cache")
    assert [worker.code() for worker in second] == [0, 0], [worker.text for worker in second]
    assert "DIETClassifier2 goes on after epoch" in second[0].text
    assert files(tmp_path / "second" / "0") == files(trained[0] / "0")
    assert not list((tmp_path / "cache" / "unfinished").iterdir())


@pytest.mark.long
def test_being_ended_ends_the_others(project: Path, tmp_path: Path) -> None:
    workers = train(project, tmp_path / "out", tmp_path / "cache")
    wait_for(tmp_path / "cache", "unfinished/*/*.npz", workers)
    workers[0].process.terminate()
    assert workers[0].code() == 143, workers[0].text
    assert workers[1].code() == 74, workers[1].text
    assert "Worker 0 of 2" in workers[1].text


def test_workers_with_different_data_train_nothing(project: Path, tmp_path: Path) -> None:
    other = write_project(tmp_path / "other", "today")
    workers = start_workers([project, other], tmp_path / "out", "--data", "data.yml", "--no-cache")
    assert [worker.code() for worker in workers] == [74, 74]
    for worker in workers:
        assert "worker 1 of 2 (127.0.0.1:" in worker.text
        assert "has other data or another pipeline. Give all workers the same files" in worker.text
    assert not (tmp_path / "out" / "0").exists()


def test_fine_tuning_by_several_workers_is_refused(
    project: Path, trained: tuple[Path, list[Worker]], tmp_path: Path
) -> None:
    [archive] = (trained[0] / "0").glob("*.tar.gz")
    workers = train(project, tmp_path / "out", tmp_path / "cache", "--no-cache", "--force", "--finetune", str(archive))
    assert [worker.code() for worker in workers] == [64, 64]
    assert "Fine-tuning runs in one process. Unset TF_CONFIG" in workers[0].text
