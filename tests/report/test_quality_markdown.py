"""How good the model is, in the comment and in the job summary."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.differences.model import Clause, Difference
from rebake.evaluation.comparison.compare import compare_tests
from rebake.evaluation.result import ModelTest, NluTest
from rebake.report.comment import LIMIT, render_comment
from rebake.report.component_names import component_names, figure_names
from rebake.report.escaping import escape
from rebake.report.markdown.charts import label
from rebake.report.model import Differences, Failure, PartReport, Report
from rebake.report.quality import Gate, Quality
from rebake.report.redaction import Redaction
from rebake.report.summary import render_summary
from support.quality import HOSTILE, hostile_quality, labels, stories

NAMES = ("greet", "bye", "order", "cancel")


def quality(wrong: int, base: int | None = None, **more: Any) -> Quality:
    """Six examples of each intent, of which ``wrong`` of two intents are wrong."""
    head = ModelTest("head", NluTest(labels(wrong, NAMES)))
    other = None if base is None else compare_tests(ModelTest("base", NluTest(labels(base, NAMES))), head)
    return Quality(head, comparison=other, base_name=None if base is None else "main at 1234567", **more)


def trained(quality: Quality | None = None, **more: Any) -> Report:
    return Report("train", (PartReport("nlu", "stale", origin="trained", seconds=2.0),), 2, quality=quality, **more)


def heading(report: Report) -> str:
    return render_comment(report).splitlines()[1]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (trained(), "### ✅ rebake: Trained NLU."),
        (trained(name="bots/a"), "### ✅ rebake (bots/a): Trained NLU."),
        (trained(quality(0)), "### ✅ rebake: Trained NLU."),
        (trained(quality(2, 2)), "### ✅ rebake: Trained NLU. As good as the base."),
        (trained(quality(0, 6)), "### ✅ rebake: Trained NLU. Better than the base."),
        (trained(quality(6, 0)), "### ⚠️ rebake: Trained NLU. Worse than the base."),
        (
            trained(quality(0, gates=(Gate("stories", False, "x"), Gate("worse", True, "y")))),
            "### ❌ rebake: Trained NLU. 1 condition not met: stories.",
        ),
        (
            trained(Quality(ModelTest("head", stories=stories(False)))),
            "### ⚠️ rebake: Trained NLU. 1 of 2 test stories failed.",
        ),
        (
            trained(notices=(Notice("x", kind=NoticeKind.INVALID_DATA),)),
            "### ⚠️ rebake: Trained NLU. 1 error in the assistant's files.",
        ),
        (Report("check", (PartReport("nlu", "stale"),), 2), "### ⚠️ rebake: The model is stale: NLU."),
        (Report("check", failure=Failure("x")), "### ❌ rebake: The run failed."),
        (Report("check", failure=Failure("x", is_cancelled=True)), "### ⚪ rebake: The run was cancelled."),
    ],
)
def test_the_heading_has_the_verdict_as_icon_and_words(report: Report, expected: str) -> None:
    assert heading(report) == expected


def test_a_story_that_the_base_gets_right_broke() -> None:
    base, head = (ModelTest(name, stories=stories(name == "base")) for name in ("base", "head"))
    report = trained(Quality(head, comparison=compare_tests(base, head), base_name="main"))
    assert heading(report) == "### ⚠️ rebake: Trained NLU. 1 test story broke."
    assert re.search(r"^- ❌ .*tests/t.yml:2.*broke: ", render_comment(report), re.MULTILINE)


def test_a_story_that_fails_in_the_base_as_well_is_no_reason_to_stop() -> None:
    test = ModelTest("head", stories=stories(False))
    report = trained(Quality(test, comparison=compare_tests(test, test), base_name="main"))
    assert heading(report) == (
        "### ✅ rebake: Trained NLU. As good as the base. 1 of 2 test stories failed, as in the base."
    )


def test_figures_stand_beside_those_of_the_base_with_the_change_in_words() -> None:
    comment = render_comment(trained(quality(6, 0)))
    assert "| Quality | main at 1234567 | This model | Change | |" in comment
    assert re.search(r"^\| Intents: accuracy \| 1\.000 \| 0\.500 \| -0\.500 \| ▼ worse, p < 0\.001 \|$", comment, re.M)
    assert "- ▼ worse: greet, F1 1.000 → 0.000 (intents)" in comment


def test_without_a_base_the_comment_says_so_and_why() -> None:
    comment = render_comment(trained(quality(1, problem="the base's parts are not in the store")))
    assert "**There is no base to compare with:** the base's parts are not in the store." in comment
    assert "| Intents: accuracy | 0.917 | 24 examples |" in comment
    assert "Change" not in comment


def test_losses_stand_in_the_details_alone_without_numbers_of_nodes() -> None:
    comment = render_comment(trained(quality(0), metrics={"DIETClassifier5.loss": 0.25}))
    shown, _, folded = comment.partition("<details><summary>Training figures")
    assert "loss" not in shown
    assert "- DIETClassifier: loss 0.25" in folded


def test_components_of_one_class_are_counted_in_words_in_the_order_of_the_pipeline() -> None:
    assert component_names(["CRF10", "X2", "CRF9", "plain"]) == {
        "CRF9": "first CRF", "CRF10": "second CRF", "X2": "X", "plain": "plain",
    }  # fmt: skip
    assert figure_names(["A1.loss", "A2.loss", "odd"]) == {
        "A1.loss": "first A: loss", "A2.loss": "second A: loss", "odd": "odd",
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["check", "train"])
def test_no_row_consists_of_dashes_and_a_failed_run_has_no_verdict_code(mode: Any) -> None:
    parts = (PartReport("core", "stale"), PartReport("nlu", "fresh"), PartReport("nlg", "absent"))
    report = Report(mode, parts, 1)
    for render in (render_comment, render_summary):
        text = render(report)
        assert "| Part | State |" in text
        assert "–" not in text
        assert "verdict code 1" in text
        assert "verdict code" not in render(replace(report, failure=Failure("x"), code=0))


def test_the_first_differences_are_shown_and_the_others_folded() -> None:
    found = tuple(Difference("intent", f"i{number}", (Clause("1 example added"),)) for number in range(14))
    comment = render_comment(trained(differences=Differences(found)))
    shown, _, folded = comment.partition("<details><summary>4 more changes</summary>")
    assert "i9" in shown
    assert "i10" not in shown
    assert "i13" in folded


def test_errors_are_problems_at_the_line_with_a_link() -> None:
    error = Notice("No such action.", Location("data/s.yml", 3), NoticeKind.INVALID_DATA)
    differences = Differences((), lambda place, side: f"https://x/{side}/{place.file}#L{place.line}")
    comment = render_comment(trained(notices=(error,), differences=differences))
    assert "**Problems**\n\n- ❌ [`data/s.yml:3`](https://x/head/data/s.yml#L3): No such action.\n" in comment


def test_the_model_can_be_downloaded_where_it_was_published() -> None:
    report = trained(model_path="models/x.tar.gz", model_url="https://github.com/a/b/releases/download/v1/x.tar.gz")
    assert "[download models/x.tar.gz](https://github.com/a/b/releases/download/v1/x.tar.gz)" in render_comment(report)
    assert "`models/x.tar.gz` in the job's workspace" in render_comment(replace(report, model_url=None))


# What is allowed in the Markdown of a report: everything else must come out as text.
_OURS = re.compile(r"</?(details|summary|sub|code)>|<!-- rebake:model \. -->")


@pytest.mark.parametrize("has_base", [True, False])
@pytest.mark.parametrize("render", [render_comment, render_summary])
def test_names_and_texts_of_the_assistant_are_nothing_but_text(render: Any, has_base: bool) -> None:
    markdown = render(trained(hostile_quality(has_base=has_base)))
    assert len(markdown.encode()) <= LIMIT or render is render_summary
    assert markdown.count("<details>") == markdown.count("</details>")
    assert not re.search(r"<(?!=)", _OURS.sub("", markdown).replace("p < 0.001", ""))
    assert "@team" not in markdown
    assert "](http://evil" not in markdown
    fences = re.findall(r"^.*```.*$", markdown, re.MULTILINE)
    assert set(fences) <= {"```mermaid", "```"}
    assert not any(line.startswith(("::", "#")) for line in markdown.splitlines()[2:])


def test_the_summary_has_charts_that_a_name_cannot_break_out_of() -> None:
    summary = render_summary(trained(hostile_quality()))
    blocks = re.findall(r"^```mermaid\n(.*?)\n```$", summary, re.MULTILINE | re.DOTALL)
    charts = blocks[0].split("\n")[0]
    assert charts.startswith("%%{init: ")
    assert [block.split("\n")[0] for block in blocks] == [
        charts,
        charts,
        charts,
        "flowchart LR",
    ]
    for line in "\n".join(blocks).replace(charts, "").splitlines():
        assert line.count('"') % 2 == 0
        for quoted in re.findall(r'"([^"]*)"', line):
            assert not re.search(r"[<>\[\]{}()`;#%$&\\]", quoted)
    assert "```mermaid" not in render_comment(trained(hostile_quality()))


@given(st.text())
def test_a_label_of_a_chart_is_one_word_or_more_and_never_empty(text: str) -> None:
    assert re.fullmatch(r"[\w _.,:/+=≠·…-]+", label(text))


MARKDOWN = import_module("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
PIECES = st.text(max_size=3) | st.sampled_from(
    [*"-+*_.!():>#|[]<&`~\"'0123456789aB ", "->", "www.", "://", "1)", ":-)", *HOSTILE]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_an_escaped_text_renders_as_exactly_that_text(text: str) -> None:
    line = " ".join(text.split())
    if not line:
        return
    tokens = MARKDOWN.parse(f"- {escape(text)}\n")
    assert [token.type for token in tokens if token.nesting >= 0] == [
        "bullet_list_open", "list_item_open", "paragraph_open", "inline",
    ]  # fmt: skip
    inline = next(token for token in tokens if token.type == "inline")
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    shown = "".join(child.content for child in inline.children).replace("\u200b", "")
    assert shown == html.unescape(escape(text)).replace("\u200b", "")


def test_secrets_are_masked_in_the_test_of_the_model() -> None:
    secret = "s3cret"
    base = hostile_quality()
    test = ModelTest("head", NluTest(labels(3, (secret, "b"))), base.test.stories)
    report = trained(Quality(test, comparison=compare_tests(test, test), history=base.history))
    redacted = Redaction.of([secret, "intents"]).report(report)
    text = render_comment(redacted) + render_summary(redacted)
    assert secret in render_summary(report)
    assert secret not in text
    assert "Intents: accuracy" in text
