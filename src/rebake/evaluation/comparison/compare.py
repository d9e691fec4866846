"""The tests of two models, compared example by example and story by story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from rebake.evaluation.comparison.matching import annotation_key, example_key, match, story_key
from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    ChangedStory,
    Figure,
    KindComparison,
    LabelChange,
    MetricChange,
    ModelComparison,
    TestedKind,
)
from rebake.evaluation.comparison.statistics import Found, PairedExample, compare_f1, mcnemar
from rebake.evaluation.conversations import Conversation, StoryTest
from rebake.evaluation.entities import EntityExample, EntityTest, label_of
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import ModelTest, NluTest

_TURN = "turn"  # right turns are counted as a label that every turn has


class _Judged(Protocol):
    @property
    def is_right(self) -> bool: ...


_J = TypeVar("_J", bound=_Judged)
_Span: TypeAlias = tuple[str, int, int]  # label, start, end


def compare_tests(base: ModelTest, head: ModelTest) -> ModelComparison:
    """Compare two tests on the examples and stories that both have; the rest is counted and left out."""
    before, after = base.nlu or NluTest(), head.nlu or NluTest()
    kinds = (
        _labels("intents", before.intents, after.intents),
        _labels("responses", before.responses, after.responses),
        _entities(before.entities, after.entities),
        _stories(base.stories, head.stories),
    )
    return ModelComparison(base.subject, head.subject, tuple(kind for kind in kinds if kind is not None))


def _labels(kind: TestedKind, base: LabelTest | None, head: LabelTest | None) -> KindComparison | None:
    found = match(() if base is None else base.examples, () if head is None else head.examples, example_key)
    counts = len(found.pairs), found.only_base, found.only_head
    if not found.pairs:
        return KindComparison(kind, *counts) if any(counts) else None
    broken, fixed = _changed(found.pairs)
    f1 = compare_f1(PairedExample((before.expected,), _found(before), _found(after)) for before, after in found.pairs)
    metrics = (
        _accuracy(found.pairs),
        MetricChange("weighted_f1", f1.weighted, "bootstrap"),
        MetricChange("macro_f1", f1.macro, "bootstrap"),
    )
    labels = _label_changes(f1.labels, [before.expected for before, _ in found.pairs])
    return KindComparison(
        kind, *counts, metrics, labels, tuple(map(_prediction, broken)), tuple(map(_prediction, fixed))
    )


def _found(example: LabelledText) -> Found:
    given = (example.predicted,) if example.predicted else ()
    return Found(given, given if example.is_right else ())


def _prediction(pair: tuple[LabelledText, LabelledText]) -> ChangedPrediction:
    before, after = pair
    return ChangedPrediction(
        after.text, after.expected, before.predicted, after.predicted, before.confidence, after.confidence,
        after.location,
    )  # fmt: skip


def _changed(pairs: Sequence[tuple[_J, _J]]) -> tuple[list[tuple[_J, _J]], list[tuple[_J, _J]]]:
    """The pairs that were right and are wrong, and the other way round."""
    changed = [pair for pair in pairs if pair[0].is_right != pair[1].is_right]
    return [pair for pair in changed if pair[0].is_right], [pair for pair in changed if pair[1].is_right]


def _accuracy(pairs: Sequence[tuple[_J, _J]]) -> MetricChange:
    broken, fixed = _changed(pairs)
    base, head = (sum(one.is_right for one in side) / len(pairs) for side in zip(*pairs, strict=True))
    return MetricChange("accuracy", Figure(base, head, mcnemar(len(fixed), len(broken))), "mcnemar")


def _label_changes(figures: Mapping[str, Figure], expected: Sequence[str]) -> tuple[LabelChange, ...]:
    support = Counter(expected)
    changes = [
        LabelChange(label, one, support[label])
        for label, one in figures.items()
        if support[label] and one.outcome != "same"
    ]
    return tuple(sorted(changes, key=lambda change: (change.figure.change, change.label)))


@dataclass(frozen=True)
class _Annotated:
    """An example with the entities that were found: label, start and end of each, once for all extractors."""

    example: EntityExample
    expected: frozenset[_Span]
    found: frozenset[_Span]

    @property
    def is_right(self) -> bool:
        return self.expected == self.found

    @property
    def as_found(self) -> Found:
        return Found(_names(self.found), _names(self.found & self.expected))

    def written(self, spans: frozenset[_Span]) -> str:
        """As in training data: ``[Rome](city)``."""
        ordered = sorted(spans, key=lambda span: (span[1:], span[0]))
        return ", ".join(f"[{self.example.text[start:end]}]({label})" for label, start, end in ordered)


def _entities(base: EntityTest | None, head: EntityTest | None) -> KindComparison | None:
    found = match(() if base is None else base.examples, () if head is None else head.examples, annotation_key)
    counts = len(found.pairs), found.only_base, found.only_head
    if not found.pairs:
        return KindComparison("entities", *counts) if any(counts) else None
    pairs = [(_annotated(before), _annotated(after)) for before, after in found.pairs]
    f1 = compare_f1(_spans(pairs))
    metrics = [_accuracy(pairs), MetricChange("span_f1", f1.micro, "bootstrap")]
    extractors = [_extractors(side) for side in zip(*found.pairs, strict=True)]
    if len(extractors[0] | extractors[1]) > 1:
        for name in sorted(extractors[0] & extractors[1]):
            of_extractor = [(_annotated(before, name), _annotated(after, name)) for before, after in found.pairs]
            metrics.append(MetricChange("span_f1", compare_f1(_spans(of_extractor)).micro, "bootstrap", name))
    broken, fixed = _changed(pairs)
    labels = _label_changes(f1.labels, [name for _, after in pairs for name in _names(after.expected)])
    return KindComparison(
        "entities", *counts, tuple(metrics), labels, tuple(map(_span_change, broken)), tuple(map(_span_change, fixed))
    )


def _annotated(example: EntityExample, extractor: str | None = None) -> _Annotated:
    found = (entity for name in _extractors([example]) if extractor in (None, name) for entity in example.found(name))
    spans = (frozenset((label_of(one), one.start, one.end) for one in side) for side in (example.expected, found))
    return _Annotated(example, *spans)


def _extractors(examples: Sequence[EntityExample]) -> set[str]:
    names = (entity.get("extractor") for example in examples for entity in example.predicted)
    return {name for name in names if name}


def _spans(pairs: Sequence[tuple[_Annotated, _Annotated]]) -> list[PairedExample]:
    return [PairedExample(_names(after.expected), before.as_found, after.as_found) for before, after in pairs]


def _names(spans: frozenset[_Span]) -> tuple[str, ...]:
    return tuple(sorted(label for label, _, _ in spans))


def _span_change(pair: tuple[_Annotated, _Annotated]) -> ChangedPrediction:
    before, after = pair
    return ChangedPrediction(
        after.example.text, after.written(after.expected), before.written(before.found), after.written(after.found),
        location=after.example.location,
    )  # fmt: skip


def _stories(base: StoryTest | None, head: StoryTest | None) -> KindComparison | None:
    found = match(() if base is None else base.conversations, () if head is None else head.conversations, story_key)
    counts = len(found.pairs), found.only_base, found.only_head
    if not found.pairs:
        return KindComparison("stories", *counts) if any(counts) else None
    turns = [PairedExample(_turns(before).labels, _turns(before), _turns(after)) for before, after in found.pairs]
    metrics = (_accuracy(found.pairs), MetricChange("turn_accuracy", compare_f1(turns).micro, "bootstrap"))
    broken, fixed = _changed(found.pairs)
    return KindComparison(
        "stories", *counts, metrics,
        broken_stories=tuple(_changed_story(after, after) for _, after in broken),
        fixed_stories=tuple(_changed_story(before, after) for before, after in fixed),
    )  # fmt: skip


def _turns(story: Conversation) -> Found:
    turns = list(story.turns)
    return Found((_TURN,) * len(turns), (_TURN,) * sum(turn.is_right for turn in turns))


def _changed_story(wrong: Conversation, head: Conversation) -> ChangedStory:
    return ChangedStory(head.name, next(turn for turn in wrong.turns if not turn.is_right), head.location)
