"""The figures of a model's test as rows of a table, with those of the base where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rebake.evaluation.comparison.result import ChangedStory, Figure, KindComparison, TestedKind
from rebake.evaluation.conversations import Conversation, StoryTest
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.result import ModelTest
from rebake.report.comparison.words import TITLES, count, metric_name_of
from rebake.report.quality import Quality

MOST_TELLING = frozenset({"weighted_f1", "accuracy", "span_f1", "turn_accuracy"})  # the others are for the details
_NO_ENTITIES_RIGHT = ("entities", "accuracy")  # few readers ask for it


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of the model.

    Attributes:
        kind: what was tested.
        metric: as in :class:`~rebake.evaluation.comparison.result.MetricChange`.
        extractor: that found the entities; None for all, and where there are no entities.
        head: from 0 to 1.
        change: both values and whether the change is more than noise; None where the base was not tested on it.
        tested: examples or stories that the figure is over.
    """

    kind: TestedKind
    metric: str
    head: float
    tested: int
    change: Figure | None = None
    extractor: str | None = None

    @property
    def title(self) -> str:
        """For people, not escaped."""
        return f"{TITLES[self.kind]}: {metric_name_of(self.kind, self.metric, self.extractor)}"

    @property
    def tested_on(self) -> str:
        return count(self.tested, "story" if self.kind == "stories" else "example")

    @property
    def is_telling(self) -> bool:
        """Whether it belongs into a short table: a figure of its kind that everybody knows, or one that changed."""
        if self.change is not None and self.change.outcome in ("better", "worse"):
            return True
        return self.metric in MOST_TELLING and (self.kind, self.metric) != _NO_ENTITIES_RIGHT


def figure_rows(quality: Quality) -> list[FigureRow]:
    """Return the figures of intents, responses, entities and stories, in this order."""
    compared = {} if quality.comparison is None else {kind.kind: kind for kind in quality.comparison.kinds}
    rows: list[FigureRow] = []
    own = list(_own_rows(quality.test))
    for title in TITLES:
        kind = compared.get(title)
        if kind is not None and kind.metrics:
            rows += _compared_rows(kind)
        else:
            rows += [row for row in own if row.kind == title]
    return rows


def _compared_rows(kind: KindComparison) -> Iterator[FigureRow]:
    for metric in kind.metrics:
        figure = metric.figure
        yield FigureRow(kind.kind, metric.name, figure.head, kind.compared, figure, metric.extractor)


def _own_rows(test: ModelTest) -> Iterator[FigureRow]:
    if test.nlu is not None:
        yield from _label_rows("intents", test.nlu.intents)
        yield from _label_rows("responses", test.nlu.responses)
        if test.nlu.entities is not None:
            extractors = test.nlu.entities.extractors
            tested = len(test.nlu.entities.examples)
            for one in extractors:
                name = one.name if len(extractors) > 1 else None
                yield FigureRow("entities", "span_f1", one.spans.micro.f1, tested, extractor=name)
    if test.stories is not None and test.stories.conversations:
        yield from _story_rows(test.stories)


def _label_rows(kind: TestedKind, test: LabelTest | None) -> Iterator[FigureRow]:
    if test is None or not test.examples:
        return
    tested = len(test.examples)
    yield FigureRow(kind, "accuracy", sum(one.is_right for one in test.examples) / tested, tested)
    yield FigureRow(kind, "weighted_f1", test.scores.weighted.f1, tested)
    yield FigureRow(kind, "macro_f1", test.scores.macro.f1, tested)


def _story_rows(test: StoryTest) -> Iterator[FigureRow]:
    stories = test.conversations
    turns = [turn for story in stories for turn in story.turns]
    yield FigureRow("stories", "accuracy", len(test.right) / len(stories), len(stories))
    if turns:
        yield FigureRow("stories", "turn_accuracy", sum(turn.is_right for turn in turns) / len(turns), len(stories))


@dataclass(frozen=True, slots=True)
class FailedStory:
    """A test story that the model gets wrong.

    Attributes:
        story: with its first wrong turn.
        is_new: the base gets it right; None where the base was not tested on it.
    """

    story: ChangedStory
    is_new: bool | None

    @property
    def text(self) -> str:
        """What became of it, without its name, for people."""
        if self.is_new:
            return "broke"
        return "fails" if self.is_new is None else "fails, as in the base"


def failed_stories(quality: Quality) -> list[FailedStory]:
    """Return the failed test stories, those that the base gets right first."""
    if quality.test.stories is None:
        return []
    kinds = () if quality.comparison is None else quality.comparison.kinds
    compared = next((kind for kind in kinds if kind.kind == "stories" and kind.compared), None)
    broken = set() if compared is None else {(story.name, story.location) for story in compared.broken_stories}
    found = [
        FailedStory(_failed(story), (story.name, story.location) in broken if compared is not None else None)
        for story in quality.test.stories.failed
    ]
    return sorted(found, key=lambda one: not one.is_new)


def _failed(story: Conversation) -> ChangedStory:
    return ChangedStory(story.name, next(turn for turn in story.turns if not turn.is_right), story.location)
