"""Tests of conversations: what was said, what should have followed, and what the model chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from rebake.base.location import Location
from rebake.evaluation.scores import Scores, score
from rebake.evaluation.stories.entity_pairs import entity_pairs


@dataclass(frozen=True, slots=True)
class TestedUser:
    """A user turn. Entities are compared by start, end, entity and value alone, as in ``rasa test core``.

    Attributes:
        text: what the user says; None for a turn that has an intent alone, which is then taken as it is.
        expected: the intent, of a retrieval intent its full name if the story has it.
        predicted: the same.
        entities: those that the story has, with "entity", "value", and of a text "start" and "end".
        predicted_entities: likewise.
        location: of the step.
    """

    text: str | None
    expected: str
    predicted: str
    entities: tuple[Mapping[str, Any], ...] = ()
    predicted_entities: tuple[Mapping[str, Any], ...] = ()
    location: Location | None = None

    @property
    def is_right(self) -> bool:
        wanted, found = ({repr(dict(entity)) for entity in side} for side in (self.entities, self.predicted_entities))
        return self.expected == self.predicted and wanted == found


@dataclass(frozen=True, slots=True)
class TestedAction:
    """A turn of the bot.

    Attributes:
        expected: the action's name, or its text (``is_text``).
        predicted: what the model chose.
        policy: that decided; "" where the model had chosen too many actions without waiting for the user.
        confidence: of the policy.
        unlikely: UnexpecTEDIntentPolicy found the user's intent unlikely here; then the next choice counts.
        is_text: the story has ``bot:`` instead of ``action:``.
    """

    expected: str
    predicted: str
    policy: str
    confidence: float
    unlikely: bool = False
    is_text: bool = False

    @property
    def is_right(self) -> bool:
        return self.expected == self.predicted


@dataclass(frozen=True, slots=True)
class GivenUser:
    """A user turn of a story that is tested by its intents, which are taken as they are.

    Attributes:
        intent: "" where the story has a text in its place.
        entities: that the story has.
        text: None where the story has an intent.
    """

    intent: str
    entities: tuple[Mapping[str, Any], ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class GivenSlot:
    """A slot that the story sets, or that an entity fills."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class GivenLoop:
    """A form that the story activates, or ends (None)."""

    name: str | None


TestedStep: TypeAlias = TestedUser | TestedAction | GivenUser | GivenSlot | GivenLoop


@dataclass(frozen=True)
class Conversation:
    """One story that was tested.

    Attributes:
        name: names of its stories, joined by " > " where checkpoints join several.
        steps: in order.
        location: of the first story.
    """

    name: str
    steps: tuple[TestedStep, ...]
    location: Location | None = None

    @property
    def turns(self) -> Iterator[TestedUser | TestedAction]:
        """What is right or wrong."""
        return (step for step in self.steps if isinstance(step, TestedUser | TestedAction))

    @property
    def is_right(self) -> bool:
        return all(turn.is_right for turn in self.turns)

    @property
    def has_warning(self) -> bool:
        """Whether everything is right, and an intent was found unlikely on the way."""
        return self.is_right and any(isinstance(turn, TestedAction) and turn.unlikely for turn in self.turns)


@dataclass(frozen=True)
class StoryTest:
    """The test of a Core model on stories; all figures follow from the conversations.

    Attributes:
        conversations: in order.
        is_end_to_end: user turns were parsed and count as well.
    """

    conversations: tuple[Conversation, ...]
    is_end_to_end: bool

    @cached_property
    def scores(self) -> Scores:
        """Of all actions, and end to end of all intents and entities, together as in Rasa's report."""
        expected, predicted = [], []
        for wanted, found in self._pairs():
            expected.append(wanted)
            predicted.append(found)
        return score(expected, predicted)

    @property
    def failed(self) -> Sequence[Conversation]:
        return [conversation for conversation in self.conversations if not conversation.is_right]

    @property
    def right(self) -> Sequence[Conversation]:
        return [conversation for conversation in self.conversations if conversation.is_right]

    @property
    def with_warnings(self) -> Sequence[Conversation]:
        return [conversation for conversation in self.conversations if conversation.has_warning]

    def _pairs(self) -> Iterator[tuple[str, str]]:
        users = []
        for conversation in self.conversations:
            for turn in conversation.turns:
                yield turn.expected, turn.predicted
                if isinstance(turn, TestedUser) and turn.text is not None:
                    users.append((turn.text, turn.entities, turn.predicted_entities))
        yield from entity_pairs(users)
