"""What training warns about, as somebody sees it who runs `rebake train`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.assistant_files import write
from support.assistants import append, edit
from support.warning_assistant import FILES, WARNINGS

pytestmark = pytest.mark.slow  # whole trainings


def train(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "rebake", "train", "--report", "report.json", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=300)


def reported(directory: Path) -> list[tuple[str, str]]:
    notices = json.loads((directory / "report.json").read_text(encoding="utf-8"))["notices"]
    return [(f"{notice['file']}:{notice['line']}", notice["message"]) for notice in notices]


def test_all_that_training_warns_about_is_printed_and_reported_with_its_place(tmp_path: Path) -> None:
    done = train(write(tmp_path, FILES))
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(printed) == len(WARNINGS)
    for line, (place, message), (known_place, part) in zip(printed, reported(tmp_path), WARNINGS, strict=True):
        assert line == f"warning: {place}: {message}"
        assert place == known_place
        assert part in message


def test_quiet_training_reports_what_it_does_not_print(tmp_path: Path) -> None:
    done = train(write(tmp_path, FILES), "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert [place for place, _ in reported(tmp_path)] == [place for place, _ in WARNINGS]


CONTRADICTION = """\
- rule: greet
  steps:
  - intent: greet
  - action: utter_bye
- rule: greet otherwise
  steps:
  - intent: greet
  - action: utter_greet
"""


@pytest.mark.parametrize("part", [[], ["core"]], ids=["beside NLU", "alone"])
def test_an_error_of_core_hides_no_warning_that_came_before_it(tmp_path: Path, part: list[str]) -> None:
    write(tmp_path, FILES)
    edit(tmp_path / "config.yml", "- name: TEDPolicy\n", "- name: RulePolicy\n- name: TEDPolicy\n")
    append(tmp_path / "data" / "all.yml", CONTRADICTION)
    done = train(tmp_path, *part)
    assert done.returncode == 65
    assert "utter_greet" in done.stderr.splitlines()[-1]
    assert "warning: data/all.yml:20: 'lost' starts with checkpoint 'nowhere'" in done.stderr
    assert any("'nowhere'" in message for place, message in reported(tmp_path) if place == "data/all.yml:20")
