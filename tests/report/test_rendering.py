"""The report as comment, job summary and JSON."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.notices import grouped
from rebake.differences.model import Clause, Difference
from rebake.errors import DataError, DataErrors, UnsupportedError
from rebake.report.comment import LIMIT, marker, render_comment
from rebake.report.escaping import escape
from rebake.report.json import as_dict, render_json
from rebake.report.markdown.lists import fit
from rebake.report.model import Differences, Failure, PartReport, Report, parts_of_verdict
from rebake.report.summary import render_summary
from rebake.report.text import notice_lines, outcome_text
from rebake.report.writing import write_report
from rebake.staleness.git.changes import Changes, FileChange
from rebake.staleness.verdict import PartVerdict, Verdict
from support.paths import ROOT

A = "a" * 64

REPORT = Report(
    mode="train",
    parts=(
        PartReport("core", "stale", ("story 'x' added in data/stories.yml:4",), "a" * 64, "trained", None, 3.21),
        PartReport("nlu", "fresh", (), "b" * 64, "reused", f"nlu-{'b' * 64}.tar.gz"),
        PartReport("nlg", "stale", ("response utter_x changed",), "c" * 64, "updated"),
    ),
    code=5,
    compared_with="the newest model of rebake-models",
    model_path="models/x.tar.gz",
    model_written=True,
    metrics={"TEDPolicy0.loss": 0.123456, "TEDPolicy0.other": float("nan")},
    seconds=12.3,
    changes=Changes((FileChange("M", "data/stories.yml"), FileChange("R", "b.yml", "a.yml")), "d" * 40, "main"),
    notices=(Notice("odd", Location("domain.yml", 3)),),
    commit="e" * 40,
)


def test_the_comment_says_what_was_found_and_done() -> None:
    text = html.unescape(render_comment(REPORT)).replace("\u200b", "")
    assert text.startswith("<!-- rebake:model . -->\n")
    assert text.splitlines()[1] == "### ✅ rebake: Trained Core."
    assert "| Core | **stale** | trained in 3.2 s |" in text
    assert "| NLU | fresh | reused from `nlu-bbbbbbbbbbbb….tar.gz` |" in text
    assert "| Responses | **stale** | updated, needs no training |" in text
    assert "- story 'x' added in data/stories.yml:4" in text
    assert "- renamed: `b.yml` from `a.yml`" in text
    assert "domain.yml:3: odd" in text
    assert "commit eeeeeeeeeeee" in text


def test_a_failure_is_reported_with_its_location_and_its_fix() -> None:
    error = DataError("intent x is not in the domain.", location=Location("data/a.yml", 7), fix="Add it.")
    text = html.unescape(render_comment(replace(REPORT, failure=Failure.of(error))))
    assert text.splitlines()[1] == "### ❌ rebake: The run failed."
    assert "\n`data/a.yml:7`: intent x is not in the domain.\n" in text
    assert "Add it." in text
    assert "Trained Core." not in text


def test_each_assistant_of_a_repository_has_a_marker_of_its_own() -> None:
    assert len({marker(name) for name in ("", "bots/a", "bots/b", "bots-a")}) == 4
    assert "-->" not in marker("x --> y")[:-3]


@given(st.text(max_size=400))
def test_text_of_the_assistant_stays_text(text: str) -> None:
    escaped = escape(text)
    assert not re.search(r"[<|*`\[\]\\\n@]|(?<! )(?<!-)>", escaped.replace("&#", ""))
    assert not re.search(r"(?i)www\.|gh-\d|://", escaped)
    assert not re.search(r"[@#](?!\u200b)", html.unescape(escaped))


@pytest.mark.parametrize("text", ["hello", "data/nlu.yml", "bot-v1.0.tar.gz", "größer, 多言語"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert escape(text) == text


def test_a_huge_report_fits_into_a_comment_and_keeps_the_verdict() -> None:
    reasons = tuple(f"story {'ü' * 200} {number} added" for number in range(3000))
    huge = replace(REPORT, parts=tuple(replace(part, reasons=reasons) for part in REPORT.parts))
    text = render_comment(huge)
    assert len(text.encode()) <= LIMIT
    assert "### ✅ rebake: Trained Core." in text
    assert "more" in text
    assert text.rstrip().endswith("</sub>")
    assert len(render_summary(huge).encode()) <= 1_000_000


def duplicates(count: int) -> tuple[Notice, ...]:
    return tuple(Notice(f"Left out {n}.", Location("a.yml", n), NoticeKind.DUPLICATE_EXAMPLE) for n in range(1, count))


def test_many_warnings_of_a_kind_are_one_line_and_all_of_them_stand_in_the_json() -> None:
    report = replace(REPORT, notices=(*REPORT.notices, *duplicates(39)))
    for markdown in (render_comment(report), render_summary(report)):
        text = html.unescape(markdown)
        assert "- domain.yml:3: odd\n" in text
        assert "- 38 duplicate examples are left out, first at a.yml:1: Left out 1.\n" in text
        assert "The JSON report lists every warning" in text
        assert "Left out 2" not in text
    assert "The JSON report" not in render_comment(REPORT)
    listed = as_dict(report)["notices"]
    assert len(listed) == 39
    warning = {"severity": "warning"}
    assert listed[0] == {"message": "odd", "file": "domain.yml", "line": 3, "kind": None, **warning}
    assert listed[-1] == {
        "message": "Left out 38.",
        "file": "a.yml",
        "line": 38,
        "kind": "duplicate-example",
        **warning,
    }


def test_mere_information_is_in_the_json_alone() -> None:
    info = Notice("Unused.", Location("domain.yml", 9), NoticeKind.UNREAD_FILE)
    report = replace(REPORT, notices=(info,))
    assert "Unused" not in render_comment(report) + render_summary(report) + "".join(notice_lines(report.notices))
    assert as_dict(report)["notices"][0]["severity"] == "info"


class Counter:
    """Counts the calls of ``escape`` and the characters that it is given."""

    def __init__(self) -> None:
        self.calls = self.characters = 0

    def __call__(self, text: str) -> str:
        self.calls += 1
        self.characters += len(text)
        return escape(text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, NoticeKind.DUPLICATE_EXAMPLE])
def test_escaping_is_in_proportion_to_what_is_shown(kind: NoticeKind | None, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(Notice(f"odd {n} " + "x" * 100, Location("data/nlu.yml", n), kind) for n in range(38_000))
    reasons = tuple(f"story {n} added" for n in range(38_000))
    report = replace(REPORT, notices=many, parts=tuple(replace(part, reasons=reasons) for part in REPORT.parts))
    counter = Counter()
    monkeypatch.setattr("rebake.report.markdown.body.escape", counter)
    text = render_comment(report)
    shown = text.count("\n- ")
    assert shown > 250
    assert counter.calls < 4 * shown + 100
    assert counter.characters < 4 * len(text)


def test_the_longest_lists_that_fit_are_shown() -> None:
    reasons = tuple(f"story {n} added" for n in range(700))
    report = replace(REPORT, parts=(replace(REPORT.parts[0], reasons=reasons),))
    whole = render_comment(report)
    assert reasons[-1] in whole
    cut = render_comment(report, len(whole.encode()) - 1)
    assert reasons[499] in cut
    assert "- … and 200 more" in cut


@given(st.text(max_size=2000))
def test_only_the_first_characters_of_a_long_text_are_looked_at(text: str) -> None:
    shown = html.unescape(escape(text)).replace("\u200b", "")
    assert len(shown) <= 300
    assert shown.endswith("…") or len(" ".join(text.split())) <= 300


HOSTILE = st.text() | st.sampled_from(
    ["</details>", "\n::error::x", "##[error]x", "\x1b[2J", "<script>", "@team", "\u202e", "[x](http://y)", "\r\n- x"]
)


@given(HOSTILE, HOSTILE, st.none() | st.sampled_from(NoticeKind), st.integers(1, 9))
def test_a_warning_can_be_no_markdown_no_html_and_no_command(
    message: str, file: str, kind: NoticeKind | None, count: int
) -> None:
    notices = tuple(Notice(message, Location(file, n), kind) for n in range(count))
    bare = render_comment(replace(REPORT, notices=()))
    with_them = render_comment(replace(REPORT, notices=notices))
    is_folded = kind is None or kind.severity is Severity.WARNING
    for mark in ("<details>", "</details>", "<summary>", "<sub>"):
        assert with_them.count(mark) - bare.count(mark) == (
            is_folded and mark in ("<details>", "</details>", "<summary>")
        )
    assert re.sub(r"&#\d+;", "", with_them).count("@") == 0
    lines = notice_lines(notices)
    assert len(lines) == len(grouped(notices))
    for line in lines:
        assert line.isprintable()
        assert "##[" not in line


def test_what_cannot_fit_is_cut() -> None:
    assert len(fit(lambda length: "ä" * 1000, 100).encode()) <= 100


def test_the_json_report_has_the_documented_keys_and_no_nan(tmp_path: Path) -> None:
    failure = Failure.of(DataError("x", location=Location("a.yml", 1)))
    data = json.loads(render_json(replace(REPORT, failure=failure)))
    page = (ROOT / "docs" / "reference" / "report-json.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", page))
    parts = [data, *data["parts"].values(), data["model"], data["changes"], *data["changes"]["files"]]
    parts += [*data["notices"], data["error"]]
    assert {key for part in parts for key in part} <= documented
    assert data["metrics"]["TEDPolicy0.other"] is None
    assert data["error"]["exit_code"] == 65
    write_report(render_json(REPORT), tmp_path / "deep" / "report.json")
    assert json.loads((tmp_path / "deep" / "report.json").read_text(encoding="utf-8")) == as_dict(
        replace(REPORT, metrics={**REPORT.metrics, "TEDPolicy0.other": 0.0})
    ) | {"metrics": {"TEDPolicy0.loss": 0.123456, "TEDPolicy0.other": None}}


@pytest.mark.parametrize(
    ("report", "headline"),
    [
        (Report(mode="check"), "The model is fresh."),
        (Report(mode="check", parts=REPORT.parts, code=5), "The model is stale: Core and Responses."),
        (Report(mode="check", code=8, forced=True), "The model is stale: training was forced."),
        (Report(mode="train", parts=REPORT.parts[1:]), "Nothing to train; the responses were updated."),
        (Report(mode="train", parts=REPORT.parts[1:2]), "The model is fresh: nothing to train."),
    ],
)
def test_the_headline_says_it_in_one_sentence(report: Report, headline: str) -> None:
    assert report.headline == headline


def test_new_responses_are_updated_and_the_same_ones_are_not_taken_from_anywhere() -> None:
    verdicts = (PartVerdict("nlu", "fresh", (), A), PartVerdict("nlg", "stale", ("x",), A))
    parts = parts_of_verdict(Verdict(verdicts, False), reused={"nlu": "old.tar.gz"})
    assert [(part.origin, part.source) for part in parts] == [("reused", "old.tar.gz"), ("updated", None)]
    assert Report(mode="train", parts=parts).headline == "Nothing to train; the responses were updated."
    verdicts = (PartVerdict("nlu", "stale", ("x",), A), PartVerdict("nlg", "fresh", (), A))
    trained = Report(mode="train", parts=parts_of_verdict(Verdict(verdicts, False), trained=("nlu",)))
    assert trained.parts[1].origin == "reused"
    assert outcome_text(trained).splitlines()[-1].split() == ["Responses", "unchanged"]
    assert [part.origin for part in parts_of_verdict(Verdict(verdicts, False))] == ["none", "none"]  # a check


def test_a_model_without_responses_has_none_of_them() -> None:
    verdicts = (PartVerdict("nlu", "stale", ("x",), A), PartVerdict("nlg", "absent"))
    assert parts_of_verdict(Verdict(verdicts, False), trained=("nlu",))[1].origin == "none"


def test_errors_that_were_found_together_are_all_reported() -> None:
    errors = DataErrors()
    for line in range(1, 31):
        kind = NoticeKind.INVALID_YAML if line == 2 else None
        errors.add(DataError(f"wrong {line}", location=Location("a.yml", line), fix="Mend it.", kind=kind))
    with pytest.raises(DataError) as caught:
        errors.finish()
    report = Report(mode="check", failure=Failure.of(caught.value))
    others = as_dict(report)["error"]["others"]
    assert [other["line"] for other in others] == [*range(2, 31)]
    assert others[0] == {"message": "wrong 2", "fix": "Mend it.", "file": "a.yml", "line": 2, "kind": "invalid-yaml"}
    comment = render_comment(report)
    assert "`a.yml:21`: wrong 21 Mend it." in comment
    assert "- and 9 more" in comment


def test_what_is_unsupported_comes_after_what_is_wrong() -> None:
    errors = DataErrors()
    errors.add(UnsupportedError("custom"))
    errors.add(DataError("wrong"))
    with pytest.raises(DataError, match="wrong\ncustom") as caught:
        errors.finish()
    assert not isinstance(caught.value, UnsupportedError)


def test_a_story_that_was_rewritten_leaves_room_in_the_comment_for_the_rest() -> None:
    clauses = tuple(Clause(f"step {n}, action_a{n} -> action_b{n} {'x' * 200}") for n in range(1_000))
    found = (Difference("story", "long", clauses), Difference("intent", "greet", (Clause("1 example added"),)))
    comment = render_comment(replace(REPORT, differences=Differences(found, lambda *_: None)))
    assert '**story "long"**' in comment
    assert "  - and 980 more" in comment
    assert "**intent greet**: 1 example added" in comment
