"""NLU examples dealt out to the folds of a cross-validation."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

from rebake.assistant.model import Example
from rebake.errors import DataError
from rebake.evaluation.nlu.parsed_examples import base_intent

Split = tuple[tuple[Example, ...], tuple[Example, ...]]
"""Examples to train on, and those that are held out."""


def folds_of(examples: Sequence[Example], count: int, seed: int) -> list[Split]:
    """Deal the examples out, so that each fold has its share of every intent; the same seed gives the same folds.

    Intents with fewer examples than folds are left out, and so are examples without an intent, as in Rasa. Responses of
    a retrieval intent are dealt out like intents.

    Args:
        examples: in any order, which counts.
        count: how many folds, 2 or more.
        seed: decides which example comes into which fold.

    Raises:
        DataError: no intent has enough examples.
    """
    from sklearn.model_selection import StratifiedKFold

    counts = Counter(map(base_intent, examples))
    kept = [example for example in examples if base_intent(example) and counts[base_intent(example)] >= count]
    labels = [(example.intent or "").strip() for example in kept]
    if max(Counter(labels).values(), default=0) < count:
        raise DataError(
            f"No intent has {count} examples, one for each fold.",
            fix="Add examples, or choose fewer folds with --folds.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a response with few examples is missing in some folds
        dealt = list(StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels))
    return [(tuple(kept[place] for place in train), tuple(kept[place] for place in test)) for train, test in dealt]


def left_out(examples: Sequence[Example], count: int) -> dict[str, int]:
    """Return the intents that have too few examples for so many folds, with how many they have."""
    counts = Counter(base_intent(example) for example in examples if base_intent(example))
    return {intent: number for intent, number in sorted(counts.items()) if number < count}
