"""What an action does to a conversation: responses, forms and Rasa's default actions. No server is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebake.assistant.domain.names import DEFAULT_ACTIONS, retrieval_intents
from rebake.assistant.model import Domain
from rebake.core.conversation.forms import run_form
from rebake.core.conversation.responses import BotMessage, BotResponses, Button
from rebake.core.conversation.slot_extraction import REQUESTED_SLOT, SlotExtraction
from rebake.core.conversation.two_stage_fallback import TWO_STAGE_FALLBACK, run_two_stage_fallback
from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    ACTION_SESSION_START,
    ActionExecuted,
    ActiveLoop,
    Event,
    FollowupAction,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
)
from rebake.core.dialogue.tracker import Tracker

UTTER = "utter_"
DEFAULT_SELECTOR = "default"
_FALLBACK = "nlu_fallback"
_SAYS = {  # default action -> the response that it sends if there is one
    "action_restart": "utter_restart",
    "action_default_fallback": "utter_default",
    "action_default_ask_rephrase": "utter_ask_rephrase",
    "action_back": "utter_back",
}


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did.

    Attributes:
        events: to be applied behind the action; None where it rejects its execution.
        messages: what the bot says.
        skipped: actions that it needs a server for, which were not run.
    """

    events: tuple[Event, ...] | None = ()
    messages: tuple[BotMessage, ...] = ()
    skipped: tuple[str, ...] = ()


class Actions:
    """The actions of a domain."""

    def __init__(self, domain: Domain, names: Sequence[str], extraction: SlotExtraction) -> None:
        self._domain = domain
        self._names = frozenset(names)
        self._extraction = extraction
        self._responses = BotResponses(domain)
        self._forms = {form.name: form for form in domain.forms}
        self._retrieval = frozenset(f"{UTTER}{intent}" for intent in retrieval_intents(domain))
        self._texts = frozenset(domain.e2e_actions)

    def run(self, name: str, tracker: Tracker, parse: Mapping[str, Any]) -> ActionResult:
        """Run an action; ``parse`` is that of the latest user turn."""
        if name in self._texts:
            return ActionResult(messages=(BotMessage(name),))
        if name in self._forms:
            return self._form(name, tracker)
        if name in self._retrieval:
            return self._say(_selected(name, parse) or name, tracker)
        if name in self._responses:
            return self._say(name, tracker)
        skipped = (name,) if name in self._domain.actions else ()  # Rasa's own action stands in for the user's
        if name in DEFAULT_ACTIONS:
            result = self._default(name, tracker, parse)
            return ActionResult(result.events, result.messages, (*skipped, *result.skipped))
        return ActionResult(skipped=(name,))

    def needing_a_server(self) -> tuple[str, ...]:
        """Return the actions by which a server would change the slots of every turn."""
        custom = {
            str(mapping.get("action") or "action_validate_slot_mappings")
            for slot in self._domain.slots
            for mapping in slot.mappings
            if mapping.get("type") == "custom"
        }
        return tuple(sorted(custom | ({"action_validate_slot_mappings"} & self._names)))

    def _form(self, name: str, tracker: Tracker) -> ActionResult:
        turn = run_form(self._forms[name], tracker, self._extraction, self._names)
        validation = f"validate_{name}"
        skipped = (validation,) if validation in self._names else ()
        if turn.events is None or turn.asks is None:
            return ActionResult(turn.events, skipped=skipped)
        if turn.asks not in self._responses:
            return ActionResult(turn.events, skipped=(*skipped, turn.asks))
        said = self._say(turn.asks, Tracker(tracker.builder, [*tracker.events, *turn.events]))
        return ActionResult(turn.events, said.messages, skipped)

    def _say(self, response: str, tracker: Tracker) -> ActionResult:
        message = self._responses.message(response, tracker.now.values)
        return ActionResult(messages=() if message is None else (message,))

    def _default(self, name: str, tracker: Tracker, parse: Mapping[str, Any]) -> ActionResult:
        messages = self._say(_SAYS[name], tracker).messages if name in _SAYS else ()
        events: tuple[Event, ...] = ()
        match name:
            case "action_restart":
                events = (Restarted(), FollowupAction(ACTION_SESSION_START))
            case "action_session_start":
                events = session_start(self._domain, tracker)
            case "action_default_fallback":
                events = (UserUtteranceReverted(),)
            case "action_back":
                events = (UserUtteranceReverted(), UserUtteranceReverted())
            case "action_deactivate_loop":
                events = (ActiveLoop(None), SlotSet(REQUESTED_SLOT, None))
            case "action_default_ask_affirmation":
                messages = (_affirmation(parse),)
            case _ if name == TWO_STAGE_FALLBACK:
                turn = run_two_stage_fallback(tracker)
                said = ActionResult() if turn.then is None else self.run(turn.then, tracker, parse)
                return ActionResult((*turn.events, *(said.events or ())), said.messages, said.skipped)
        return ActionResult(events, messages)


def session_start(domain: Domain, tracker: Tracker) -> tuple[Event, ...]:
    """Return the events of a new session, which keeps the slots if the domain says so."""
    slots = [event for event in tracker.applied_events() if isinstance(event, SlotSet)]
    kept = slots if domain.session_config.carry_over_slots_to_new_session else []
    return (SessionStarted(), *kept, ActionExecuted(ACTION_LISTEN))


def _selected(action: str, parse: Mapping[str, Any]) -> str | None:
    """The response that a ResponseSelector chose."""
    selections = parse.get("response_selector", {})
    selected = selections.get(action.removeprefix(UTTER)) or selections.get(DEFAULT_SELECTOR) or {}
    name: str | None = selected.get("response", {}).get("utter_action")
    return name


def _affirmation(parse: Mapping[str, Any]) -> BotMessage:
    intent, ranking = parse.get("intent", {}).get("name"), parse.get("intent_ranking", ())
    if intent == _FALLBACK and len(ranking) > 1:
        intent = ranking[1]["name"]
    return BotMessage(f"Did you mean '{intent}'?", (Button("Yes", f"/{intent}"), Button("No", "/out_of_scope")))
