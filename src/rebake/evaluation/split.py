"""NLU data split into a training and a test part, by the rules of ``rasa data split nlu``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from rebake.assistant.model import Domain, Example, NluData
from rebake.assistant.nlu_data.writer import nlu_as_yaml
from rebake.assistant.yaml.writer import dump_yaml
from rebake.evaluation.nlu.parsed_examples import base_intent, response_key


def split_examples(examples: Iterable[Example], fraction: float, seed: int) -> tuple[list[Example], list[Example]]:
    """Split examples so that both parts have about their share of every intent and response, and at least one example.

    As with Rasa, rare labels come first, and the frequent ones make up for what had to be rounded; a label with a
    single example is in the test part alone. Unlike with Rasa, the same seed always gives the same split.

    Args:
        examples: those without an intent are left out.
        fraction: how much of them is to train on, from 0 to 1.
        seed: decides which examples.

    Returns:
        The training and the test part.
    """
    rest = [example for example in examples if base_intent(example)]
    intents = Counter(map(base_intent, rest))
    responses = Counter(key for example in rest if (key := response_key(example)))
    train: list[Example] = []
    test: list[Example] = []
    seen = 0
    for counts, label_of in ((responses, response_key), (intents, base_intent)):
        for label, _ in sorted(counts.items(), key=lambda item: item[1]):
            group = [example for example in rest if label_of(example) == label]
            if not group:  # a retrieval intent, whose examples all have responses
                continue
            rest = [example for example in rest if label_of(example) != label]
            Random(seed).shuffle(group)  # noqa: S311 (no secret)
            seen += len(group)
            count = min(len(group) - 1, max(1, int(seen * fraction) - len(train)))
            train += group[:count]
            test += group[count:]
    return train, test


def data_text(data: NluData, examples: Iterable[Example]) -> str:
    """Return YAML with some of the examples, and with all synonyms, regexes and lookup tables of the data."""
    return nlu_as_yaml(replace(data, examples=tuple(examples)))


def responses_text(domain: Domain, examples: Iterable[Example]) -> str:
    """Return YAML with those responses of the domain that the examples need."""
    needed = {f"utter_{key}" for example in examples if (key := response_key(example))}
    responses: dict[str, list[Mapping[str, Any]]] = {
        response.name: [dict(variation) for variation in response.variations]
        for response in domain.responses
        if response.name in needed
    }
    return dump_yaml({"version": "3.1", **({"responses": responses} if responses else {})})
