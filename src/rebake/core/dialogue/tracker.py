"""Trackers: a conversation as its events, and the states that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from rebake.assistant.model import Story
from rebake.core.dialogue.applied_events import applied_events
from rebake.core.dialogue.conversation_state import ConversationState
from rebake.core.dialogue.events import (
    ActionExecuted,
    ActionReverted,
    Event,
    Restarted,
    UserUtteranceReverted,
)
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import LOOP, PREVIOUS_ACTION, SLOTS, USER, State, StateBuilder, follows_listen


class Tracker:
    """A conversation to predict on."""

    def __init__(self, builder: StateBuilder, events: Iterable[Event] = ()) -> None:
        self.builder = builder
        self.events: list[Event] = []
        self.now = ConversationState(builder)
        for event in events:
            self.update(event)

    def update(self, event: Event) -> None:
        """Log an event."""
        self.events.append(event)
        if isinstance(event, UserUtteranceReverted | ActionReverted):
            self.now.reset()
            for applied in self.applied_events():
                self.now.apply(applied)
        else:
            self.now.apply(event)

    def applied_events(self) -> list[Event]:
        """Return the events that count: without what was reverted, and without repeated turns of a running form."""
        return applied_events(self.events)

    def past_states(self, *, omit_unset_slots: bool = False) -> list[State]:
        """Return the state before each applied action, and the current one.

        Args:
            omit_unset_slots: leave out slots that have only their initial value.
        """
        then = ConversationState(self.builder)
        states: list[State] = []
        for event in self.applied_events():
            if isinstance(event, ActionExecuted):
                states.append(then.state(omit_unset_slots=omit_unset_slots))
            then.apply(event)
        states.append(then.state(omit_unset_slots=omit_unset_slots))
        return states

    def story_states(self, rule_only: RuleOnlyData) -> list[State]:
        """As :meth:`past_states`, for policies that learn from stories: without what they have never seen.

        Turns marked ``hide_rule_turn`` are left out, and so are the slots and loops that only rules mention.
        """
        then = ConversationState(self.builder)
        states: list[State] = []
        hidden = False
        last_action: dict[str, str] = {}

        def add(hide: bool) -> None:
            nonlocal hidden, last_action
            if not hidden:
                last_action = then.latest_action
            # A forced action or a form that asks on belongs to the turn before, hidden or not.
            if not then.followup and then.latest_action_name != then.active_loop:
                hidden = hide
            if not hidden:
                states.append(_as_in_stories(then.state(), states[-1] if states else None, last_action, rule_only))

        for event in self.applied_events():
            if isinstance(event, ActionExecuted):
                add(event.hide_rule_turn)
            then.apply(event)
        add(False)
        return states


def _as_in_stories(state: State, before: State | None, last_action: dict[str, str], rule_only: RuleOnlyData) -> State:
    """The state without what only rules know, in a new dict."""
    state = dict(state)
    state[SLOTS] = {name: value for name, value in state.get(SLOTS, {}).items() if name not in rule_only.slots}
    if state.get(LOOP, {}).get("name") in rule_only.loops:
        del state[LOOP]
    if before is not None and not follows_listen(state):
        # What the user said in a hidden turn must not reach the turns after it.
        state[USER] = before.get(USER, {})
    elif USER in state:
        state[USER] = dict(state[USER])  # not the same object as another turn's: see rebake.core.featurizers
    if last_action:
        state[PREVIOUS_ACTION] = dict(last_action)
    return {part: content for part, content in state.items() if content}


class TrainingTracker(Tracker):
    """A training conversation, which knows the stories it was made of and keeps its states as it grows.

    As in Rasa, the kept states count every action that was logged, also a form's repeated turns which
    :meth:`applied_events` leaves out, and start over where a story reverts a user turn.

    Attributes:
        name: names of its stories, joined by " > ".
        stories: where it comes from, for messages.
        is_rule: made of a rule.
        is_augmented: made by gluing stories together.
    """

    def __init__(self, builder: StateBuilder, *, is_rule: bool = False) -> None:
        self.name = ""
        self.stories: tuple[Story, ...] = ()
        self.is_rule = is_rule
        self.is_augmented = False
        self._closed: list[int] = []
        super().__init__(builder)

    def copy(self) -> Self:
        """Make an independent copy that shares states."""
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other.events = self.events.copy()
        other.now = self.now.copy()
        other._closed = self._closed.copy()
        return other

    def update(self, event: Event) -> None:
        """Log an event."""
        if isinstance(event, ActionExecuted):
            self._closed.append(self.builder.intern(self.now.state()))
        super().update(event)
        if isinstance(event, ActionReverted):
            self._closed.pop()
        elif isinstance(event, UserUtteranceReverted | Restarted):
            self._closed = []

    def follow(
        self, events: Sequence[Event], known: dict[tuple[object, ...], tuple[list[int], ConversationState]]
    ) -> None:
        """Log events, none of which reverts another.

        Args:
            events: the same for every use of ``known``.
            known: place before the events -> states on the way, and where they lead. Filled here: of many trackers at
                the same place only one walks the whole way.
        """
        place = self.now.place
        if place in known:
            numbers, now = known[place]
            self.events.extend(events)
            self._closed.extend(numbers)
            self.now = now.copy()
            return
        before = len(self._closed)
        for event in events:
            self.update(event)
        known[place] = self._closed[before:], self.now.copy()

    @property
    def state_numbers(self) -> tuple[int, ...]:
        """The kept states as interned numbers: equal for trackers that featurize alike."""
        return (*self._closed, self.builder.intern(self.now.state()))

    def past_states(self, *, omit_unset_slots: bool = False) -> list[State]:
        """Return the kept states; computed again where slots with only their initial value are to be left out."""
        if omit_unset_slots:
            return super().past_states(omit_unset_slots=True)
        return [self.builder.state(number) for number in self.state_numbers]
