"""What differs between the tests of two models on the same examples, as one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rebake.base.location import Location
from rebake.evaluation.conversations import TestedAction, TestedUser

LEVEL = 0.05  # a change is more than noise if chance alone makes one as large less often
ROUNDING = 1e-9  # what rounding may make of no change

TestedKind: TypeAlias = Literal["intents", "responses", "entities", "stories"]
SignificanceTest: TypeAlias = Literal["mcnemar", "bootstrap"]
Outcome: TypeAlias = Literal["better", "worse", "noise", "same"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both models; the higher, the better.

    Attributes:
        base, head: from 0 to 1.
        p: how often chance alone makes a change that is as large, from 0 to 1.
    """

    base: float
    head: float
    p: float

    @property
    def change(self) -> float:
        return self.head - self.base

    @property
    def outcome(self) -> Outcome:
        """``noise``: there is a change, which chance explains."""
        if abs(self.change) < ROUNDING:
            return "same"
        if self.p >= LEVEL:
            return "noise"
        return "better" if self.change > 0 else "worse"


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric of both models.

    Attributes:
        name: ``accuracy`` (share of examples or stories that are right as a whole), ``weighted_f1`` and ``macro_f1`` of
            labels, ``span_f1`` (micro F1 of entities by exact span), ``turn_accuracy`` (of stories).
        figure: its values.
        test: exact McNemar, or paired bootstrap over the examples.
        extractor: that found the entities; None: all of them together.
    """

    name: str
    figure: Figure
    test: SignificanceTest
    extractor: str | None = None


@dataclass(frozen=True, slots=True)
class LabelChange:
    """F1 of one label in both models, of entities by exact span.

    Attributes:
        label: an intent, a response or an entity.
        figure: each label is judged by itself, so of many that change by chance, one in twenty is not called noise.
        support: how many of the compared examples have it; of an entity how many times it is annotated.
    """

    label: str
    figure: Figure
    support: int


@dataclass(frozen=True, slots=True)
class ChangedPrediction:
    """An example that one model gets right and the other wrong.

    Attributes:
        text: of the example.
        expected: the annotated label, or entities as in training data: ``[Rome](city)``.
        before, after: what base and head predict; "" for nothing.
        confidence_before, confidence_after: None for entities.
        location: of the example in the test of the head.
    """

    text: str
    expected: str
    before: str
    after: str
    confidence_before: float | None = None
    confidence_after: float | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class ChangedStory:
    """A story that one model gets right and the other wrong.

    Attributes:
        name: of the story.
        turn: the first wrong one.
        location: of the story in the test of the head.
    """

    name: str
    turn: TestedUser | TestedAction
    location: Location | None = None


@dataclass(frozen=True)
class KindComparison:
    """One kind of what is tested, on the examples that both tests have.

    Attributes:
        kind: what it is.
        compared: how many examples or stories both tests have.
        only_base, only_head: how many only one test has; they count in no figure.
        metrics: empty where nothing is compared.
        labels: those whose F1 changed, the worst change first.
        broken: examples that were right and are wrong; of stories see ``broken_stories``.
        fixed: the other way round.
        broken_stories, fixed_stories: the same of stories.
    """

    kind: TestedKind
    compared: int
    only_base: int
    only_head: int
    metrics: tuple[MetricChange, ...] = ()
    labels: tuple[LabelChange, ...] = ()
    broken: tuple[ChangedPrediction, ...] = ()
    fixed: tuple[ChangedPrediction, ...] = ()
    broken_stories: tuple[ChangedStory, ...] = ()
    fixed_stories: tuple[ChangedStory, ...] = ()


@dataclass(frozen=True)
class ModelComparison:
    """The tests of two models, compared.

    Attributes:
        base: what the head is compared with: a model, or a configuration that was cross-validated.
        head: likewise.
        kinds: what at least one of them tested.
    """

    base: str
    head: str
    kinds: tuple[KindComparison, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the tests have no example in common."""
        return not any(kind.compared for kind in self.kinds)

    def changed(self, outcome: Outcome) -> Iterator[tuple[KindComparison, MetricChange]]:
        """Yield the metrics that came out so."""
        return ((kind, metric) for kind in self.kinds for metric in kind.metrics if metric.figure.outcome == outcome)

    def worse_by_more_than(self, max_drop: float) -> list[tuple[KindComparison, MetricChange]]:
        """Return the metrics that are worse by more than noise and dropped by more than ``max_drop``."""
        return [(kind, metric) for kind, metric in self.changed("worse") if -metric.figure.change > max_drop + ROUNDING]
