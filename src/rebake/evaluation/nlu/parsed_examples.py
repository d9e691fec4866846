"""What a model makes of test examples, beside what they are annotated with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rebake.assistant.model import Example
from rebake.base.progress import Progress
from rebake.evaluation.entities import EntityExample, EntityTest
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import NluTest
from rebake.nlu.classifiers.fallback_classifier import FALLBACK_INTENT
from rebake.registry.lookup import COMPONENTS

BATCH = 1024  # texts between two steps of the progress
DEFAULT_SELECTOR = "default"  # serves every retrieval intent that has no selector of its own
_FEWEST_LABELS = 2  # with a single one there is nothing to choose

Parse = Mapping[str, Any]


class TextParser(Protocol):
    """What parses texts, such as a :class:`rebake.model.Model`."""

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Parse texts, in order."""


def parse_all(parser: TextParser, texts: Sequence[str], progress: Progress, name: str) -> list[dict[str, Any]]:
    """Parse texts, in order, and report progress as a task of this name."""
    results: list[dict[str, Any]] = []
    with progress.task(name, len(texts), "message") as task:
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            results += parser.parse_all(batch)
            task.advance(len(batch))
    return results


def evaluate_nlu(
    parser: TextParser, examples: Sequence[Example], progress: Progress, name: str = "NLU test"
) -> NluTest:
    """Parse test examples and compare.

    As in ``rasa test nlu``: examples without an intent are left out, intents are tested where there are two, responses
    where there are two, and entities where one is annotated.
    """
    examples = [example for example in examples if base_intent(example)]
    parses = parse_all(parser, [example.text for example in examples], progress, name)
    pairs = list(zip(examples, parses, strict=True))
    intents = responses = entities = None
    if len({base_intent(example) for example in examples}) >= _FEWEST_LABELS:
        intents = LabelTest(tuple(_intent(example, parse) for example, parse in pairs))
    with_response = [(example, parse) for example, parse in pairs if response_key(example)]
    if len({response_key(example) for example, _ in with_response}) >= _FEWEST_LABELS:
        responses = LabelTest(tuple(_response(example, parse) for example, parse in with_response))
    if any(example.entities for example in examples):
        entities = EntityTest(tuple(_entities(example, parse) for example, parse in pairs))
    return NluTest(intents, responses, entities)


def base_intent(example: Example) -> str:
    """Return the intent, of a retrieval intent its base; "" where there is none."""
    return (example.intent or "").strip().partition("/")[0]


def response_key(example: Example) -> str:
    """Return the full name of a retrieval intent; "" where the intent is none."""
    intent = (example.intent or "").strip()
    return intent if "/" in intent else ""


def _intent(example: Example, parse: Parse) -> LabelledText:
    """With the classifier's own intent where a FallbackClassifier put its own before it."""
    predicted = parse["intent"]
    ranking = parse.get("intent_ranking", ())
    if predicted["name"] == FALLBACK_INTENT and len(ranking) > 1:
        predicted = ranking[1]
    name, confidence = predicted["name"] or "", _finite(predicted["confidence"])
    return LabelledText(parse["text"], base_intent(example), name, confidence, example.location)


def _response(example: Example, parse: Parse) -> LabelledText:
    selections = parse.get("response_selector", {})
    intent = base_intent(example)
    is_served = intent in selections.get("all_retrieval_intents", ()) and intent in selections
    selected = selections.get(intent if is_served else DEFAULT_SELECTOR, {}).get("response", {})
    key, confidence = selected.get("intent_response_key") or "", _finite(selected.get("confidence"))
    return LabelledText(parse["text"], response_key(example), key, confidence, example.location)


def _finite(confidence: float | None) -> float:
    """A model whose training diverged answers with what is not a number: it is sure of nothing."""
    return float(confidence) if confidence is not None and math.isfinite(confidence) else 0.0


def _entities(example: Example, parse: Parse) -> EntityExample:
    found = tuple(entity for entity in parse["entities"] if _is_tested(entity.get("extractor")))
    tokens = tuple((start, end) for start, end in parse.get("text_tokens", ()))
    return EntityExample(parse["text"], example.entities, found, tokens, example.location)


def _is_tested(extractor: str | None) -> bool:
    entry = COMPONENTS.get(extractor or "")
    return entry is None or entry.entities_are_tested
