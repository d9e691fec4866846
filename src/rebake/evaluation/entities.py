"""Tests of entity extractors: token by token as in Rasa's reports, by exact span, and by overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rebake.assistant.model import EntitySpan
from rebake.base.location import Location
from rebake.evaluation.scores import Scores, score

NO_ENTITY = "no_entity"


@dataclass(frozen=True)
class EntityExample:
    """One test example.

    Attributes:
        text: as it was parsed.
        expected: the annotated entities.
        predicted: what all extractors found, as in Rasa's parse result.
        tokens: (start, end) of each token.
        location: of the example.
    """

    text: str
    expected: tuple[EntitySpan, ...]
    predicted: tuple[Mapping[str, Any], ...]
    tokens: tuple[tuple[int, int], ...]
    location: Location | None = None

    @cached_property
    def expected_labels(self) -> list[str]:
        """[n_tokens] labels of the annotation."""
        return _token_labels(self.tokens, self.expected)

    def found(self, extractor: str) -> list[EntitySpan]:
        """Return what one extractor found."""
        return [_span(entity) for entity in self.predicted if entity.get("extractor") == extractor]

    def labels(self, extractor: str) -> list[str]:
        """Return [n_tokens] labels that one extractor gives."""
        return _token_labels(self.tokens, self.found(extractor))


@dataclass(frozen=True)
class ExtractorTest:
    """The figures of one extractor.

    A label is the entity with its group and role: ``city``, ``city.1.departure``.

    Attributes:
        name: its class, e.g. ``DIETClassifier``.
        tokens: by token, as in Rasa's reports; tokens of no entity count in the accuracy alone.
        spans: by entity: label, start and end must be right.
        overlaps: by entity: the label must be right, and one character shared.
        errors: the examples with a token whose label is wrong.
        successes: the examples with a token of an entity whose label is right.
    """

    name: str
    tokens: Scores
    spans: Scores
    overlaps: Scores
    errors: tuple[EntityExample, ...]
    successes: tuple[EntityExample, ...]


@dataclass(frozen=True)
class EntityTest:
    """The test of all extractors that found something; all figures follow from the examples."""

    examples: tuple[EntityExample, ...]

    @cached_property
    def extractors(self) -> tuple[ExtractorTest, ...]:
        found = (entity.get("extractor") for example in self.examples for entity in example.predicted)
        return tuple(evaluate_extractor(self.examples, name) for name in sorted({name for name in found if name}))


def evaluate_extractor(examples: Sequence[EntityExample], extractor: str) -> ExtractorTest:
    """Compare what one extractor found with the annotation."""
    expected: list[str] = []
    predicted: list[str] = []
    errors, successes = [], []
    for example in examples:
        wanted, given = example.expected_labels, example.labels(extractor)
        expected += wanted
        predicted += given
        if wanted != given:
            errors.append(example)
        if any(one == other != NO_ENTITY for one, other in zip(wanted, given, strict=True)):
            successes.append(example)
    return ExtractorTest(
        extractor,
        score(expected, predicted, leave_out=NO_ENTITY),
        _by_entity(examples, extractor, _is_same),
        _by_entity(examples, extractor, _overlaps),
        tuple(errors),
        tuple(successes),
    )


def label_of(entity: EntitySpan) -> str:
    """``type.group.role``, without those that it has not."""
    return ".".join(part for part in (entity.entity, entity.group, entity.role) if part)


def _span(entity: Mapping[str, Any]) -> EntitySpan:
    return EntitySpan(
        entity["start"], entity["end"], entity["entity"], str(entity.get("value")), entity.get("role"),
        entity.get("group"),
    )  # fmt: skip


def _token_labels(tokens: Iterable[tuple[int, int]], entities: Sequence[EntitySpan]) -> list[str]:
    """The label of the entity that shares most characters with each token, of equal ones the first."""
    labels = []
    for start, end in tokens:
        shared = [min(end, entity.end) - max(start, entity.start) for entity in entities]
        most = max(shared, default=0)
        labels.append(label_of(entities[shared.index(most)]) or NO_ENTITY if most > 0 else NO_ENTITY)
    return labels


def _by_entity(
    examples: Iterable[EntityExample], extractor: str, agree: Callable[[EntitySpan, EntitySpan], bool]
) -> Scores:
    """Scores of whole entities: each annotated one is matched with at most one that was found."""
    expected: list[str] = []
    predicted: list[str] = []
    for example in examples:
        rest = example.found(extractor)
        for wanted in example.expected:
            same = (found for found in rest if label_of(found) == label_of(wanted) and agree(wanted, found))
            match = next(same, None)
            expected.append(label_of(wanted))
            predicted.append(NO_ENTITY if match is None else label_of(match))
            if match is not None:
                rest.remove(match)
        expected += [NO_ENTITY] * len(rest)
        predicted += map(label_of, rest)
    return score(expected, predicted, leave_out=NO_ENTITY, labels={*expected, *predicted})


def _is_same(one: EntitySpan, other: EntitySpan) -> bool:
    return (one.start, one.end) == (other.start, other.end)


def _overlaps(one: EntitySpan, other: EntitySpan) -> bool:
    return one.start < other.end and other.start < one.end
