"""The state of a conversation, from which the next state is computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    ACTION_SESSION_START,
    SHOULD_NOT_BE_SET,
    ActionExecuted,
    ActionExecutionRejected,
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
    UserUttered,
)
from rebake.core.dialogue.states import LOOP, PREVIOUS_ACTION, SLOTS, USER, State, StateBuilder


class ConversationState:
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

    def copy(self) -> ConversationState:
        """An independent copy; the parts of states stay shared."""
        other = ConversationState.__new__(ConversationState)
        for name in ConversationState.__slots__:
            setattr(other, name, getattr(self, name))
        other.values = dict(self.values)
        return other

    @property
    def place(self) -> tuple[object, ...]:
        """Equal for conversations that stand at the same place: from there, stories lead to the same states."""
        parts = (frozenset(self._user.items()), frozenset(self.latest_action.items()), repr(self.values), self._was_set)
        return (*parts, self.loop, self.loop_rejected, self.loop_interrupted, self.followup)

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
