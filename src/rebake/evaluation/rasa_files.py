"""The files that ``rasa test`` writes, with the same keys and numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rebake.assistant.model import EntitySpan
from rebake.base.files import write_output
from rebake.errors import StorageError
from rebake.evaluation.conversations import Conversation, StoryTest
from rebake.evaluation.entities import NO_ENTITY, EntityExample
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import NluTest
from rebake.evaluation.scores import Score, Scores
from rebake.evaluation.stories.story_text import stories_text

_CONFUSED = 3  # how many labels Rasa looks at, the right one among them

_Item = TypeVar("_Item")


class ResultFiles:
    """Writes into one directory; a file whose list would be empty is removed, so that none is left of an earlier test.

    Args:
        directory: it is made if it is missing.
        successes: write the right predictions as well.
        errors: write the wrong predictions.
    """

    def __init__(self, directory: Path, *, successes: bool = False, errors: bool = True) -> None:
        self._directory = directory
        self._successes = successes
        self._errors = errors

    def require_directory(self) -> None:
        """Raise StorageError if the directory cannot be made or written to: better before hours of training."""
        place = self._directory
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise StorageError(f"{self._directory} cannot be written to.", fix="Name another directory with --out.")

    def write_nlu(self, test: NluTest) -> None:
        """Write the reports and lists of an NLU test. Raises StorageError."""
        if test.intents is not None:
            self._labels("intent", test.intents, _intent_entry)
        if test.responses is not None:
            self._labels("response_selection", test.responses, _response_entry)
        for extractor in test.entities.extractors if test.entities is not None else ():
            self._json(f"{extractor.name}_report.json", report(extractor.tokens, leave_out=NO_ENTITY))
            self._list(f"{extractor.name}_errors.json", self._errors, extractor.errors, _entity_entry)
            self._list(f"{extractor.name}_successes.json", self._successes, extractor.successes, _entity_entry)

    def write_stories(self, test: StoryTest) -> None:
        """Write the report of a test on stories, and the stories by how they came out. Raises StorageError."""
        content = report(test.scores, confused=False)
        right, total = len(test.right), len(test.conversations)
        content["conversation_accuracy"] = {
            "accuracy": right / total,
            "correct": right,
            "with_warnings": len(test.with_warnings),
            "total": total,
        }
        self._json("story_report.json", content)
        self._stories("failed_test_stories.yml", self._errors, test.failed, "No test story failed.")
        self._stories("stories_with_warnings.yml", True, test.with_warnings, "No test story has a warning.")
        self._stories("successful_test_stories.yml", self._successes, test.right, "No test story is right.")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file. Raises StorageError."""
        path = self._directory / name
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            write_output(path, text)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from error

    def _labels(self, kind: str, test: LabelTest, entry: Callable[[LabelledText], Mapping[str, Any]]) -> None:
        self._json(f"{kind}_report.json", report(test.scores))
        self._list(f"{kind}_errors.json", self._errors, test.errors, entry)
        right = [example for example in test.examples if example.is_right]
        self._list(f"{kind}_successes.json", self._successes, right, entry)

    def _list(
        self, name: str, wanted: bool, items: Sequence[_Item], entry: Callable[[_Item], Mapping[str, Any]]
    ) -> None:
        if wanted and items:
            self._json(name, [entry(item) for item in items])
        else:
            self._remove(name)

    def _stories(self, name: str, wanted: bool, conversations: Sequence[Conversation], if_none: str) -> None:
        if wanted:
            self.write_text(name, stories_text(conversations, if_none))
        else:
            self._remove(name)

    def _json(self, name: str, content: object) -> None:
        self.write_text(name, json.dumps(content, ensure_ascii=False, indent=2))

    def _remove(self, name: str) -> None:
        path = self._directory / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{path} cannot be removed: {error.strerror or error}.") from error


def report(scores: Scores, *, leave_out: str | None = None, confused: bool = True) -> dict[str, Any]:
    """Return Rasa's report: a row a label, three averages and the accuracy; empty where there is no label.

    Args:
        scores: of the labels.
        leave_out: the label that is left out of ``confused_with``.
        confused: whether each label has ``confused_with``.
    """
    if not scores.labels:
        return {}
    rows: dict[str, Any] = {label: _row(row) for label, row in scores.labels.items()}
    if confused:
        for label, names in _confused_with(scores, leave_out).items():
            rows[label]["confused_with"] = names
    rows["accuracy"] = scores.accuracy
    rows["macro avg"], rows["weighted avg"] = _row(scores.macro), _row(scores.weighted)
    rows["micro avg"] = _row(scores.micro)
    return rows


def _row(score: Score) -> dict[str, Any]:
    return {"precision": score.precision, "recall": score.recall, "f1-score": score.f1, "support": score.support}


def _confused_with(scores: Scores, leave_out: str | None) -> dict[str, dict[str, int]]:
    """Label -> what it is most often taken for, among the three most frequent predictions, its own included.

    Of equally frequent ones the last by name count; Rasa's choice among more than 16 labels depends on NumPy.
    """
    names = sorted({*scores.confusion, *(name for row in scores.confusion.values() for name in row)})
    found: dict[str, dict[str, int]] = {}
    for label in scores.labels:
        row = scores.confusion.get(label, {})
        most = sorted(names, key=lambda name: row.get(name, 0))[-_CONFUSED:]
        found[label] = {name: row[name] for name in reversed(most) if row.get(name) and name not in (label, leave_out)}
    return found


def _intent_entry(example: LabelledText) -> dict[str, Any]:
    prediction = {"name": example.predicted, "confidence": example.confidence}
    return {"text": example.text, "intent": example.expected, "intent_prediction": prediction}


def _response_entry(example: LabelledText) -> dict[str, Any]:
    return {
        "text": example.text,
        "intent_response_key_target": example.expected,
        "intent_response_key_prediction": {"name": example.predicted, "confidence": example.confidence},
    }


def _entity_entry(example: EntityExample) -> dict[str, Any]:
    entities = [entity_entry(entity) for entity in example.expected]
    return {"text": example.text, "entities": entities, "predicted_entities": list(example.predicted)}


def entity_entry(entity: EntitySpan) -> dict[str, Any]:
    """Return an annotated entity with the keys of Rasa's training data."""
    fields = {
        "start": entity.start, "end": entity.end, "value": entity.value, "entity": entity.entity,
        "role": entity.role, "group": entity.group,
    }  # fmt: skip
    return {key: value for key, value in fields.items() if value is not None}
