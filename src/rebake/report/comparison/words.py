"""What text and Markdown of a comparison have in common: names, verdicts, and how a change was tested."""

from __future__ import annotations

from collections.abc import Mapping

from rebake.evaluation.comparison.result import (
    ChangedStory,
    Figure,
    KindComparison,
    MetricChange,
    ModelComparison,
    Outcome,
    TestedKind,
)
from rebake.evaluation.conversations import TestedUser

TITLES: Mapping[TestedKind, str] = {
    "intents": "Intents",
    "responses": "Responses",
    "entities": "Entities",
    "stories": "Stories",
}
OUTCOMES: Mapping[Outcome, str] = {
    "better": "▲ better",
    "worse": "▼ worse",
    "noise": "≈ within noise",
    "same": "= same",
}
METHOD = (
    "Better and worse mean by more than noise at 95 %: by McNemar's exact test for shares of examples and stories, "
    "by paired bootstrap over these for F1 and turns."
)
_METRICS = {
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "span_f1": "F1 by exact span",
    "turn_accuracy": "turns right",
}
_ACCURACIES: Mapping[TestedKind, str] = {
    "intents": "accuracy",
    "responses": "accuracy",
    "entities": "examples with all entities right",
    "stories": "stories right",
}


def metric_name(kind: TestedKind, metric: MetricChange) -> str:
    """Return a metric's name for people, not escaped: the name of an extractor comes from a file."""
    return metric_name_of(kind, metric.name, metric.extractor)


def metric_name_of(kind: TestedKind, metric: str, extractor: str | None = None) -> str:
    """Return the same of a metric that is not compared; one that is not known here is named as it is."""
    name = _ACCURACIES[kind] if metric == "accuracy" else _METRICS.get(metric, metric)
    return name if extractor is None else f"{name}, {extractor}"


def verdict(comparison: ModelComparison) -> str:
    """Return the whole comparison in one line, not escaped."""
    worse, better = (_named(comparison, outcome) for outcome in ("worse", "better"))
    if comparison.is_empty:
        return "Nothing to compare: the tests have no example in common"
    if worse:
        return f"▼ Worse than the base: {worse}" + (f". Better: {better}" if better else "")
    if better:
        return f"▲ Better than the base: {better}"
    if any(True for _ in comparison.changed("noise")):
        return "≈ No figure differs from the base by more than noise"
    return "= The same figures as the base"


def _named(comparison: ModelComparison, outcome: Outcome) -> str:
    found: dict[str, list[str]] = {}
    for kind, metric in comparison.changed(outcome):
        found.setdefault(TITLES[kind.kind].lower(), []).append(metric_name(kind.kind, metric))
    return ", ".join(f"{kind} ({', '.join(names)})" for kind, names in found.items())


def counted(kind: KindComparison) -> str:
    """Return how many examples were compared, and how many were not."""
    noun = "story" if kind.kind == "stories" else "example"
    left_out = [
        f"{number:,} only in the {side}'s test"
        for side, number in (("base", kind.only_base), ("head", kind.only_head))
        if number
    ]
    more = f"; left out: {', '.join(left_out)}" if left_out else ""
    return f"{count(kind.compared, noun)} compared{more}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def signed(figure: Figure) -> str:
    """Return the change with its sign."""
    return "0" if figure.outcome == "same" else f"{figure.change:+.3f}"


def chance(figure: Figure) -> str:
    """Return p as statisticians write it."""
    return "p < 0.001" if figure.p < 0.001 else f"p = {figure.p:.3f}".replace("1.000", "1")


def confidence(number: float | None) -> str:
    """Return a confidence in parentheses, where there is one."""
    return "" if number is None else f" ({number:.2f})"


def wrong_turn(story: ChangedStory) -> str:
    """Return what is wrong in a story, not escaped."""
    turn = story.turn
    if isinstance(turn, TestedUser) and turn.expected == turn.predicted:
        return f"other entities than expected in '{turn.text}'"
    at = f"'{turn.text}': " if isinstance(turn, TestedUser) else ""
    return f"{at}{turn.predicted or 'nothing'}, not {turn.expected}"
