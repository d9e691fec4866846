"""Which examples and stories two tests have in common."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rebake.evaluation.conversations import (
    Conversation,
    GivenLoop,
    GivenSlot,
    GivenUser,
    TestedAction,
    TestedStep,
    TestedUser,
)
from rebake.evaluation.entities import EntityExample
from rebake.evaluation.labels import LabelledText

_T = TypeVar("_T")


@dataclass(frozen=True)
class Matches(Generic[_T]):
    """Items of two tests.

    Attributes:
        pairs: the same item in base and head, in the head's order.
        only_base, only_head: how many have no counterpart.
    """

    pairs: tuple[tuple[_T, _T], ...]
    only_base: int
    only_head: int


def match(base: Iterable[_T], head: Iterable[_T], key: Callable[[_T], Hashable]) -> Matches[_T]:
    """Pair the items with equal keys. Where several share one, the first is paired with the first, and so on."""
    waiting: dict[Hashable, deque[_T]] = defaultdict(deque)
    for item in base:
        waiting[key(item)].append(item)
    pairs = []
    only_head = 0
    for item in head:
        same = waiting.get(key(item))
        if same:
            pairs.append((same.popleft(), item))
        else:
            only_head += 1
    return Matches(tuple(pairs), sum(map(len, waiting.values())), only_head)


def example_key(example: LabelledText) -> Hashable:
    """Return what makes an example the same: its text and its label."""
    return example.text, example.expected


def annotation_key(example: EntityExample) -> Hashable:
    """Return what makes an example with entities the same: its text and its annotation."""
    return example.text, example.expected


def story_key(story: Conversation) -> Hashable:
    """Return what makes a story the same: its name, what users say in it, and what should follow.

    Slots do not count: which of them the entities of a story fill depends on the domain of the model.
    """
    steps = [_step(step) for step in story.steps if not isinstance(step, GivenSlot)]
    return story.name, json.dumps(steps, sort_keys=True, default=repr)


def _step(step: TestedStep) -> list[object]:
    match step:
        case TestedUser():
            return ["user", step.text, step.expected, [dict(entity) for entity in step.entities]]
        case TestedAction():
            return ["action", step.expected, step.is_text]
        case GivenUser():
            return ["said", step.text, step.intent, [dict(entity) for entity in step.entities]]
        case GivenLoop():
            return ["loop", step.name]
        case _:
            return ["slot", step.name, step.value]
