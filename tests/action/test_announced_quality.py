"""The test of a model as the action announces it: the page, the annotations, and what has no place to go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.action import announce
from rebake.action.runner import MAX_ANNOTATIONS
from rebake.store.releases import Releases
from support.action_run import Bench
from support.assistants import append, edit

pytestmark = pytest.mark.slow  # scikit-learn, SciPy and the engine that draws charts

TESTED = {"test_nlu": "held-out.yml"}
FAILING = """\
- story: not as it was
  steps:
  - user: bye
    intent: goodbye
  - action: utter_greet
"""
TURN = """\
  - user: bye
    intent: goodbye
  - action: utter_goodbye
"""


@pytest.fixture
def bench(tmp_path: Path, connect: Callable[[], Releases], monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, connect, monkeypatch)


def outputs(place: Path) -> str:
    return (place / "GITHUB_OUTPUT").read_text(encoding="utf-8")


def test_the_action_writes_a_page_with_charts_beside_the_json(bench: Bench, tmp_path: Path) -> None:
    bench.run(**TESTED)
    page = (bench.bot / "models" / "rebake-report.html").read_text(encoding="utf-8")
    assert "Trained Core and NLU." in page
    assert page.count("<svg") > 3
    content = json.loads((bench.bot / "models" / "rebake-report.json").read_text(encoding="utf-8"))
    assert content["quality"]["test"]["stories"]["total"] == 1
    assert "models/rebake-report.html" in outputs(tmp_path)


def test_a_page_that_cannot_be_made_is_a_warning_and_no_failure(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise RuntimeError("no")

    monkeypatch.setattr(announce, "render_html", fail)
    run = bench.run(test_stories="")
    assert bench.code == 0
    assert [notice.message for notice in run.report.notices][-1:] == [
        "Internal error while writing the HTML report: RuntimeError."
    ]
    assert "rebake-report.html" not in outputs(tmp_path)


def test_failed_stories_are_annotated_at_their_lines_and_those_that_do_not_fit_are_counted(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    append(bench.bot / "tests" / "test_stories.yml", FAILING)
    bench.run(**TESTED)
    (warning,) = annotated(capfd, "warning", "not as it was")
    assert "file=tests/test_stories.yml,line=8," in warning
    assert warning.endswith("::Test story 'not as it was' fails, as in the base: utter_goodbye, not utter_greet.")
    for number in range(1, MAX_ANNOTATIONS + 3):
        longer = FAILING.replace("as it was", f"as it was {number}") + TURN * number  # equal ones would count once
        append(bench.bot / "tests" / "test_stories.yml", longer)
    edit(bench.bot / "domain.yml", "version", "# as before\nversion")
    bench.run(**TESTED, fail_on="stories")
    assert bench.code == 16
    errors = annotated(capfd, "error", "")
    assert len(errors) == MAX_ANNOTATIONS
    assert "::stories: " in errors[0]
    assert "line=8," in errors[1]
    assert errors[-1].endswith("::5 more errors: see the job summary, or all of them in rebake-report.json.")


def annotated(capfd: pytest.CaptureFixture[str], kind: str, part: str) -> list[str]:
    lines = capfd.readouterr().out.splitlines()
    return [line for line in lines if line.startswith(f"::{kind} ") and part in line]
