"""A conversation with a model, as in Rasa's ``MessageProcessor`` but without an action server.

What the user says is parsed and fills slots; then the policies choose actions until the bot waits for the next text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rebake.assistant.model import Domain
from rebake.core.agent import FOLLOWUP, CoreModel
from rebake.core.conversation.actions import ActionResult, Actions, session_start
from rebake.core.conversation.responses import BotMessage
from rebake.core.conversation.slot_extraction import SlotExtraction
from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    ACTION_SESSION_START,
    ActionExecuted,
    ActionExecutionRejected,
    Event,
    UserUttered,
    events_from_json,
)
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ensemble import combine

MOST_ACTIONS = 10  # in a row, Rasa's default of MAX_NUMBER_OF_PREDICTIONS

Parser = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Vote:
    """What one policy thought best."""

    policy: str
    action: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TakenAction:
    """One action of the bot.

    Attributes:
        name: its name, or end to end its text.
        policy: whose prediction won, or "followup_action".
        votes: of every policy, in order.
        messages: what the bot said.
        skipped: actions that need a server and were not run.
        is_rejected: a form did not get what it had asked for, and lets other actions take over.
    """

    name: str
    policy: str
    confidence: float
    votes: tuple[Vote, ...]
    messages: tuple[BotMessage, ...] = ()
    skipped: tuple[str, ...] = ()
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What a text led to.

    Attributes:
        parse: of the text.
        before, after: slot -> value.
        actions: up to the ``action_listen`` that ends the turn.
        is_cut: the bot took the most actions that Rasa allows and was stopped.
    """

    parse: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    actions: tuple[TakenAction, ...]
    is_cut: bool = False

    @property
    def changed_slots(self) -> dict[str, tuple[Any, Any]]:
        """Slot -> its value before and after, of those that changed."""
        names = [name for name, value in self.after.items() if value != self.before.get(name)]
        return {name: (self.before.get(name), self.after[name]) for name in names}


class LiveConversation:
    """One conversation; its slots and history grow with each turn."""

    def __init__(self, core: CoreModel, domain: Domain, parser: Parser) -> None:
        self._core = core
        self._parser = parser
        self._texts = frozenset(domain.e2e_actions)
        self._extraction = SlotExtraction(domain)
        self._actions = Actions(domain, core.actions, self._extraction)
        self._tracker = core.tracker([])
        self._update(ActionExecuted(ACTION_SESSION_START), *session_start(domain, self._tracker))

    @property
    def skipped_extraction(self) -> tuple[str, ...]:
        """The actions that would fill or check slots, and need a server."""
        return self._actions.needing_a_server()

    def hear(self, text: str) -> Turn:
        """Say something to the bot, and return what it does until it waits for the next text."""
        parse = self._parser(text)
        before = dict(self._tracker.now.values)
        self._update(*events_from_json([{"event": "user", "text": parse["text"], "parse_data": parse}]))
        self._extract()
        taken: list[TakenAction] = []
        while len(taken) < MOST_ACTIONS:
            taken.append(self._act(parse))
            if taken[-1].name in (ACTION_LISTEN, ACTION_SESSION_START):
                break
        is_cut = taken[-1].name not in (ACTION_LISTEN, ACTION_SESSION_START)
        if is_cut:
            self._update(ActionExecuted(ACTION_LISTEN))
        return Turn(parse, before, dict(self._tracker.now.values), tuple(taken), is_cut)

    def _act(self, parse: Mapping[str, Any]) -> TakenAction:
        forced = self._tracker.now.followup
        if forced is not None and forced in self._core.actions:
            return self._run(TakenAction(forced, FOLLOWUP, 1.0, ()), parse)
        predictions = self._core.decisions(self._tracker)
        winner = combine(list(predictions.values()), self._tracker, self._core.actions)
        votes = tuple(
            Vote(each.policy, self._core.actions[each.probabilities.index(each.confidence)], float(each.confidence))
            for each in predictions.values()
        )
        if winner.is_end_to_end:
            self._extract()
        name = self._core.actions[winner.probabilities.index(winner.confidence)]
        action = TakenAction(name, winner.policy, float(winner.confidence), votes)
        return self._run(action, parse, winner.events, hide_rule_turn=winner.hide_rule_turn)

    def _run(
        self,
        action: TakenAction,
        parse: Mapping[str, Any],
        events: tuple[Event, ...] = (),
        *,
        hide_rule_turn: bool = False,
    ) -> TakenAction:
        """Run an action behind the events of the prediction that led to it."""
        seen = Tracker(self._tracker.builder, [*self._tracker.events, *events])
        result: ActionResult = self._actions.run(action.name, seen, parse)
        if result.events is None:
            self._update(ActionExecutionRejected(action.name))
        else:
            name, text = (None, action.name) if action.name in self._texts else (action.name, None)
            self._update(*events, ActionExecuted(name, text, hide_rule_turn=hide_rule_turn), *result.events)
            if any(isinstance(event, UserUttered) for event in result.events):
                self._extract()
        return TakenAction(
            action.name,
            action.policy,
            action.confidence,
            action.votes,
            result.messages,
            result.skipped,
            is_rejected=result.events is None,
        )

    def _extract(self) -> None:
        self._update(*self._extraction.slots(self._tracker))

    def _update(self, *events: Event) -> None:
        for event in events:
            self._tracker.update(event)
