"""Tests of NLU: what is compared, the figures, and Rasa's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import EntitySpan, Example
from rebake.base.location import Location
from rebake.base.progress import Silent
from rebake.evaluation.json import as_dict, from_dict
from rebake.evaluation.nlu.parsed_examples import evaluate_nlu
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.result import ModelTest, NluTest
from rebake.evaluation.text import evaluation_text

pytestmark = pytest.mark.slow  # importing scikit-learn takes two seconds


class Answers:
    """A model that gives the answers of a test."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        return [{"text": text, "text_tokens": tokens(text), "entities": [], **self.answers[text]} for text in texts]


def tokens(text: str) -> list[list[int]]:
    """Tokens of one character each."""
    return [[place, place + 1] for place in range(len(text))]


def intent(name: str | None, confidence: float = 0.9, **more: Any) -> dict[str, Any]:
    return {"intent": {"name": name, "confidence": confidence}, **more}


def found(start: int, end: int, entity: str, extractor: str = "DIETClassifier", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "entity": entity, "value": "x", "extractor": extractor, **more}


def evaluated(model: Answers, *examples: Example) -> NluTest:
    return evaluate_nlu(model, examples, Silent())


def files(test: NluTest, directory: Path, **options: bool) -> dict[str, Any]:
    ResultFiles(directory, **options).write_nlu(test)
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in directory.iterdir()}


def test_intents_are_reported_as_rasa_does(tmp_path: Path) -> None:
    model = Answers(a=intent("greet"), b=intent("bye", 0.6), c=intent("bye"), d=intent(None, 0.0))
    examples = [Example("a", "greet"), Example("b", "greet"), Example("c", "bye"), Example("d", "bye")]
    written = files(evaluated(model, *examples, Example("e", None)), tmp_path)
    report = written["intent_report.json"]
    greet = {"precision": 1.0, "recall": 0.5, "f1-score": pytest.approx(2 / 3), "support": 2}
    assert report["greet"] == {**greet, "confused_with": {"bye": 1}}
    assert report["bye"] == {"precision": 0.5, "recall": 0.5, "f1-score": 0.5, "support": 2, "confused_with": {"": 1}}
    assert report["accuracy"] == 0.5
    assert report["macro avg"]["precision"] == 0.75
    assert report["micro avg"]["recall"] == 0.5
    assert report["weighted avg"]["support"] == 4
    assert written["intent_errors.json"] == [
        {"text": "b", "intent": "greet", "intent_prediction": {"name": "bye", "confidence": 0.6}},
        {"text": "d", "intent": "bye", "intent_prediction": {"name": "", "confidence": 0.0}},
    ]


def test_the_intent_before_a_fallback_counts_where_there_is_one() -> None:
    fallback = {"name": "nlu_fallback", "confidence": 0.7}
    ranking = [fallback, {"name": "greet", "confidence": 0.3}]
    model = Answers(
        a={"intent": fallback, "intent_ranking": ranking}, b={"intent": fallback, "intent_ranking": [fallback]}
    )
    test = evaluated(model, Example("a", "greet"), Example("b", "bye")).intents
    assert test is not None
    assert [(one.predicted, one.confidence) for one in test.examples] == [("greet", 0.3), ("nlu_fallback", 0.7)]


def test_a_retrieval_intent_is_tested_by_its_base_and_by_its_response(tmp_path: Path) -> None:
    def selected(key: str) -> dict[str, Any]:
        return {"response": {"intent_response_key": key, "confidence": 0.8}}

    selections = {"all_retrieval_intents": ["faq"], "faq": selected("faq/price"), "default": selected("chat/joke")}
    model = Answers(**{text: intent("faq", response_selector=selections) for text in "abc"})
    test = evaluated(model, Example("a", "faq/price"), Example("b", "chat/joke"), Example("c", "bye"))
    assert test.intents is not None
    assert test.responses is not None
    assert [one.expected for one in test.intents.examples] == ["faq", "chat", "bye"]
    assert [one.predicted for one in test.responses.examples] == ["faq/price", "chat/joke"]
    # all right, so an older list of errors must go
    (tmp_path / "response_selection_errors.json").write_text("[]", encoding="utf-8")
    assert "response_selection_errors.json" not in files(test, tmp_path)


def test_entities_are_scored_by_token_by_span_and_by_overlap(tmp_path: Path) -> None:
    city, size = EntitySpan(0, 4, "city", "abcd", role="to", group="1"), EntitySpan(6, 7, "size", "g")
    shorter = found(1, 4, "city", role="to", group="1")
    model = Answers(abcdefgh=intent("go", entities=[shorter, found(4, 5, "size"), found(6, 7, "size", "Crf")]))
    test = evaluated(model, Example("abcdefgh", "go", (city, size)))
    assert test.intents is None, "a single intent is no choice"
    assert test.entities is not None
    crf, diet = test.entities.extractors
    assert (crf.name, crf.spans.labels["size"].f1, crf.spans.labels["city.1.to"].recall) == ("Crf", 1.0, 0.0)
    assert diet.tokens.labels["city.1.to"].recall == 0.75
    assert diet.tokens.labels["size"].f1 == 0.0
    assert diet.tokens.accuracy == 5 / 8
    assert diet.spans.micro.f1 == 0.0
    assert (diet.overlaps.labels["city.1.to"].f1, diet.overlaps.micro.precision) == (1.0, 0.5)
    written = files(test, tmp_path, successes=True)
    assert written["DIETClassifier_report.json"]["city.1.to"]["confused_with"] == {}
    entry = written["DIETClassifier_errors.json"][0]
    assert entry["entities"][0] == {"start": 0, "end": 4, "value": "abcd", "entity": "city", "role": "to", "group": "1"}
    assert len(entry["predicted_entities"]) == 3
    assert written["DIETClassifier_successes.json"] == [entry]


def test_what_pretrained_extractors_find_is_not_tested() -> None:
    model = Answers(ab=intent("go", entities=[found(0, 1, "time", "DucklingEntityExtractor"), found(0, 1, "a", "Own")]))
    test = evaluated(model, Example("ab", "go", (EntitySpan(0, 1, "a", "a"),))).entities
    assert test is not None
    assert [extractor.name for extractor in test.extractors] == ["Own"]


def test_an_evaluation_survives_json_and_its_text_obeys_nobody() -> None:
    text = "x\x1b[2J"
    model = Answers(**{text: intent("a", entities=[found(0, 1, "e")]), "b": intent("a")})
    place = Location("nlu.yml", 3)
    span = EntitySpan(0, 1, "e", "x", role="r")
    test = ModelTest("m.tar.gz", evaluated(model, Example(text, "a", (span,), None, place), Example("b", "b")))
    assert from_dict(json.loads(json.dumps(as_dict(test)))) == test
    assert "\x1b" not in evaluation_text(test)
    with pytest.raises(ValueError, match="format 0"):
        from_dict({"format": 0})
