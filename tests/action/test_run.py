"""A run whose surroundings are given to it: what happens when they fail, and what the runner hears."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.action import run as run_module
from rebake.action.event import Event
from rebake.action.run import Run
from rebake.action.run_plan import RunPlan
from rebake.action.runner import MAX_ANNOTATIONS, Runner
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.base.location import Location
from rebake.base.progress import Silent
from rebake.errors import StorageError
from rebake.staleness.git.changes import Base, Changes
from support.assistants import write_tiny

SHA = "a" * 40


@dataclass
class FakePullRequests:
    """Records its calls; fails with ``error``."""

    error: Exception | None = None
    comments: list[str] = field(default_factory=list)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)

    def write_comment(
        self, number: int, text: str, earlier_start: tuple[str, str] | None = None, *, recreate: bool = False
    ) -> str:
        if self.error is not None:
            raise self.error
        self.comments.append(text)
        return f"https://github.example/{number}"

    def set_status(self, commit: str, state: str, description: str, context: str, url: str) -> None:
        if self.error is not None:
            raise self.error
        self.statuses.append((commit, state, description))


class EmptyStore:
    """A store in which nothing was ever published."""

    tag = "store"

    def find(self, part: str, fingerprint: str) -> None:
        return None

    def refusal(self, part: str, fingerprint: str) -> None:
        return None

    def newest_manifest(self, name: str) -> None:
        return None

    def close(self) -> None:
        pass


MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    write_tiny(tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    for name in ("require_commit", "require_committed"):  # there is no git repository
        monkeypatch.setattr(run_module, name, lambda *_: None)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))

    def make(pull_requests: FakePullRequests, **inputs: str) -> Run:
        given = {"token": "t", "mode": "check", **{key.replace("_", "-"): value for key, value in inputs.items()}}
        settings = Settings.read(lambda name: given.get(name, ""))
        event = Event("pull_request", {}, "acme/bot", SHA, "", "https://a", "https://s", "1", tmp_path)
        run_plan = RunPlan(SHA, Base("none", reason="because"), pull_request=1)
        services = Services(
            store=cast(Any, EmptyStore()),
            releases=cast(Any, None),
            pull_requests=cast(Any, pull_requests),
            runner=Runner(),
            progress=Silent(),
            run_word="w",
            remote=None,
        )
        return Run(settings, event, run_plan, services)

    return make


def test_an_internal_error_is_reported_without_a_traceback_where_people_read(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(run_module, "read_request", broken)
    pull_requests = FakePullRequests()
    assert make_run(pull_requests).execute() == 70
    assert pull_requests.statuses == [(SHA, "error", "The run failed.")]
    assert "RuntimeError" in pull_requests.comments[0]
    assert "Traceback" not in pull_requests.comments[0]
    assert any(record.exc_info for record in caplog.records), "the log has the traceback"


def test_what_changed_in_imported_projects_is_reported(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(FakePullRequests())
    Path("skills").mkdir()
    with Path("config.yml").open("a", encoding="utf-8") as config:
        config.write("importers:\n- name: MultiProjectImporter\nimports:\n- skills\n")
    asked: list[str] = []

    def find_changes(_directory: Path, _base: Base, paths: list[str], **_options: object) -> Changes:
        asked.extend(paths)
        return Changes()

    monkeypatch.setattr(run_module, "find_changes", find_changes)
    run.execute()
    assert asked == ["config.yml", "domain.yml", "data", "skills"]


def test_what_cannot_be_reported_in_one_place_is_reported_in_the_others(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(FakePullRequests(StorageError("GitHub: no.")))
    assert run.execute() == 7
    assert [notice.message for notice in run.report.notices] == ["GitHub: no."] * 2
    assert "GitHub: no" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert "verdict-code" in (tmp_path / "GITHUB_OUTPUT").read_text(encoding="utf-8")


def test_comment_and_status_can_be_switched_off(make_run: MakeRun) -> None:
    pull_requests = FakePullRequests()
    assert make_run(pull_requests, comment="false", status="false").execute() == 7
    assert (pull_requests.comments, pull_requests.statuses) == ([], [])


def test_a_report_that_cannot_be_written_fails_the_run(make_run: MakeRun) -> None:
    Path("models").write_text("a file", encoding="utf-8")
    assert make_run(FakePullRequests()).execute() == 74


def test_the_runner_obeys_no_command_but_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with Runner("bots/a") as runner:
        print("::error::not ours")
        runner.error("ours", Location("data/x.yml", 3))
        runner.mask("")
    lines = capsys.readouterr().out.splitlines()
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert stop is not None
    assert lines[1:3] == ["::error::not ours", f"::{stop[1]}::"]
    assert lines[3].startswith("::error title=rebake,file=bots/a/data/x.yml,line=3,")
    assert lines[3].endswith("::ours")
    assert lines[4:] == [lines[0], f"::{stop[1]}::"]


def test_of_more_warnings_than_github_shows_the_last_one_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    groups = [(f"w{number}", Location("a.yml", number)) for number in range(MAX_ANNOTATIONS + 2)]
    with Runner() as runner:
        runner.warnings(groups[:MAX_ANNOTATIONS], elsewhere="the log")
    assert len(warnings_of(capsys)) == MAX_ANNOTATIONS
    with Runner() as runner:
        runner.warnings(groups, elsewhere="the log")
    *shown, rest = warnings_of(capsys)
    assert [line.rpartition("::")[2] for line in shown] == [f"w{number}" for number in range(MAX_ANNOTATIONS - 1)]
    assert rest.endswith("::3 more warnings: see the log.")


def warnings_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The warnings that the runner obeys."""
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("::warning ")]


@given(st.text(), st.text(min_size=1))
def test_a_warning_is_one_command_whatever_it_says(message: str, file: str) -> None:
    with redirect_stdout(StringIO()) as log, Runner() as runner:
        runner.warnings([(message, Location(file, 1))], elsewhere="")
    stop, start, command, stop_again, start_again, rest = log.getvalue().split("\n")
    assert (stop, start) == (stop_again, start_again)
    assert stop == f"::stop-commands::{start.strip(':')}"
    properties, _, _ = command.removeprefix("::").partition("::")
    assert properties.startswith("warning title=rebake,file=")
    assert properties.count(",") == 5
    assert rest == ""
