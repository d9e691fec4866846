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


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_file_that_is_no_model_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    Path("empty.tar.gz").touch()
    for path in ("config.yml", "empty.tar.gz"):
        assert main([command, "--model", path]) == 65
        message = f"rebake: {path} is no model archive. Name a model (.tar.gz) or a directory with --model.\n"
        assert capsys.readouterr().err.endswith(message)
    Path("other.json").write_text("{}", encoding="utf-8")
    assert main([command, "--model", "other.json"]) == 65
    assert "other.json is broken" in capsys.readouterr().err
    assert not Path("models").exists()


def test_an_archive_that_is_cut_short_is_a_model_of_which_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    Path("cut.tar.gz").write_bytes(b"\x1f\x8b\x08")
    assert main(["check", "--model", "cut.tar.gz"]) == 7
    assert "NLU       unknown" in capsys.readouterr().out


def test_a_plan_refuses_a_file_in_place_of_the_directory_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_tiny(tmp_path))
    assert main(["plan", "--out", "config.yml"]) == 74
    assert capsys.readouterr() == (
        "",
        "rebake: config.yml is a file. Name the directory that the models are kept in.\n",
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
