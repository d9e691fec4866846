"""The conditions of a run, and whether they are met: one implementation for `rebake test` and for the action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rebake.base.location import Notice
from rebake.base.notice_kinds import Severity
from rebake.evaluation.comparison.result import ROUNDING, MetricChange, ModelComparison, TestedKind
from rebake.evaluation.figures import figures
from rebake.evaluation.result import ModelTest
from rebake.report.comparison.words import TITLES, count, metric_name
from rebake.report.model import Report
from rebake.report.quality import Gate

_WORST = 3  # labels that a message names


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least value that a figure may have.

    Attributes:
        figure: its name in :func:`rebake.evaluation.figures.figures`.
        title: what people call it.
        unmet: what the commit status says where the figure is below.
    """

    figure: str
    title: str
    unmet: str


THRESHOLDS: Mapping[str, Threshold] = {
    "min-intent-f1": Threshold("intents.weighted_f1", "weighted F1 of the intents", "the F1 of the intents is too low"),
    "min-entity-f1": Threshold("entities.span_f1", "F1 of the entities", "the F1 of the entities is too low"),
    "min-response-f1": Threshold(
        "responses.weighted_f1", "weighted F1 of the responses", "the F1 of the selected responses is too low"
    ),
    "min-story-accuracy": Threshold("stories.accuracy", "share of right stories", "too few test stories are right"),
}
_UNMET = {
    "errors": "there are findings that are errors",
    "warnings": "there are findings",
    "stories": "test stories failed",
    "worse": "the model is worse than the base",
    **{name: threshold.unmet for name, threshold in THRESHOLDS.items()},
}


@dataclass(frozen=True)
class Conditions:
    """What a model has to meet.

    Attributes:
        stories: every test story is right.
        worse: no metric is worse than the base's by more than noise, and by more than ``max_drop``.
        max_drop: from 0 to below 1.
        least: name of a threshold -> the least value, from 0 to 1.
    """

    stories: bool = False
    worse: bool = False
    max_drop: float = 0.0
    least: Mapping[str, float] = field(default_factory=dict)


def judge(
    conditions: Conditions,
    test: ModelTest,
    comparison: ModelComparison | None,
    problem: str | None = None,
    *,
    is_whole: bool = True,
) -> tuple[Gate, ...]:
    """Judge a model.

    Args:
        conditions: what it has to meet.
        test: what it got right.
        comparison: with the base; None where there is none to compare with, which is no reason to fail.
        problem: why there is none, a clause.
        is_whole: everything was tested that was to be tested; otherwise a figure that is missing is no reason to fail.

    Returns:
        a gate for each condition, those that are not met first.
    """
    gates = []
    if conditions.stories and (test.stories is not None or is_whole):
        gates.append(_stories(test))
    if conditions.worse:
        gates.append(_worse(comparison, conditions.max_drop, problem))
    known = figures(test)
    for name, least in conditions.least.items():
        value = known.get(THRESHOLDS[name].figure)
        if value is not None or is_whole:
            gates.append(_least(name, value, least))
    return in_order(gates)


def judge_findings(fail_on: Iterable[str], notices: Iterable[Notice]) -> tuple[Gate, ...]:
    """Judge the findings about the assistant's files: gates for "errors" and "warnings", if ``fail_on`` has them."""
    severities = [notice.severity for notice in notices if notice.kind is not None]
    errors = severities.count(Severity.ERROR)
    warnings = severities.count(Severity.WARNING)
    gates = []
    if "errors" in fail_on:
        gates.append(Gate("errors", not errors, f"{count(errors, 'finding')} of severity error."))
    if "warnings" in fail_on:
        message = f"{count(errors + warnings, 'finding')} of severity warning or error."
        gates.append(Gate("warnings", not errors + warnings, message))
    return in_order(gates)


def in_order(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Sort gates: those that are not met first."""
    return tuple(sorted(gates, key=lambda gate: gate.is_met))


def gates_of(report: Report) -> tuple[Gate, ...]:
    """Return the conditions of a run, on the findings and on the model."""
    of_quality = report.quality.gates if report.quality is not None else ()
    return (*report.gates, *of_quality)


def unmet_gates(report: Report) -> tuple[Gate, ...]:
    """Return the conditions that a run does not meet."""
    return tuple(gate for gate in gates_of(report) if not gate.is_met)


def reason(gate: Gate) -> str:
    """Return what is wrong where a gate is not met: a clause without anything from the assistant's files."""
    return _UNMET[gate.name]


def _stories(test: ModelTest) -> Gate:
    if test.stories is None:
        return Gate("stories", is_met=False, message="No test story was tested.")
    failed, total = len(test.stories.failed), len(test.stories.conversations)
    return Gate("stories", not failed, f"{failed} of {count(total, 'test story')} failed.")


def _worse(comparison: ModelComparison | None, max_drop: float, problem: str | None) -> Gate:
    if comparison is None or comparison.is_empty:
        why = problem or "the tests have no example in common"
        return Gate("worse", is_met=True, message=f"There is nothing to compare with: {why}.")
    allowed = f", of more than {max_drop:g}" if max_drop else ""
    worse = comparison.worse_by_more_than(max_drop)
    if not worse:
        return Gate("worse", is_met=True, message=f"No figure is worse than the base's by more than noise{allowed}.")
    changes = [f"{_metric(kind.kind, metric)} {_change(metric)}" for kind, metric in worse]
    labels = [label.label for kind, _ in worse for label in kind.labels if label.figure.outcome == "worse"]
    shown = [f"'{label}'" for label in dict.fromkeys(labels)][:_WORST]
    more = f" and {len(set(labels)) - _WORST} more" if len(set(labels)) > _WORST else ""
    by = f"; worse labels: {', '.join(shown)}{more}" if shown else ""
    return Gate("worse", is_met=False, message=f"Worse than the base{allowed}: {'; '.join(changes)}{by}.")


def _metric(kind: TestedKind, metric: MetricChange) -> str:
    return f"{TITLES[kind].lower()}, {metric_name(kind, metric)}:"


def _change(metric: MetricChange) -> str:
    return f"{metric.figure.base:.3f} -> {metric.figure.head:.3f}"


def _least(name: str, value: float | None, least: float) -> Gate:
    title = THRESHOLDS[name].title
    if value is None:
        return Gate(name, is_met=False, message=f"The {title} is unknown: the test data does not cover it.")
    return Gate(name, value >= least - ROUNDING, f"The {title} is {value:.3f}; at least {least:g} is required.")
