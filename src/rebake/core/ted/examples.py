"""Training examples of TEDPolicy and its kin: windows with what follows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, ActionExecuted, UserUttered
from rebake.core.dialogue.states import State, follows_unlikely_intent, intent_only
from rebake.core.dialogue.tracker import TrainingTracker


@dataclass(frozen=True, slots=True)
class TedExamples:
    """Windows with their labels.

    Attributes:
        states: [windows], oldest state first.
        labels: per window the names that may follow it; of a whole dialogue one per state.
        messages: per window the user turn of text that it ends with, or None; of a whole dialogue one per state.
            Entities are learned from them. Empty where the policy learns no entities.
    """

    states: list[list[State]]
    labels: list[list[str]]
    messages: list[list[UserUttered | None]] = field(default_factory=list)


def whole_dialogues(trackers: Iterable[TrainingTracker]) -> TedExamples:
    """One example per tracker, with the action that follows each of its states: FullDialogueTrackerFeaturizer.

    As in Rasa equal dialogues are all kept, the state before an unpredictable first action is left out, and so is the
    last, which nothing follows.
    """
    found = TedExamples([], [])
    for tracker in trackers:
        states = [state for state in tracker.past_states() if not follows_unlikely_intent(state)]
        labels: list[str] = []
        messages: list[UserUttered | None] = []
        said: UserUttered | None = None
        for event in tracker.applied_events():
            if isinstance(event, UserUttered):
                said = event if event.text and not event.intent else None
            elif isinstance(event, ActionExecuted) and event.name != ACTION_UNLIKELY_INTENT:
                if event.unpredictable:
                    states = states[1:]
                else:
                    labels.append(event.label)
                    messages.append(said)
                said = None
        if labels:
            count = min(len(labels), len(states) - 1)
            found.states.append([intent_only(state) for state in states[:count]])
            found.labels.append(labels[:count])
            found.messages.append(messages[:count])
    return found
