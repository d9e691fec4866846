"""``rebake test`` in a process of its own, on the tiny assistant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from documentation.terminal import printed
from rebake.cli.main import main
from support.assistants import write_tiny

pytestmark = pytest.mark.slow

STORIES = """\
version: "3.1"
stories:
- story: leaving
  steps:
  - user: /goodbye
    intent: goodbye
  - action: utter_goodbye
- story: not so
  steps:
  - user: /goodbye
    intent: goodbye
  - action: utter_greet
"""


def rebake(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rebake", *arguments],
        cwd=directory, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_tiny(tmp_path_factory.mktemp("tiny"))
    (directory / "tests").mkdir()
    (directory / "tests" / "test_stories.yml").write_text(STORIES, encoding="utf-8")
    run = rebake(directory, "train", "--quiet")
    assert run.returncode == 0, run.stderr
    return directory


def test_both_kinds_of_tests_write_rasas_files_and_print_one_json_document(trained: Path) -> None:
    run = rebake(trained, "test", "--format", "json", "--fail-on-prediction-errors")
    assert run.returncode == 1, run.stderr
    printed = json.loads(run.stdout)
    report = json.loads((trained / "results" / "intent_report.json").read_text())
    assert printed["nlu"]["intents"]["report"] == report
    assert report["greet"]["support"] == 4
    assert (printed["stories"]["correct"], printed["stories"]["total"]) == (1, 2)
    assert "predicted: utter_goodbye" in (trained / "results" / "failed_test_stories.yml").read_text()
    assert "from which the model may have learned" in run.stderr
    assert "stories: 1 of 2 test stories failed." in run.stderr
    assert [(gate["name"], gate["is_met"]) for gate in printed["gates"]] == [("stories", False)]


@pytest.mark.parametrize("options", [[], ["nlu", "--cross-validation", "--folds", "2"]])
def test_a_terminal_shows_that_a_test_loads_tensorflow_until_a_bar_follows(trained: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "rebake", "test", "--out", "shown", *options]
    output = printed(command, trained, {**os.environ, "COLUMNS": "100"})
    assert 0 < output.index("Loading TensorFlow and the ") < output.index("━")


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        (["--folds", "3"], "--cross-validation"),
        (["--seed", "1"], "--cross-validation"),
        (["--processes", "2"], "--cross-validation"),
        (["--config", "other.yml"], "--cross-validation"),
        (["--domain", "other.yml"], "--cross-validation"),
        (["--cross-validation", "--model", "other.tar.gz"], "the test of one model"),
        (["--fold", "1"], "--cross-validation"),
        (["--join", "folds"], "--cross-validation, without --fold"),
        (["--cross-validation", "--fold", "1", "--join", "folds"], "--cross-validation, without --fold"),
        (["--cross-validation", "--fold", "1", "--processes", "2"], "--cross-validation"),
        (["--cross-validation", "--fold", "1", "--format", "json"], "all folds"),
        (["--cross-validation", "--fold", "1", "--min-intent-f1", "0.8"], "the test of one model"),
        (["--stories", "tests"], "the test of stories"),
        (["--end-to-end"], "the test of stories"),
        (["--runs", "2"], "several --config"),
        (["-p", "10"], "several --config"),
        (["--max-drop", "0.1"], "--fail-on worse"),
        (["--config", "a.yml", "b.yml", "--min-intent-f1", "0.8"], "the test of one model"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    given: list[str],
    needed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["test", "nlu", *given]) == 64
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"changes nothing here. Use it with {needed}." in printed.err


def test_one_part_alone_is_tested_as_asked(trained: Path, tmp_path: Path) -> None:
    run = rebake(trained, "test", "core", "--stories", "data/stories.yml", "--out", str(tmp_path / "out"))
    assert run.returncode == 0, run.stderr
    assert "Stories, by intents: 1 of 1 right" in run.stdout
    assert "Intents" not in run.stdout
    missing = rebake(trained, "test", "nlu", "--nlu", "nothing.yml")
    assert (missing.returncode, missing.stdout) == (74, "")
    assert "'nothing.yml' cannot be read" in missing.stderr
    (tmp_path / "file").touch()
    unwritable = rebake(trained, "test", "--out", str(tmp_path / "file" / "results"))
    assert (unwritable.returncode, unwritable.stdout) == (74, "")
    assert "cannot be written to. Name another directory with --out." in unwritable.stderr
    missing = rebake(tmp_path, "test")
    assert (missing.returncode, missing.stdout) == (74, "")
    assert "models does not exist. Train a model with `rebake train`, or name one with --model." in missing.stderr


def test_a_test_of_nothing_ends_with_an_error_and_names_no_results(trained: Path, tmp_path: Path) -> None:
    run = rebake(tmp_path, "test", "--model", str(trained / "models"))
    assert (run.returncode, run.stdout) == (65, "")
    assert "No NLU examples are tested: data does not exist." in run.stderr
    assert "No stories are tested: tests does not exist." in run.stderr
    assert "Nothing is tested. Name examples with --nlu or stories with --stories." in run.stderr
    assert not (tmp_path / "results").exists()
