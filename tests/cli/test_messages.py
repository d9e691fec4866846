"""Messages that beginners meet first."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.cli.main import main
from support.assistants import write_tiny


@pytest.mark.parametrize("command", ["check", "train", "validate", "migrate"])
def test_a_directory_without_an_assistant_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 74
    assert capsys.readouterr().err == (
        f"rebake: There is no assistant in {tmp_path}: neither config.yml nor domain.yml nor data. "
        "Run the command in the assistant's directory, or name its files with --config, --domain and --data.\n"
    )


def test_a_model_that_is_not_there_is_not_called_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    (tmp_path / "empty").mkdir()
    for path, state in (("nope.tar.gz", "does not exist"), ("empty", "contains no model")):
        assert main(["check", "--model", path]) == 74
        assert capsys.readouterr().err == (
            f"rebake: {path} {state}. Train a model with `rebake train`, or name one with --model.\n"
        )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--finetune", "nlu"], 64, "rebake train nlu --finetune"),
        (["--finetune", "nope.tar.gz"], 74, "There is no model at nope.tar.gz to fine-tune"),
        (["--finetune"], 74, "models contains no model to fine-tune"),
        (["--epoch-fraction", "0.5"], 64, "Add --finetune"),
    ],
)
def test_what_cannot_be_fine_tuned_from_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    (tmp_path / "models").mkdir()
    assert main(["train", *arguments]) == code
    assert message in capsys.readouterr().err
