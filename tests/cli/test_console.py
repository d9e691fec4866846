"""How a terminal shows warnings."""

import io
import os
import pty
import re
import subprocess
import sys
from contextlib import redirect_stderr, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.cli.console import Look, Waiting, log_group, looking, make_progress, print_notices, say_more


def printed(*notices: Notice, has_report: bool = False) -> list[str]:
    with redirect_stderr(io.StringIO()) as stream:
        print_notices(notices, has_report=has_report)
    return stream.getvalue().splitlines()


def test_many_warnings_of_a_kind_are_one_line_with_the_way_to_all_of_them() -> None:
    duplicates = [Notice("Left out.", Location("nlu.yml", n), NoticeKind.DUPLICATE_EXAMPLE) for n in range(1, 15)]
    summed_up = "warning: 14 duplicate examples are left out, first at nlu.yml:1: Left out."
    for has_report, how in ((True, "-v or --report FILE"), (False, "-v")):
        assert printed(*duplicates, has_report=has_report) == [summed_up, f"14 warnings. {how} lists every one."]
    assert printed(duplicates[0]) == ["warning: nlu.yml:1: Left out."]


def test_verbose_names_mere_information_as_that_and_quiet_prints_neither() -> None:
    found = (Notice("Unused.", Location("domain.yml", 1), level=Severity.INFO), Notice("Odd."))
    with looking(Look(verbose=True)):
        assert printed(*found) == ["info: domain.yml:1: Unused.", "warning: Odd."]
    with looking(Look(quiet=True, verbose=True)), redirect_stderr(io.StringIO()) as stream:
        print_notices(found)
        say_more("compared with x")
    assert stream.getvalue() == ""


@given(st.text() | st.sampled_from(["\n::error::x", "##[error]x", "\x1b[2J", "\u2028::warning::"]))
def test_a_warning_is_one_printable_line_and_no_workflow_command(message: str) -> None:
    [line] = printed(Notice(message))
    assert line.startswith("warning: ")
    assert line.isprintable()
    assert "##[" not in line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_fit_fifty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    progress = make_progress(terminal)
    with progress.task("UnexpecTEDIntentPolicy", 300) as first, progress.task("DIETClassifier", 300) as second:
        for _ in range(150):
            first.advance(loss=0.8775)
            second.advance(loss=1.25)
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in re.split(r"[\r\n]+", terminal.getvalue())]
    shown = [line for line in lines if "150/300" in line]
    assert shown
    assert max(map(len, lines)) <= 50
    assert all("loss" in line for line in shown)
    assert any("DIETClassifier" in line for line in shown)


def test_a_job_of_github_folds_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with suppress(ValueError), log_group("Training"):
        print("inside", file=sys.stderr)
        raise ValueError
    assert capsys.readouterr().err == "::group::Training\ninside\n::endgroup::\n"
    monkeypatch.delenv("GITHUB_ACTIONS")
    with log_group("Training"):
        pass
    assert capsys.readouterr().err == ""


def test_a_spinner_is_for_terminals_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with Waiting("Loading TensorFlow"):
        pass
    assert capfd.readouterr() == ("", "")
    master, terminal = pty.openpty()
    code = (
        "import os, time; from rebake.cli.console import Waiting\n"
        "with Waiting('Loading TensorFlow') as waiting:\n"
        "    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n"  # as while TensorFlow is imported
        "    time.sleep(0.3); waiting.stop()\n"
    )
    environment = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-c", code], stderr=terminal, check=True, env=environment)
    os.close(terminal)
    assert b"Loading TensorFlow" in os.read(master, 10_000)
    os.close(master)
