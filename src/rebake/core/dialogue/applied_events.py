"""Which events of a log count: reverted ones do not, nor the repeated turns of a form that just asks on."""

from __future__ import annotations

from collections.abc import Sequence

from rebake.core.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)


def applied_events(events: Sequence[Event]) -> list[Event]:
    """The events that the states of the conversation are built from.

    A form that asks for slot after slot is one turn to the policies: when its action comes again with nothing but
    the user's answers in between, it and the turns back to its previous run are dropped (their slots stay).
    """
    loops = {event.name for event in events if isinstance(event, ActiveLoop) and event.name}
    applied: list[Event] = []
    for event in events:
        match event:
            case Restarted() | SessionStarted():
                applied = []
            case ActionReverted():
                _undo_back_to(ActionExecuted, applied)
            case UserUtteranceReverted():
                # A user turn is always preceded by a listen action, which goes as well.
                _undo_back_to(UserUttered, applied)
                _undo_back_to(ActionExecuted, applied)
            case ActionExecuted(name=str(name)) if name in loops and _asks_on(name, applied):
                _drop_turns_back_to(name, applied)
            case _:
                applied.append(event)
    return applied


def _undo_back_to(kind: type[ActionExecuted] | type[UserUttered], applied: list[Event]) -> None:
    while applied and not isinstance(applied.pop(), kind):
        pass


def _asks_on(loop: str, applied: list[Event]) -> bool:
    """Whether the loop's action ran before in the same loop, and nothing since then led away from the form."""
    next_action: str | None = None
    for event in reversed(applied):
        match event:
            case ActiveLoop(name=None):
                return False
            case ActionExecutionRejected(name=name) if name == loop:
                return False
            case UserUttered() if next_action is not None and next_action != loop:
                # Training data has no rejections: another action after the user's answer says the same.
                return False
            case ActionExecuted(name=name):
                if name == loop:
                    return True
                next_action = name
    return False


def _drop_turns_back_to(loop: str, applied: list[Event]) -> None:
    kept: list[Event] = []
    while applied:
        event = applied.pop()
        if isinstance(event, ActionExecuted) and event.name == loop:
            applied.append(event)
            break
        if not isinstance(event, ActionExecuted | UserUttered | UserFeaturization):
            kept.append(event)
    applied.extend(reversed(kept))
