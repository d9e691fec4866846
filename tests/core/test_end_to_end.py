"""Stories with what users and the bot say, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import ActionExecuted, UserUttered, events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ensemble import combine
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.memoization.memoization_policy import MemoizationPolicy
from rebake.core.policy import Policy
from rebake.core.rules.rule_policy import RulePolicy
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataError
from rebake.registry.lookup import POLICIES
from support.core import read

TEXTS = """\
stories:
- story: word for word
  steps:
  - user: 'a [green tea](drink) please'
  - bot: "Right away! "
  - intent: bye
  - action: utter_bye
"""
LISTEN: dict[str, object] = {"event": "action", "name": "action_listen"}


def trained(cls: type[Policy], folder: Path, data: str) -> tuple[Policy, Tracker]:
    """A policy, and an empty conversation with its domain."""
    assistant = read(folder, data)
    policy = cls(POLICIES[cls.__name__].merged({}), f"{cls.__name__}0")
    policy.train(training_trackers(assistant.stories, assistant.domain, 0), assistant.domain, TrainingContext())
    return policy, Tracker(StateBuilder(assistant.domain))


def test_texts_become_events_and_states_that_hold_them_in_place_of_names(tmp_path: Path) -> None:
    assistant = read(tmp_path, TEXTS)
    (tracker,) = training_trackers(assistant.stories, assistant.domain, 0)
    said = [event for event in tracker.events if isinstance(event, UserUttered)]
    assert [(event.intent, event.text) for event in said] == [(None, "a green tea please"), ("bye", None)]
    assert [(e.entity, e.value, e.start, e.end) for e in said[0].entities] == [("drink", "green tea", 2, 11)]
    assert [event.label for event in tracker.events if isinstance(event, ActionExecuted)] == [
        "action_listen", "Right away! ", "action_listen", "utter_bye", "action_listen"
    ]  # fmt: skip
    assert tracker.past_states()[1] == {
        "user": {"text": "a green tea please"},  # a text stands without its entities, but they fill slots
        "slots": {"drink": (1.0,)},
        "prev_action": {"action_name": "action_listen"},
    }
    assert tracker.past_states()[2]["prev_action"] == {"action_text": "Right away! "}
    assert assistant.domain.e2e_actions == ("Right away! ",)


def test_examples_hold_the_texts_whose_entities_can_be_learned(tmp_path: Path) -> None:
    assistant = read(tmp_path, TEXTS)
    examples = TrackerFeaturizer().examples(training_trackers(assistant.stories, assistant.domain, 0))
    texts = [said.text if said else None for said in examples.messages]
    assert dict(zip(examples.labels, texts, strict=True))["Right away! "] == "a green tea please"
    assert texts.count(None) == len(texts) - 1


def test_memory_recalls_what_followed_a_turn_of_text_but_nothing_right_after_the_text(tmp_path: Path) -> None:
    """Rasa's memory sees the last turn by its intent, always; earlier turns by what decided then."""
    policy, tracker = trained(MemoizationPolicy, tmp_path, TEXTS)
    said: list[dict[str, object]] = [
        LISTEN,
        {"event": "user", "text": "a green tea please"},
        {"event": "slot", "name": "drink", "value": "x"},
    ]
    for event in events_from_json(said):
        tracker.update(event)
    assert policy.predict(tracker, tracker.builder.domain, RuleOnlyData()).confidence == 0.0
    tracker.update(ActionExecuted(None, "Right away! "))
    assert policy.predict(tracker, tracker.builder.domain, RuleOnlyData()).probabilities[0] == 1.0  # listens


def test_a_rule_by_text_overrules_the_same_rule_by_intent_and_is_end_to_end(tmp_path: Path) -> None:
    rules = "rules:\n- rule: text\n  steps:\n  - user: help me\n  - action: utter_help\n"
    rules += "- rule: intent\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
    policy, tracker = trained(RulePolicy, tmp_path, rules)
    for event in events_from_json([LISTEN, {"event": "user", "text": "help me", "intent": "greet"}]):
        tracker.update(event)
    by_text = policy.predict(tracker, tracker.builder.domain, RuleOnlyData())
    assert by_text.is_end_to_end
    actions = tuple(str(number) for number in range(len(by_text.probabilities)))
    decided = combine([by_text], tracker, actions)
    assert [event.use_text for event in decided.events if hasattr(event, "use_text")] == [True]


def test_what_is_taken_from_the_last_turn_is_taken_from_hidden_ones_that_share_it(tmp_path: Path) -> None:
    """As in Rasa, where those states contain the same dict."""
    assistant = read(tmp_path, TEXTS)
    events: list[dict[str, object]] = [
        LISTEN,
        {"event": "user", "text": "one"},
        {"event": "action", "name": "utter_help"},
        LISTEN,
        {"event": "user", "intent": "bye"},
        {"event": "action", "name": "utter_bye", "hide_rule_turn": True},
    ]
    tracker = Tracker(StateBuilder(assistant.domain), events_from_json(events))
    by_intent = TrackerFeaturizer().prediction_states(tracker, rule_only=RuleOnlyData())
    by_text = TrackerFeaturizer().prediction_states(tracker, use_text=True, rule_only=RuleOnlyData())
    assert [state["user"] for state in by_intent if "user" in state] == [{}] * 3
    assert [state["user"] for state in by_text if "user" in state] == [{"text": "one"}] * 3


@pytest.mark.parametrize("step", ["bot: Hello", "checkpoint: c"])
def test_rules_hold_no_bot_texts_and_no_checkpoints(tmp_path: Path, step: str) -> None:
    with pytest.raises(DataError, match=r"stories\.yml:5: A rule cannot have a step"):
        read(tmp_path, f"rules:\n- rule: r\n  steps:\n  - {step}\n  - intent: greet\n")


def test_a_step_is_one_thing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stories\.yml:6: 'action' and 'intent' cannot be in the same step"):
        read(tmp_path, "stories:\n- story: s\n  steps:\n  - intent: greet\n    action: utter_greet\n")


def test_a_text_beside_an_intent_is_not_read_and_reported(tmp_path: Path) -> None:
    assistant = read(
        tmp_path, "stories:\n- story: s\n  steps:\n  - intent: greet\n    user: hi\n  - action: utter_greet\n"
    )
    assert not assistant.is_end_to_end
    assert any("text beside the intent is not read" in str(notice) for notice in assistant.notices)


KINDS = """action active_loop action_execution_rejected agent bot cancel_reminder entities export followup form
form_validation loop_interrupted pause reminder reset_slots restart resume rewind session_started slot undo user
user_featurization"""


@pytest.mark.parametrize("kind", KINDS.split())
def test_every_event_that_a_rasa_tracker_can_hold_is_taken(kind: str) -> None:
    """The type names of Rasa 3.6.21's events."""
    assert len(events_from_json([LISTEN, {"event": kind, "name": "x", "value": 1}])) in (1, 2)
