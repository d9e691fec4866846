"""What makes a training one of several workers, and what takes no notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake import model_training
from rebake.build.workers.agreement import differences
from rebake.build.workers.setting import workers_of
from rebake.cli.main import main
from rebake.errors import UsageError
from support.assistants import write_tiny

CLUSTER = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}


def config(number: int) -> str:
    return json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": number}})


def test_without_a_cluster_or_gpus_a_process_trains_alone() -> None:
    assert workers_of({}) is None
    assert workers_of({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'}) is None


def test_the_first_of_several_workers_writes_the_model() -> None:
    chief, other = workers_of({"TF_CONFIG": config(0)}), workers_of({"TF_CONFIG": config(1)})
    several = workers_of({}, gpus=2)
    assert chief is not None
    assert chief.is_chief
    assert other is not None
    assert not other.is_chief
    assert several is not None
    assert several.is_chief


def test_a_wrong_tf_config_is_an_error_of_training_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    assert main(["train"]) == 64
    assert "The variable TF_CONFIG does not say which worker this is" in capsys.readouterr().err
    assert not Path("models").exists()
    assert main(["check"]) == main(["train", "--dry-run"]) == 7
    assert "TF_CONFIG" not in capsys.readouterr().err


def test_core_is_trained_by_one_process_whatever_tf_config_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    monkeypatch.setenv("TF_CONFIG", "{")
    Path("models").write_text("", encoding="utf-8")  # so that nothing is trained in the end
    assert main(["train", "core"]) == 74
    assert "TF_CONFIG" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "train",
    [
        lambda: model_training.train_nlu("config.yml", "data", "models"),
        lambda: model_training.train("domain.yml", "config.yml", ["data"]),
    ],
    ids=["train_nlu", "train"],
)
def test_the_api_reads_tf_config_as_well(
    train: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(UsageError, match="TF_CONFIG is not JSON"):
        train()


def test_what_differs_between_workers_is_named() -> None:
    here = {"data and pipeline": "abc", "TensorFlow": "2.21.0", "Python": "3.12"}
    assert differences(here, dict(here)) == ""
    there = {"data and pipeline": "abd", "TensorFlow": "2.20.0", "Python": "3.12"}
    assert differences(here, there) == "other data or another pipeline, TensorFlow 2.20.0 instead of 2.21.0"
    assert differences(here, {}).endswith(", TensorFlow None instead of 2.21.0, Python None instead of 3.12")
