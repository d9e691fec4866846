"""The conditions of a run: when they are met, what they say, and what goes into a commit status."""

from __future__ import annotations

import pytest

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    Figure,
    KindComparison,
    LabelChange,
    MetricChange,
    ModelComparison,
)
from rebake.evaluation.conversations import Conversation, StoryTest
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import ModelTest, NluTest
from rebake.report.gates import THRESHOLDS, Conditions, judge, judge_findings, reason, unmet_gates
from rebake.report.model import Report
from rebake.report.quality import Gate, Quality

pytestmark = pytest.mark.slow  # scikit-learn

NOTHING = ModelTest("model")
STORIES = ModelTest("model", stories=StoryTest((Conversation("s", ()),), True))
HALF = ModelTest(
    "model",
    NluTest(LabelTest((LabelledText("hi", "greet", "greet", 0.9), LabelledText("bye", "leave", "greet", 0.9)))),
)


def compared(head: float, p: float = 0.01) -> ModelComparison:
    labels = tuple(LabelChange(name, Figure(1.0, head, p), 9) for name in ("a\n::error::", "b", "c", "d"))
    broken = (ChangedPrediction("x", "a", "a", "b"),)
    metrics = (MetricChange("accuracy", Figure(0.9, head, p), "mcnemar"),)
    return ModelComparison("base", "head", (KindComparison("intents", 9, 0, 0, metrics, labels, broken),))


@pytest.mark.parametrize(
    ("head", "p", "max_drop", "is_met"),
    [
        (0.5, 0.01, 0.0, False),
        (0.5, 0.2, 0.0, True),  # noise
        (0.85, 0.01, 0.1, True),
        (0.79, 0.01, 0.1, False),
        (1.0, 0.01, 0.0, True),  # better
    ],
)
def test_worse_means_by_more_than_noise_and_than_is_allowed(
    head: float, p: float, max_drop: float, is_met: bool
) -> None:
    [gate] = judge(Conditions(worse=True, max_drop=max_drop), HALF, compared(head, p))
    assert gate.is_met is is_met
    if not is_met:
        assert f"intents, accuracy: 0.900 -> {head:.3f}" in gate.message


def test_without_a_base_nothing_is_worse_and_the_reason_is_said() -> None:
    [gate] = judge(Conditions(worse=True), HALF, None, "this is the first push to main")
    assert gate == Gate("worse", True, "There is nothing to compare with: this is the first push to main.")


def test_a_figure_that_is_missing_fails_where_all_was_tested_that_was_to_be_tested() -> None:
    conditions = Conditions(stories=True, least={"min-intent-f1": 0.0, "min-story-accuracy": 0.0})
    assert [gate.is_met for gate in judge(conditions, NOTHING, None)] == [False, False, False]
    assert judge(conditions, NOTHING, None, is_whole=False) == ()
    assert [gate.name for gate in judge(conditions, STORIES, None, is_whole=False)] == ["stories", "min-story-accuracy"]


def test_a_threshold_may_be_reached_exactly() -> None:
    f1 = HALF.nlu.weighted_f1["intents"]  # type: ignore[union-attr]
    for least, is_met in ((f1, True), (f1 + 1e-6, False)):
        [gate] = judge(Conditions(least={"min-intent-f1": least}), HALF, None)
        assert gate.is_met is is_met


def test_conditions_that_are_not_met_come_first() -> None:
    gates = judge(Conditions(stories=True, worse=True, least={"min-intent-f1": 0.9}), HALF, None)
    assert [(gate.name, gate.is_met) for gate in gates] == [
        ("stories", False),
        ("min-intent-f1", False),
        ("worse", True),
    ]


def test_findings_are_those_with_a_code() -> None:
    place = Location("a.yml", 1)
    warning, error = Notice("w", place, NoticeKind.UNUSED_INTENT), Notice("e", place, NoticeKind.UNKNOWN_SLOT)
    info = Notice("i", place, NoticeKind.UNUSED_INTENT, Severity.INFO)
    about_the_run = Notice("The comment could not be written.")

    def unmet(*notices: Notice) -> list[str]:
        return [gate.name for gate in judge_findings(("errors", "warnings"), notices) if not gate.is_met]

    assert unmet(about_the_run, info) == []
    assert unmet(warning) == ["warnings"]
    assert unmet(error) == ["errors", "warnings"]
    assert judge_findings(("stale", "worse"), [error]) == ()


def test_the_reason_for_a_status_repeats_nothing_of_the_files() -> None:
    [gate] = judge(Conditions(worse=True), HALF, compared(0.1))
    assert "::error::" in gate.message
    report = Report("train", quality=Quality(HALF, gates=(gate,)), gates=(Gate("warnings", False, "2 findings"),))
    assert [reason(gate) for gate in unmet_gates(report)] == [
        "there are findings",
        "the model is worse than the base",
    ]
    assert all(reason(Gate(name, False, "")) for name in (*THRESHOLDS, "stories", "errors"))
