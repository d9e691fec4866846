"""Rasa's ``action_two_stage_fallback``: ask whether the intent was meant, then to rephrase, then give up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    ActionExecuted,
    ActiveLoop,
    Event,
    Restarted,
    UserUtteranceReverted,
    UserUttered,
)
from rebake.core.dialogue.tracker import Tracker

TWO_STAGE_FALLBACK = "action_two_stage_fallback"
_FALLBACK, _DENIED = "nlu_fallback", "out_of_scope"


@dataclass(frozen=True, slots=True)
class FallbackTurn:
    """Events to be applied, and the default action that speaks for it; None where the user made themselves clear."""

    events: tuple[Event, ...]
    then: str | None = None


def run_two_stage_fallback(tracker: Tracker) -> FallbackTurn:
    """Run one stage."""
    is_new = tracker.now.active_loop != TWO_STAGE_FALLBACK
    events: tuple[Event, ...] = (ActiveLoop(TWO_STAGE_FALLBACK),) if is_new else ()
    message = tracker.now.message
    intent = None if message is None else message.intent
    gave_up = _latest_intents(tracker, 2) == [_FALLBACK] * 2
    gave_up = gave_up or _latest_intents(tracker, 3) == [_DENIED, _FALLBACK, _DENIED]
    if gave_up:
        return FallbackTurn((*events, ActiveLoop(None)), "action_default_fallback")
    if intent in (_FALLBACK, _DENIED):
        affirm = is_new or intent == _FALLBACK
        return FallbackTurn(events, "action_default_ask_affirmation" if affirm else "action_default_ask_rephrase")
    clear = () if message is None else (ActionExecuted(ACTION_LISTEN), replace(message, confidence=1.0))
    return FallbackTurn((*events, ActiveLoop(None), UserUtteranceReverted(), *clear))


def _latest_intents(tracker: Tracker, count: int) -> list[str | None]:
    """The intents of the latest user turns since the last restart, newest first; a reverted turn counts as none."""
    turns: list[UserUttered | UserUtteranceReverted] = []
    for event in reversed(tracker.events):
        if isinstance(event, Restarted) or len(turns) == count:
            break
        if isinstance(event, UserUttered | UserUtteranceReverted):
            turns.append(event)
    return [turn.intent for turn in turns if isinstance(turn, UserUttered)]
