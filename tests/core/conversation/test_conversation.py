"""What a model does with what a user says, without an action server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebake.base.training_context import TrainingContext
from rebake.core.agent import load_policies, train_policies
from rebake.core.conversation.conversation import MOST_ACTIONS, LiveConversation, Turn
from rebake.core.conversation.intents import intent_parser
from support.core import read

DOMAIN = """\
version: "3.1"
intents: [greet, order, inform, ask, affirm, brew, chat, loop, faq: {is_retrieval_intent: true}]
entities: [drink, city: {roles: [from, to]}]
slots:
  drink: {type: text, mappings: [{type: from_entity, entity: drink}]}
  size:
    type: text
    mappings: [{type: from_text, conditions: [{active_loop: order_form, requested_slot: size}]}]
  to_go:
    type: bool
    mappings: [{type: from_intent, intent: affirm, value: true}]
  origin: {type: text, mappings: [{type: from_trigger_intent, intent: order, value: menu}]}
  cities: {type: list, mappings: [{type: from_entity, entity: city}]}
  weather: {type: any, mappings: [{type: custom, action: action_weather}]}
forms:
  order_form: {required_slots: [drink, size], ignored_intents: [chat]}
responses:
  utter_greet:
  - {text: "Hello {name}"}
  - {text: "Your {drink}, {{as}} always?", condition: [{type: slot, name: drink, value: TEA}]}
  - {text: "For Slack", channel: slack}
  utter_ask_drink: [{text: "What drink?", buttons: [{title: Tea, payload: '/inform{"drink": "tea"}'}]}]
  utter_ask_order_form_size: [{text: "Which size of {drink}?", image: "https://example.org/{drink}.png"}]
  utter_done: [{text: "One {size} {drink}."}]
  utter_default: [{text: Pardon?}]
  utter_chat: [{text: Nice weather.}]
  utter_faq/hours: [{text: Nine to five.}]
actions: [action_brew, utter_faq]
"""
CONFIG = """\
recipe: default.v1
assistant_id: tea
language: en
pipeline: []
policies:
- {name: RulePolicy, core_fallback_threshold: 0.4}
"""
RULES = """\
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: affirm
  steps: [{intent: affirm}, {action: utter_chat}]
- rule: brew
  steps: [{intent: brew}, {action: action_brew}, {action: utter_done}]
- rule: faq
  steps: [{intent: faq}, {action: utter_faq}]
- rule: start
  steps: [{intent: order}, {action: order_form}, {active_loop: order_form}]
- rule: end
  condition: [{active_loop: order_form}]
  steps: [{action: order_form}, {active_loop: null}, {action: utter_done}]
- rule: chat in the form
  condition: [{active_loop: order_form}]
  steps: [{intent: chat}, {action: utter_chat}, {action: order_form}, {active_loop: order_form}]
"""
Talk = Callable[[str], Turn]


@pytest.fixture
def conversation(tmp_path: Path) -> LiveConversation:
    assistant = read(tmp_path, RULES, domain=DOMAIN, config=CONFIG)
    out = tmp_path / "components"
    out.mkdir()
    training = train_policies(assistant.config.policies, assistant, TrainingContext(), out)
    core = load_policies(training.nodes, out, assistant.domain)
    parse = intent_parser(assistant.domain)

    def with_selection(text: str) -> dict[str, Any]:
        selected = {"default": {"response": {"utter_action": "utter_faq/hours"}}}
        return {**parse(text), "response_selector": selected}

    return LiveConversation(core, assistant.domain, with_selection)


def names(turn: Turn) -> list[str]:
    return [f"{action.name}{' rejected' if action.is_rejected else ''}" for action in turn.actions]


def said(turn: Turn) -> list[str | None]:
    return [message.text for action in turn.actions for message in action.messages]


def test_a_response_is_chosen_by_its_conditions_and_filled_with_slots(conversation: LiveConversation) -> None:
    first = conversation.hear("/greet")
    assert (names(first), said(first)) == (["utter_greet", "action_listen"], ["Hello {name}"])
    assert [(vote.policy, vote.action) for vote in first.actions[0].votes] == [("RulePolicy", "utter_greet")]
    again = conversation.hear('/greet{"drink": "Tea"}')
    assert said(again) == ["Your Tea, {as} always?"]
    assert again.changed_slots == {"drink": (None, "Tea")}


def test_a_form_asks_until_it_has_what_it_needs(conversation: LiveConversation) -> None:
    start = conversation.hear("/order")
    assert names(start) == ["order_form", "action_listen"]
    assert start.actions[0].messages[0].buttons[0].payload == '/inform{"drink": "tea"}'
    assert start.changed_slots == {"requested_slot": (None, "drink"), "origin": (None, "menu")}
    drink = conversation.hear('/inform{"drink": "tea"}')
    assert said(drink) == ["Which size of tea?"]
    assert drink.actions[0].messages[0].content == {"image": "https://example.org/tea.png"}
    size = conversation.hear("/inform")
    assert names(size) == ["order_form", "utter_done", "action_listen"]
    assert said(size) == ["One /inform tea."]
    assert size.after["requested_slot"] is None


def test_a_form_that_gets_no_answer_lets_others_speak_and_asks_again(conversation: LiveConversation) -> None:
    conversation.hear('/order{"drink": "tea"}')
    aside = conversation.hear("/chat")
    assert names(aside) == ["utter_chat", "order_form", "action_listen"] or names(aside)[0] == "order_form rejected"
    assert said(aside)[-2:] == ["Nice weather.", "Which size of tea?"]
    assert aside.after["size"] is None, "the form ignores this intent"


def test_an_unknown_turn_falls_back_and_is_forgotten(conversation: LiveConversation) -> None:
    turn = conversation.hear('/inform{"drink": "tea"}')
    assert (names(turn), said(turn)) == (["action_default_fallback", "action_listen"], ["Pardon?"])
    assert turn.after["drink"] is None
    assert conversation.hear("/greet").actions[0].name == "utter_greet"


def test_actions_of_a_server_are_named_and_skipped(conversation: LiveConversation) -> None:
    assert conversation.skipped_extraction == ("action_weather",)
    turn = conversation.hear('/brew{"drink": "tea"}')
    assert names(turn) == ["action_brew", "utter_done", "action_listen"]
    assert [action.skipped for action in turn.actions] == [("action_brew",), (), ()]
    assert said(turn) == ["One None tea."]


def test_the_selected_response_is_said(conversation: LiveConversation) -> None:
    assert said(conversation.hear("/faq")) == ["Nine to five."]


def test_slots_are_filled_from_intents_and_as_lists(conversation: LiveConversation) -> None:
    turn = conversation.hear('/affirm{"city": ["Rome", "Oslo"]}')
    assert turn.changed_slots == {"to_go": (None, True), "cities": (None, ["Rome", "Oslo"])}


def test_a_restart_forgets_and_goes_on(conversation: LiveConversation) -> None:
    conversation.hear('/order{"drink": "tea"}')
    turn = conversation.hear("/restart")
    assert names(turn) == ["action_restart", "action_session_start"]
    assert turn.after["drink"] is None
    assert names(conversation.hear("/greet")) == ["utter_greet", "action_listen"]


def test_a_bot_that_never_waits_is_stopped(conversation: LiveConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    from rebake.core.policy import PolicyPrediction

    index = conversation._core.actions.index("utter_chat")
    always = [float(place == index) for place in range(len(conversation._core.actions))]
    monkeypatch.setattr(
        type(conversation._core), "decisions", lambda *_: {"run_X": PolicyPrediction(always, "RulePolicy", 6)}
    )
    turn = conversation.hear("/greet")
    assert (len(turn.actions), turn.is_cut) == (MOST_ACTIONS, True)
