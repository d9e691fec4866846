"""Policies are trained, written, loaded and asked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.base.training_context import TrainingContext
from rebake.core.agent import CoreModel, load_policies, train_policies
from rebake.core.dialogue.events import LoopInterrupted, UserFeaturization, events_from_json
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ensemble import combine
from rebake.core.policy import PolicyPrediction
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.registry.lookup import POLICIES, require
from rebake.registry.node import policy_nodes
from rebake.validation.assistant import check_assistant
from support.core import CONFIG, read

DATA = """\
stories:
- story: order
  steps:
  - intent: order
  - action: order_form
  - active_loop: order_form
  - active_loop: null
  - action: action_brew
rules:
- rule: bye
  steps:
  - intent: bye
  - action: utter_bye
"""
LISTEN = {"event": "action", "name": "action_listen"}


def spec(name: str, **options: Any) -> ComponentSpec:
    return ComponentSpec(name, options, Location("config.yml", 9))


def model_of(folder: Path, out: Path) -> CoreModel:
    assistant = read(folder, DATA)
    training = train_policies(assistant.config.policies, assistant, TrainingContext(), out)
    return load_policies(training.nodes, out, assistant.domain)


def said(intent: str) -> list[dict[str, Any]]:
    return [LISTEN, {"event": "user", "intent": intent, "entities": []}]


def test_the_model_decides_and_returns_what_each_policy_said(tmp_path: Path) -> None:
    out = tmp_path / "components"
    out.mkdir()
    model = model_of(tmp_path, out)
    assert model.predict_next(said("bye")) == {
        "action": "utter_bye",
        "confidence": 1.0,
        "policy": "RulePolicy",
        "policies": {
            "run_MemoizationPolicy0": {},
            "run_RulePolicy1": {"action_default_fallback": 0.3, "utter_bye": 1.0},
        },
    }
    assert model.predict_next(said("order"))["policy"] == "MemoizationPolicy"
    assert model.predict_next(said("greet"))["action"] == "action_default_fallback"
    form = [*said("order"), {"event": "action", "name": "order_form"}, {"event": "active_loop", "name": "order_form"}]
    assert model.predict_next(form)["action"] == "action_listen"
    assert model.predict_next([*form, *said("greet")])["action"] == "order_form"


def test_an_event_can_force_the_action(tmp_path: Path) -> None:
    out = tmp_path / "components"
    out.mkdir()
    model = model_of(tmp_path, out)
    assert model.predict_next([])["action"] == "action_listen"
    forced = model.predict_next([*said("bye"), {"event": "followup", "name": "utter_help"}])
    assert (forced["action"], forced["policy"], forced["confidence"]) == ("utter_help", "followup_action", 1.0)


def test_training_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        out = tmp_path / name
        out.mkdir()
        model_of(tmp_path, out)
        contents.append({file.relative_to(out): file.read_bytes() for file in out.rglob("*.json")})
    assert contents[0] == contents[1]
    assert contents[0]


def test_what_was_trained_before_is_copied_instead(tmp_path: Path) -> None:
    out, again = tmp_path / "one", tmp_path / "two"
    out.mkdir()
    again.mkdir()
    assistant = read(tmp_path, DATA)
    first = train_policies(assistant.config.policies, assistant, TrainingContext(), out)
    second = train_policies(
        assistant.config.policies,
        assistant,
        TrainingContext(),
        again,
        reuse=lambda node: out / f"train_{node}" if node.startswith("Memo") else None,
    )
    assert set(first.metrics) == {"MemoizationPolicy0.memorized_turns", "RulePolicy1.rules"}
    assert set(second.metrics) == {"RulePolicy1.rules"}
    turns = Path("train_MemoizationPolicy0/memorized_turns.json")
    assert (again / turns).read_bytes() == (out / turns).read_bytes()


def test_a_policy_of_ones_own_is_refused_and_rasas_dotted_names_are_known() -> None:
    with pytest.raises(UnsupportedError, match=r"config\.yml:9: policies: 'addons\.MyPolicy'.*RulePolicy, TEDPolicy"):
        require(spec("addons.MyPolicy"), "policies")
    assert require(spec("rasa.core.policies.rule_policy.RulePolicy"), "policies") is POLICIES["RulePolicy"]


def test_forms_need_the_rule_policy(tmp_path: Path) -> None:
    assistant = read(tmp_path, DATA, config=CONFIG.replace("- name: RulePolicy\n", ""))
    with pytest.raises(DataError, match=r"config\.yml.*order_form"):
        check_assistant(assistant, frozenset({"core"}), to_train=True)
    notices = check_assistant(assistant, frozenset({"core"}), to_train=False)
    assert [notice.message for notice in notices if "order_form" in notice.message and "trained" in notice.message]


def test_without_policies_forms_need_none(tmp_path: Path) -> None:
    assistant = read(tmp_path, DATA)
    alone = replace(assistant, config=replace(assistant.config, policies=()))
    check_assistant(alone, frozenset({"core"}), to_train=True)


def test_a_model_without_its_files_is_a_model_error(tmp_path: Path) -> None:
    assistant = read(tmp_path, DATA)
    nodes = policy_nodes(assistant.config)
    with pytest.raises(ModelError, match="MemoizationPolicy has no directory"):
        load_policies(nodes, tmp_path, assistant.domain)


def test_the_registry_is_read_without_tensorflow() -> None:
    code = "import sys, rebake.registry.lookup, rebake.core.agent; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


ACTIONS = ("a", "b")


def tracker_after(tmp_path: Path, *events: dict[str, Any]) -> Tracker:
    return Tracker(StateBuilder(read(tmp_path, DATA).domain), events_from_json(events))


def test_the_ensemble_weighs_kind_then_confidence_then_priority_then_order(tmp_path: Path) -> None:
    tracker = tracker_after(tmp_path, *said("bye"))
    sure = PolicyPrediction([1.0, 0.0], "Sure", 1)
    prior = PolicyPrediction([0.0, 1.0], "Prior", 2)
    twin = PolicyPrediction([1.0, 0.0], "Twin", 2)
    form = PolicyPrediction([0.2, 0.1], "Form", 1, is_no_user=True)
    text = PolicyPrediction([0.1, 0.1], "Text", 1, is_end_to_end=True)
    assert combine([sure, prior, twin], tracker, ACTIONS).policy == "Prior"
    assert combine([sure, text], tracker, ACTIONS).policy == "Text"
    assert combine([sure, text, form], tracker, ACTIONS).policy == "Form"


def test_events_of_all_policies_count_and_optional_ones_of_the_winner(tmp_path: Path) -> None:
    tracker = tracker_after(tmp_path, *said("bye"))
    loser = PolicyPrediction(
        [0.1, 0.0], "L", 1, events=(LoopInterrupted(True),), optional_events=(LoopInterrupted(False),)
    )
    winner = PolicyPrediction([0.0, 1.0], "W", 1)
    assert combine([loser, winner], tracker, ACTIONS).events == (LoopInterrupted(True), UserFeaturization(False))


def test_a_rejected_action_is_not_chosen_again(tmp_path: Path) -> None:
    tracker = tracker_after(tmp_path, *said("bye"), {"event": "action_execution_rejected", "name": "a"})
    prediction = PolicyPrediction([1.0, 0.2], "P", 1)
    assert combine([prediction], tracker, ACTIONS).probabilities == [0.0, 0.2]
    assert prediction.probabilities == [1.0, 0.2]


def test_without_policies_nothing_can_be_decided(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        combine([], tracker_after(tmp_path), ACTIONS)
