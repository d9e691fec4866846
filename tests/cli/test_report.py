"""``--report``: where it goes, and what never happens to what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rebake.cli.main import main
from support.assistants import append, write_tiny


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


@pytest.mark.parametrize("path", ["-", "/dev/stdout"])
@pytest.mark.parametrize("explain", [[], ["--explain"]])
def test_a_report_on_stdout_is_all_that_is_there(
    project: Path, capfd: pytest.CaptureFixture[str], path: str, explain: list[str]
) -> None:
    assert main(["check", *explain, "--report", path]) == 7
    out, err = capfd.readouterr()
    assert json.loads(out)["code"] == 7
    assert "`rebake train` trains what is stale." in err
    assert not (project / "-").exists()


@pytest.mark.slow
def test_a_report_goes_to_a_process_substitution(project: Path) -> None:
    reader, writer = os.pipe()
    subprocess.run(
        [sys.executable, "-m", "rebake", "check", "--report", f"/dev/fd/{writer}"],
        check=False, capture_output=True, pass_fds=[writer],
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        assert json.load(pipe)["code"] == 7


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_read(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "config.yml").unlink()
    for path, why in (("missing/report.json", "the directory missing does not exist"), ("data", "Is a directory")):
        assert main(["train", "--report", path]) == 74
        assert capsys.readouterr().err == f"rebake: --report: {path} cannot be written ({why}). Name another file.\n"
    assert not (project / "missing").exists()


def test_an_error_is_reported_as_well(project: Path) -> None:
    append(project / "data" / "nlu.yml", "  - [broken\n")
    (project / "link.json").symlink_to("report.json")
    assert main(["check", "--report", "link.json"]) == 65
    assert json.loads((project / "report.json").read_text(encoding="utf-8"))["error"]["exit_code"] == 65
    assert (project / "link.json").is_symlink()


def test_a_name_that_is_taken_by_no_file_is_refused_before_training(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "models" / "bot.tar.gz").mkdir(parents=True)
    assert main(["train", "--fixed-model-name", "bot"]) == 74
    assert "The model models/bot.tar.gz cannot be written (Is a directory)." in capsys.readouterr().err
