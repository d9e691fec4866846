"""Stories as paths that share their beginnings: the graph of a set of stories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from rebake.evaluation.conversations import (
    GivenLoop,
    GivenUser,
    StoryTest,
    TestedAction,
    TestedStep,
    TestedUser,
)

StepKind = Literal["user", "action", "loop", "wrong"]


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a path.

    Attributes:
        kind: who speaks or what happens; "wrong" for a turn that the model gets wrong.
        text: intent, action or form; of a wrong turn what was expected.
        found: what the model predicts in a wrong turn.
    """

    kind: StepKind
    text: str
    found: str | None = None

    @property
    def whole_text(self) -> str:
        return self.text if self.found is None else f"{self.text} ≠ {self.found}"


@dataclass
class PathNode:
    """A step that all stories which begin alike share.

    Attributes:
        step: what happens; None at the start.
        next: the steps that follow, in the order of the stories.
        stories: how many go through it.
    """

    step: PathStep | None = None
    next: dict[PathStep, PathNode] = field(default_factory=dict)
    stories: int = 0


@dataclass(frozen=True)
class StoryPaths:
    """The stories that are drawn, and how many are left out of a drawing that would be too large to read."""

    start: PathNode
    left_out: int

    @property
    def nodes(self) -> int:
        """How many steps there are to draw, the start included."""
        waiting, found = [self.start], 0
        while waiting:
            found += 1
            waiting += waiting.pop().next.values()
        return found


def paths_of_test(test: StoryTest, most: int) -> StoryPaths:
    """The tested conversations, those with a wrong turn first, in at most ``most`` steps."""
    ordered = sorted(test.conversations, key=lambda story: story.is_right)
    return _joined(([step for one in story.steps if (step := _tested(one))] for story in ordered), most)


def _joined(paths: Iterable[list[PathStep]], most: int) -> StoryPaths:
    start, count, left_out = PathNode(), 1, 0
    for path in paths:
        shared, node = 0, start
        for step in path:
            if step not in node.next:
                break
            node, shared = node.next[step], shared + 1
        if count + len(path) - shared > most:
            left_out += 1
            continue
        count += len(path) - shared
        node = start
        node.stories += 1
        for step in path:
            node = node.next.setdefault(step, PathNode(step))
            node.stories += 1
    return StoryPaths(start, left_out)


def _tested(step: TestedStep) -> PathStep | None:
    match step:
        case TestedAction(expected="action_listen") if step.is_right:
            return None  # the user's turn, which the next step is
        case TestedUser() | TestedAction() if not step.is_right:
            found = step.predicted if step.predicted != step.expected else "other entities"
            return PathStep("wrong", step.expected, found or "nothing")
        case TestedUser() | TestedAction():
            return PathStep("user" if isinstance(step, TestedUser) else "action", step.expected)
        case GivenUser():
            return PathStep("user", step.intent or step.text or "")
        case GivenLoop():
            return PathStep("loop", step.name or "end of the form")
    return None  # a slot: part of what the user said, mostly, and of no interest where a story goes wrong
