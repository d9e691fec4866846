"""The figures of a test by which models are judged, compared over time, and kept in the history."""

from __future__ import annotations

from collections.abc import Mapping

from rebake.evaluation.conversations import StoryTest
from rebake.evaluation.entities import EntityExample, EntityTest, label_of
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.result import ModelTest, NluTest


def figures(test: ModelTest) -> Mapping[str, float]:
    """Return ``kind.metric`` -> a figure from 0 to 1, of all that was tested.

    Kinds and metrics are those of a comparison (:mod:`rebake.evaluation.comparison.result`): ``intents.weighted_f1``,
    ``entities.span_f1``, ``stories.accuracy``.
    """
    nlu = test.nlu or NluTest()
    found: dict[str, float] = {}
    for kind, labels in (("intents", nlu.intents), ("responses", nlu.responses)):
        if labels is not None:
            found |= {f"{kind}.{name}": value for name, value in _labels(labels).items()}
    if nlu.entities is not None:
        found |= {f"entities.{name}": value for name, value in _entities(nlu.entities).items()}
    if test.stories is not None:
        found |= {f"stories.{name}": value for name, value in _stories(test.stories).items()}
    return found


def _labels(test: LabelTest) -> Mapping[str, float]:
    scores = test.scores
    return {"accuracy": scores.accuracy, "weighted_f1": scores.weighted.f1, "macro_f1": scores.macro.f1}


def _entities(test: EntityTest) -> Mapping[str, float]:
    """Of all extractors together: an entity counts once, whichever extractor found it."""
    right = wanted = found = right_examples = 0
    for example in test.examples:
        expected, predicted = _expected(example), _predicted(example)
        right += len(expected & predicted)
        wanted += len(expected)
        found += len(predicted)
        right_examples += expected == predicted
    total = wanted + found
    accuracy = right_examples / len(test.examples) if test.examples else 0.0
    return {"accuracy": accuracy, "span_f1": 2 * right / total if total else 0.0}


def _expected(example: EntityExample) -> set[tuple[str, int, int]]:
    return {(label_of(entity), entity.start, entity.end) for entity in example.expected}


def _predicted(example: EntityExample) -> set[tuple[str, int, int]]:
    extractors = {entity.get("extractor") for entity in example.predicted}
    found = [entity for name in extractors if name for entity in example.found(name)]
    return {(label_of(entity), entity.start, entity.end) for entity in found}


def _stories(test: StoryTest) -> Mapping[str, float]:
    turns = [turn.is_right for conversation in test.conversations for turn in conversation.turns]
    right, total = len(test.right), len(test.conversations)
    return {
        "accuracy": right / total if total else 0.0,
        "turn_accuracy": sum(turns) / len(turns) if turns else 0.0,
    }
