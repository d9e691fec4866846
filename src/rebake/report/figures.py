"""The figures of a model's test as rows of a table, with those of the base where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rebake.evaluation.comparison.result import ChangedStory, Figure, KindComparison, TestedKind
from rebake.evaluation.conversations import Conversation
from rebake.evaluation.figures import figures
from rebake.evaluation.result import ModelTest, NluTest
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


def figure_title(name: str) -> str:
    """ "intents.weighted_f1" for people, not escaped; a name that is not known here stays as it is."""
    kind, _, metric = name.partition(".")
    titles = (f"{TITLES[known]}: {metric_name_of(known, metric)}" for known in TITLES if known == kind)
    return next(titles, name)


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
    tested = _tested(test)
    for name, value in figures(test).items():
        kind, _, metric = name.partition(".")
        for known in TITLES:
            if known == kind and tested[known]:
                yield FigureRow(known, metric, value, tested[known])


def _tested(test: ModelTest) -> Mapping[TestedKind, int]:
    """How many examples or stories there are of each kind."""
    nlu = test.nlu or NluTest()
    return {
        "intents": len(nlu.intents.examples) if nlu.intents is not None else 0,
        "responses": len(nlu.responses.examples) if nlu.responses is not None else 0,
        "entities": len(nlu.entities.examples) if nlu.entities is not None else 0,
        "stories": len(test.stories.conversations) if test.stories is not None else 0,
    }


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
    """Return the failed test stories, those that the base gets right first, in the order of the files."""
    if quality.test.stories is None:
        return []
    kinds = () if quality.comparison is None else quality.comparison.kinds
    compared = next((kind for kind in kinds if kind.kind == "stories" and kind.compared), None)
    broken = set() if compared is None else {(story.name, story.location) for story in compared.broken_stories}
    found = [
        FailedStory(_failed(story), (story.name, story.location) in broken if compared is not None else None)
        for story in quality.test.stories.failed
    ]
    return sorted(found, key=_order)


def _order(failed: FailedStory) -> tuple[bool, str, int]:
    place = failed.story.location
    return (not failed.is_new, place.file if place is not None else "", place.line if place is not None else 0)


def _failed(story: Conversation) -> ChangedStory:
    return ChangedStory(story.name, next(turn for turn in story.turns if not turn.is_right), story.location)
