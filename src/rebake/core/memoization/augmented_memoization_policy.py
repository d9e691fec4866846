"""AugmentedMemoizationPolicy: as MemoizationPolicy, and if that finds nothing it forgets the past turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rebake.core.dialogue.events import ACTION_LISTEN, ActionExecuted, Event
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import State
from rebake.core.dialogue.tracker import Tracker
from rebake.core.memoization.memoization_policy import MemoizationPolicy, memory_key


class AugmentedMemoizationPolicy(MemoizationPolicy):
    """Also recalls a situation in which slots were set earlier that the story does not know of.

    Options that act: as of MemoizationPolicy.
    """

    name: ClassVar[str] = "AugmentedMemoizationPolicy"

    def recall(self, states: Sequence[State], tracker: Tracker, rule_only: RuleOnlyData) -> str | None:
        """What followed these states, or those of the conversation with its beginning cut off."""
        action = super().recall(states, tracker, rule_only)
        if action is not None:
            return action
        seen = list(states)
        shorter = _from_action(self._recent(tracker), 0)
        while shorter is not None:
            cut = Tracker(tracker.builder, shorter)
            states = self.featurizer.prediction_states(cut, rule_only=rule_only)
            if states != seen:
                action = self.lookup.get(memory_key(states))
                if action is not None:
                    return action
                seen = states
            shorter = _from_action(cut.applied_events(), 1)
        return None

    def _recent(self, tracker: Tracker) -> list[Event]:
        """The events back to the listen action before the last ``max_history`` actions."""
        history = self.featurizer.max_history
        events = tracker.applied_events()
        actions = 0
        for start in range(len(events) - 1, -1, -1) if history else ():
            event = events[start]
            if isinstance(event, ActionExecuted):
                actions += 1
                if actions > (history or 0) and event.name == ACTION_LISTEN:
                    return Tracker(tracker.builder, events[start:]).applied_events()
        return events


def _from_action(events: Sequence[Event], number: int) -> list[Event] | None:
    """Events from the first (0) or second (1) action on; None if there are not so many."""
    places = [place for place, event in enumerate(events) if isinstance(event, ActionExecuted)]
    return list(events[places[number] :]) if number < len(places) else None
