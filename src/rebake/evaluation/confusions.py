"""Intents that a model takes for each other, as findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import ModelTest
from rebake.nlu.classifiers.fallback_classifier import FALLBACK_INTENT

FEWEST = 2  # confused examples of a pair; a single one may be a slip of the pen
LEAST_SHARE = 0.2  # of the test examples of one of both intents


def confused_intents(test: ModelTest) -> Iterator[Notice]:
    """Yield a finding for each pair of intents that the model confuses, those with most confused examples first.

    A pair counts from :data:`FEWEST` examples on that are taken for the other intent, if they are
    :data:`LEAST_SHARE` of the test examples of one of both. The finding stands at the first of these examples.
    """
    intents = test.nlu.intents if test.nlu is not None else None
    if intents is not None:
        yield from map(_notice, _pairs(intents))


def _pairs(test: LabelTest) -> list[tuple[tuple[str, str], list[LabelledText], Counter[str]]]:
    support = Counter(example.expected for example in test.examples)
    confused: dict[tuple[str, str], list[LabelledText]] = defaultdict(list)
    for example in test.errors:
        if example.predicted not in ("", FALLBACK_INTENT):
            first, second = sorted((example.expected, example.predicted))
            confused[first, second].append(example)

    def is_much(examples: list[LabelledText]) -> bool:
        counts = Counter(example.expected for example in examples)
        return any(number >= LEAST_SHARE * support[intent] for intent, number in counts.items())

    pairs = [(pair, found, support) for pair, found in confused.items() if len(found) >= FEWEST and is_much(found)]
    return sorted(pairs, key=lambda pair: (-len(pair[1]), pair[0]))


def _notice(pair: tuple[tuple[str, str], list[LabelledText], Counter[str]]) -> Notice:
    intents, examples, support = pair
    counts = Counter(example.expected for example in examples)
    shares = [
        f"{counts[intent]} of {support[intent]} test examples of '{intent}' are predicted as '{other}'"
        for intent, other in (intents, intents[::-1])
        if counts[intent]
    ]
    first = examples[0]
    message = f"{' and '.join(shares)}, such as '{first.text}'."
    return Notice(message, first.location, NoticeKind.CONFUSED_INTENTS, subject=first.text)
