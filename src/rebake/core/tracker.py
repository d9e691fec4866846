"""Trackers: a conversation as its events, and the states that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from rebake.assistant.model import Story
from rebake.core.applied import applied_events
from rebake.core.events import (
    ACTION_LISTEN,
    ACTION_SESSION_START,
    SHOULD_NOT_BE_SET,
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)
from rebake.core.states import LOOP, PREVIOUS_ACTION, SLOTS, USER, State, StateBuilder, follows_listen

if TYPE_CHECKING:
    from rebake.core.policy import RuleOnlyData


class Conversation:
    """Where a conversation stands after some events; cheap to copy, and to turn into a state."""

    __slots__ = (
        "_builder",
        "_slots",
        "_user",
        "_was_set",
        "followup",
        "latest_action",
        "loop",
        "loop_interrupted",
        "loop_rejected",
        "message",
        "values",
    )

    def __init__(self, builder: StateBuilder) -> None:
        self._builder = builder
        self.reset()

    def reset(self) -> None:
        """Back to the start of a conversation."""
        self._reset_slots()
        self._user: dict[str, Any] = {}
        self.message: UserUttered | None = None
        self.latest_action: dict[str, str] = {}
        self.loop: str | None = None
        self.loop_rejected = False
        self.loop_interrupted = False
        self.followup: str | None = ACTION_LISTEN

    def _reset_slots(self) -> None:
        self.values = dict(self._builder.initial_values)
        self._slots = self._builder.initial_slots
        self._was_set: frozenset[str] = frozenset()

    def copy(self) -> Conversation:
        """An independent copy; the parts of states stay shared."""
        other = Conversation.__new__(Conversation)
        for name in Conversation.__slots__:
            setattr(other, name, getattr(self, name))
        other.values = dict(self.values)
        return other

    @property
    def latest_action_name(self) -> str | None:
        """Name, or end to end the text, of the last action."""
        return self.latest_action.get("action_name") or self.latest_action.get("action_text")

    @property
    def active_loop(self) -> str | None:
        """Name of the running loop; a rule's ``should_not_be_set`` is none."""
        return None if self.loop == SHOULD_NOT_BE_SET else self.loop

    def apply(self, event: Event) -> None:  # noqa: PLR0912 (one branch per kind of event)
        """Move on by one event. The two reverting events need all events, so the tracker handles them."""
        match event:
            case ActionExecuted():
                key = "action_name" if event.name else "action_text"
                self.latest_action = {key: event.label}
                self.loop_interrupted = False
                if event.name is not None and event.name == self.active_loop:
                    self.loop_rejected = False
                self.followup = None
            case UserUttered():
                self._hear(event)
                self.followup = None
            case SlotSet():
                self._set_slot(event.name, event.value)
            case ActiveLoop():
                self.loop, self.loop_rejected, self.loop_interrupted = event.name, False, False
            case ActionExecutionRejected():
                self.loop_rejected = self.loop_rejected or (self.loop is not None and event.name == self.active_loop)
            case LoopInterrupted():
                self.loop_interrupted = self.loop is not None and event.is_interrupted
            case UserFeaturization():
                if self.message is not None and self.latest_action_name == ACTION_LISTEN:
                    self._hear(replace(self.message, use_text=event.use_text))
            case EntitiesAdded():
                if self.message is not None and self.latest_action_name == ACTION_LISTEN:
                    new = tuple(entity for entity in event.entities if entity not in self.message.entities)
                    self._hear(replace(self.message, entities=self.message.entities + new))
            case FollowupAction():
                self.followup = event.name
            case AllSlotsReset():
                self._reset_slots()
            case Restarted():
                self.reset()
                self.followup = ACTION_SESSION_START
            case SessionStarted():
                self.reset()

    def _hear(self, message: UserUttered) -> None:
        self.message = message
        self._user = self._builder.user_part(message)

    def _set_slot(self, name: str, value: Any) -> None:
        if name not in self.values:
            return
        slot = self._builder.slots.get(name)
        if slot is None:
            self.values[name] = value
            return
        self.values[name] = slot.stored(value)
        self._was_set = self._was_set | {name}
        feature = slot.feature(self.values[name])
        if self._slots.get(name) != feature:
            others = {key: known for key, known in self._slots.items() if key != name}
            self._slots = others if feature is None else {**others, name: feature}

    def state(self, *, omit_unset_slots: bool = False) -> State:
        """The current state; ``omit_unset_slots`` leaves out slots that have only their initial value."""
        slots = self._slots
        if omit_unset_slots:
            slots = {name: feature for name, feature in slots.items() if name in self._was_set}
        state: State = {}
        if self._user:
            state[USER] = self._user
        if slots:
            state[SLOTS] = slots
        if self.latest_action:
            state[PREVIOUS_ACTION] = self.latest_action
        if self.loop is not None:
            state[LOOP] = {"name": self.loop}
        return state


class Tracker:
    """A conversation to predict on."""

    def __init__(self, builder: StateBuilder, events: Iterable[Event] = ()) -> None:
        self.builder = builder
        self.events: list[Event] = []
        self.now = Conversation(builder)
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
        """The events that count: without what was reverted, and without repeated turns of a running form."""
        return applied_events(self.events)

    def past_states(self, *, omit_unset_slots: bool = False) -> list[State]:
        """The state before each applied action, and the current one.

        Args:
            omit_unset_slots: leave out slots that have only their initial value.
        """
        then = Conversation(self.builder)
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
        then = Conversation(self.builder)
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
    :meth:`applied_events` leaves out.

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
        """An independent copy that shares states."""
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
            self._closed = [self.builder.intern(state) for state in super().past_states()[:-1]]

    @property
    def state_numbers(self) -> tuple[int, ...]:
        """The kept states as interned numbers: equal for trackers that featurize alike."""
        return (*self._closed, self.builder.intern(self.now.state()))

    def past_states(self, *, omit_unset_slots: bool = False) -> list[State]:
        """The kept states; worked out anew where slots with only their initial value are to be left out."""
        if omit_unset_slots:
            return super().past_states(omit_unset_slots=True)
        return [self.builder.state(number) for number in self.state_numbers]
