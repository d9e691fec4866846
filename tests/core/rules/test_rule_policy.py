"""Rules are learned, and wrong ones are refused with names, files and lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebake.base.training_context import TrainingContext
from rebake.core.memoization.memoization_policy import MemoizationPolicy
from rebake.core.rules.rule_policy import RulePolicy
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataError, ModelError
from rebake.registry.lookup import POLICIES
from support.core import DOMAIN, read
from support.nlu import valid_options


def trained(folder: Path, data: str, **options: object) -> RulePolicy:
    assistant = read(folder, data)
    policy = RulePolicy(POLICIES["RulePolicy"].merged(options), "RulePolicy0")
    policy.train(training_trackers(assistant.stories, assistant.domain, 0), assistant.domain, TrainingContext())
    return policy


CONTRADICTION = """\
stories:
- story: greet back
  steps:
  - intent: greet
  - action: utter_greet
rules:
- rule: always help
  steps:
  - intent: greet
  - action: utter_help
"""


def test_a_rule_and_a_story_that_contradict_each_other_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        trained(tmp_path, CONTRADICTION)
    message = str(caught.value)
    assert "story 'greet back' (" in message
    assert "stories.yml:3)" in message
    assert "'always help' (" in message
    assert "stories.yml:8)" in message
    assert "'utter_greet' follows" in message
    assert "but 'utter_help' does by" in message
    assert caught.value.fix


def test_contradictions_are_allowed_where_the_option_says_so(tmp_path: Path) -> None:
    policy = trained(tmp_path, CONTRADICTION, check_for_contradictions=False)
    assert "utter_help" in policy.rules.lookup.values()
    policy.save(tmp_path / "data")
    assert not RulePolicy.load(policy.options, policy.node, tmp_path / "data").not_in_stories


def test_two_rules_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"In rule 'one' .* 'utter_greet' follows, but not by 'two'"):
        trained(
            tmp_path,
            """\
rules:
- rule: one
  steps:
  - intent: greet
  - action: utter_greet
- rule: two
  steps:
  - intent: greet
  - action: utter_help
""",
        )


def test_a_rule_that_leaves_out_what_its_action_sets_elsewhere_is_incomplete(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"In rule 'without' \(.*stories\.yml:9\) 'action_brew' does not set hot"
    ) as caught:
        trained(
            tmp_path,
            """\
rules:
- rule: with
  steps:
  - intent: order
  - action: action_brew
  - slot_was_set: [{hot: true}]
  - action: utter_bye
- rule: without
  steps:
  - intent: greet
  - action: action_brew
""",
        )
    assert "wait_for_user_input: false" in (caught.value.fix or "")


def test_a_form_that_a_rule_starts_must_become_active_in_all_rules(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"In rule 'without' .* 'order_form' does not set active_loop \(order_form\)"):
        trained(
            tmp_path,
            """\
rules:
- rule: with
  steps:
  - intent: order
  - action: order_form
  - active_loop: order_form
- rule: without
  steps:
  - intent: greet
  - action: order_form
""",
        )


def test_a_rule_has_one_user_turn(tmp_path: Path) -> None:
    data = """\
rules:
- rule: long
  steps:
  - intent: greet
  - action: utter_greet
  - intent: bye
  - action: utter_bye
"""
    with pytest.raises(DataError, match=r"stories\.yml:3.*'long'"):
        trained(tmp_path, data)
    assert trained(tmp_path, data, restrict_rules=False).rules.lookup


def test_the_fallback_action_must_be_in_the_domain(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="core_fallback_action_name is 'utter_what'"):
        trained(tmp_path, CONTRADICTION, core_fallback_action_name="utter_what")


def test_what_only_rules_mention_is_recorded(tmp_path: Path) -> None:
    policy = trained(
        tmp_path,
        """\
stories:
- story: bye
  steps:
  - intent: bye
  - action: utter_bye
rules:
- rule: brew
  condition:
  - slot_was_set: [{hot: true}]
  - active_loop: order_form
  steps:
  - intent: stop
  - action: utter_help
""",
    )
    assert policy.rule_only.slots == ("hot",)
    assert policy.rule_only.loops == ("order_form",)
    assert "predicting default action with intent restart" in policy.not_in_stories


@pytest.mark.parametrize(
    "content", ["", "{}", '{"lookup": {"rules": {"no json": "a"}}}', '{"lookup": {"rules": {"[]": "a"}}}']
)
def test_a_broken_rule_file_is_a_model_error(content: str, tmp_path: Path) -> None:
    policy = trained(tmp_path, CONTRADICTION, check_for_contradictions=False)
    policy.save(tmp_path / "data")
    (tmp_path / "data" / "rule_policy.json").write_text(content)
    with pytest.raises(ModelError, match=r"rule_policy\.json"):
        RulePolicy.load(policy.options, policy.node, tmp_path / "data")


@pytest.mark.parametrize("compressed", [True, False])
def test_memorized_turns_are_read_as_they_were_written(compressed: bool, tmp_path: Path) -> None:
    assistant = read(tmp_path, CONTRADICTION, domain=DOMAIN)
    options = POLICIES["MemoizationPolicy"].merged({"enable_feature_string_compression": compressed, "max_history": 3})
    policy = MemoizationPolicy(options, "MemoizationPolicy0")
    policy.train(training_trackers(assistant.stories, assistant.domain), assistant.domain, TrainingContext())
    policy.save(tmp_path / "data")
    loaded = MemoizationPolicy.load(options, "MemoizationPolicy0", tmp_path / "data")
    assert loaded.lookup == policy.lookup
    assert len(loaded.lookup) == 3
    assert loaded.featurizer == policy.featurizer


@pytest.mark.parametrize("content", ["", "{}", '{"lookup": {"not base64": "a"}}', '{"lookup": {"YWJj": "a"}}'])
def test_broken_memorized_turns_are_a_model_error(content: str, tmp_path: Path) -> None:
    policy = MemoizationPolicy(POLICIES["MemoizationPolicy"].merged({}), "MemoizationPolicy0")
    policy.save(tmp_path)
    (tmp_path / "memorized_turns.json").write_text(content)
    with pytest.raises(ModelError, match=r"memorized_turns\.json"):
        MemoizationPolicy.load(policy.options, policy.node, tmp_path)


def test_max_history_must_be_a_number_of_turns() -> None:
    with pytest.raises(DataError, match="option max_history of MemoizationPolicy is a number \\(0\\)"):
        valid_options("MemoizationPolicy", max_history=0)


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("RulePolicy", {"core_fallback_threshold": 2}, "core_fallback_threshold"),
        ("RulePolicy", {"featurizer": [{"name": "FullDialogueTrackerFeaturizer"}]}, "option featurizer"),
        ("MemoizationPolicy", {"featurizer": [{"name": "FullDialogueTrackerFeaturizer"}]}, "option featurizer"),
    ],
)
def test_options_that_would_not_act_as_in_rasa_are_refused(name: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        valid_options(name, **options)
