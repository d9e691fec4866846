"""RulePolicy: does what a rule says, runs forms, and falls back where nothing else is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from rebake.archive.json_files import read_json, write_json
from rebake.assistant.domain.names import action_names
from rebake.assistant.model import Domain
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import ACTION_LISTEN, RULE_SNIPPET, LoopInterrupted
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import LOOP, PREVIOUS_ACTION, SLOTS, State, active_loop_of, follows_listen
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import Examples, TrackerFeaturizer
from rebake.core.memoization.memoization_policy import score_of, single_action, unambiguous
from rebake.core.policy import PolicyPrediction
from rebake.core.rules import checks as rule_checks
from rebake.core.rules.decision import DEFAULT_ACTIONS, DEFAULT_SOURCE, LISTEN_SOURCE, LOOP_SOURCE, Decision
from rebake.core.rules.matching import RuleTable, rule_key
from rebake.errors import RETRAIN, DataError, ModelError

FILE = "rule_policy.json"
RULE_ONLY_FILE = "rule_only_data.json"
_INTERRUPTED = "loop_was_interrupted"
_NO_LOOP_ACTION = "do_not_predict_loop_action"


class RulePolicy:
    """Options that act: priority, core_fallback_threshold, core_fallback_action_name, enable_fallback_prediction,
    restrict_rules, check_for_contradictions, use_nlu_confidence_as_score.
    """

    name: ClassVar[str] = "RulePolicy"

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = options
        self.node = node
        self.featurizer = TrackerFeaturizer()
        self.rules = RuleTable({})
        self.unhappy = RuleTable({})
        self.not_in_stories: frozenset[str] = frozenset()
        self.rule_only = RuleOnlyData()

    def train(
        self,
        trackers: Sequence[TrainingTracker],
        domain: Domain,
        context: TrainingContext,  # noqa: ARG002
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """Learn the rules and check them.

        Raises:
            DataError: rules with several user turns, incomplete rules, rules and stories that contradict each other,
                a fallback action that the domain lacks.
        """
        self._check_fallback_action(domain)
        originals = [tracker for tracker in trackers if not tracker.is_augmented]
        rules = [tracker for tracker in originals if tracker.is_rule]
        stories = [tracker for tracker in originals if not tracker.is_rule]
        if self.options["restrict_rules"]:
            rule_checks.check_user_turns(rules)
        if self.options["check_for_contradictions"]:
            rule_checks.check_completeness(rules)
        self._learn(self.featurizer.examples(rules, omit_unset_slots=True), self.featurizer.examples(stories))
        if self.options["check_for_contradictions"]:
            self.not_in_stories = rule_checks.check_contradictions(self, rules, stories, domain)
        return {"rules": float(len(self.rules.lookup))}

    def _check_fallback_action(self, domain: Domain) -> None:
        action = self.options["core_fallback_action_name"]
        if action and action not in action_names(domain):
            raise DataError(
                f"{named(self.node)}: core_fallback_action_name is '{action}', which the domain does not have.",
                location=domain.location,
                fix="Add it to the domain's actions.",
            )

    def _learn(self, rules: Examples, stories: Examples) -> None:
        lookup = unambiguous(zip(map(rule_key, rules.states), rules.labels, strict=True))
        self.rules = RuleTable({key: action for key, action in lookup.items() if action != RULE_SNIPPET})
        if self.options["check_for_contradictions"]:
            rule_slots, rule_loops = _mentioned(rules)
            story_slots, story_loops = _mentioned(stories)
            self.rule_only = RuleOnlyData(
                tuple(sorted(rule_slots - story_slots)), tuple(sorted(rule_loops - story_loops))
            )
        unhappy: dict[str, str] = {}
        for examples in (rules, stories):
            for states, action in zip(examples.states, examples.labels, strict=True):
                unhappy.update(_unhappy_path(states, action))
        self.unhappy = RuleTable(unhappy)

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,  # noqa: ARG002
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> PolicyPrediction:
        """Predict the action of the longest matching rule, of a running form, or of an intent that Rasa handles."""
        return self._prediction(self.decide(tracker), tracker, domain)

    def decide(self, tracker: Tracker) -> Decision:
        """Return what the rules say, in the order in which they overrule each other."""
        by_text = self._by_rule(tracker, use_text=True)
        after_listen = tracker.now.latest_action_name == ACTION_LISTEN
        intent = tracker.now.message.intent if tracker.now.message is not None and after_listen else None
        if intent in DEFAULT_ACTIONS and not by_text.action:
            return Decision(DEFAULT_ACTIONS[intent], DEFAULT_SOURCE + intent)
        loop = _happy_path(tracker)
        if loop is not None:
            return loop
        if by_text.action:
            return by_text
        by_intent = self._by_rule(tracker, use_text=False)
        if by_text.returning:
            return Decision(by_intent.action, by_intent.source, returning=True)
        return by_intent

    def _probabilities(self, decision: Decision, tracker: Tracker, domain: Domain) -> list[float]:
        """[n_actions]: the threshold for the fallback action, also beside a match, and the score of the decision."""
        enabled = self.options["enable_fallback_prediction"]
        fallback = self.options["core_fallback_action_name"] if enabled else None
        probabilities = single_action(domain, fallback, self.options["core_fallback_threshold"], self.node)
        if decision.action:
            chosen = single_action(domain, decision.action, score_of(tracker, self.options), self.node)
            index = action_names(domain).index(decision.action)
            probabilities[index] = chosen[index]
        return probabilities

    def _prediction(self, decision: Decision, tracker: Tracker, domain: Domain) -> PolicyPrediction:
        return PolicyPrediction(
            self._probabilities(decision, tracker, domain),
            self.name,
            self.options["priority"],
            is_end_to_end=decision.is_end_to_end,
            is_no_user=decision.is_no_user,
            hide_rule_turn=decision.source in self.not_in_stories,
            events=(LoopInterrupted(True),) if decision.returning else (),
        )

    def _by_rule(self, tracker: Tracker, *, use_text: bool) -> Decision:
        """What the learned rules say; by text only right after the user spoke, as later that is settled."""
        if use_text and tracker.now.latest_action_name != ACTION_LISTEN:
            return Decision(None, None)
        states = self.featurizer.prediction_states(tracker, use_text=use_text)
        best = self.rules.best(states)
        action = None if best is None else self.rules.lookup[best]
        returning = False
        loop = tracker.now.active_loop
        if loop is not None:
            conditions = {self.unhappy.lookup[key] for key in self.unhappy.matching(states)}
            # A general rule ends with listening; inside a form that means to go on with the form.
            if best is not None and action == ACTION_LISTEN and not active_loop_of(self.rules.last_state(best)):
                if _NO_LOOP_ACTION not in conditions:
                    return Decision(loop, best, is_end_to_end=use_text)
                action = None
            returning = _INTERRUPTED in conditions
        return Decision(action, best or rule_key(states), returning, is_end_to_end=use_text)

    def save(self, directory: Path) -> None:
        """Write ``rule_policy.json``, ``rule_only_data.json`` and ``featurizer.json``."""
        self.featurizer.save(directory)
        rule_only = {"rule_only_slots": list(self.rule_only.slots), "rule_only_loops": list(self.rule_only.loops)}
        lookup: dict[str, Any] = {"rules": dict(sorted(self.rules.lookup.items()))}
        if self.options["check_for_contradictions"]:
            lookup |= rule_only
        lookup["rules_for_loop_unhappy_path"] = dict(sorted(self.unhappy.lookup.items()))
        if self.options["check_for_contradictions"]:
            lookup["rules_not_in_stories"] = sorted(self.not_in_stories)
        write_json(directory / FILE, {"lookup": lookup})
        write_json(directory / RULE_ONLY_FILE, rule_only)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read the files. Raises ModelError."""
        if directory is None:
            raise ModelError(f"{named(node)} has no directory in the model.", fix=RETRAIN)
        policy = cls(options, node)
        policy.featurizer = TrackerFeaturizer.load(directory)
        content = read_json(directory / FILE)
        try:
            lookup = content["lookup"]
            policy.rules = RuleTable(lookup["rules"])
            policy.unhappy = RuleTable(lookup.get("rules_for_loop_unhappy_path", {}))
            policy.not_in_stories = frozenset(lookup.get("rules_not_in_stories", ()))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise ModelError(f"{directory.name}/{FILE} contains no rules: {error!r}.", fix=RETRAIN) from error
        policy.rule_only = RuleOnlyData.read(directory)
        return policy


def _happy_path(tracker: Tracker) -> Decision | None:
    """A form that was not rejected runs, and listens after it ran; what the user said does not matter."""
    now = tracker.now
    if now.active_loop is None or now.loop_rejected or not now.latest_action:
        return None
    if now.latest_action.get("action_name") != now.active_loop:
        return Decision(now.active_loop, LOOP_SOURCE + now.active_loop, is_no_user=True)
    return Decision(ACTION_LISTEN, LOOP_SOURCE + now.active_loop + LISTEN_SOURCE, is_no_user=True)


def _unhappy_path(states: Sequence[State], action: str) -> dict[str, str]:
    """What the end of a window says about leaving a form: nothing, or one entry of the lookup."""
    last = states[-1]
    loop = active_loop_of(last)
    if loop is None:
        return {}
    before = states[-2].get(PREVIOUS_ACTION) if len(states) > 1 else None
    key = rule_key([{PREVIOUS_ACTION: before}, last] if before else [last])
    if key is None:
        return {}
    if follows_listen(last):
        return {key: _INTERRUPTED} if action == loop else {}
    return {key: _NO_LOOP_ACTION} if action != loop else {}


def _mentioned(examples: Examples) -> tuple[set[str], set[str]]:
    """Slots and loops in any state."""
    slots: set[str] = set()
    loops: set[str] = set()
    for state in {id(state): state for states in examples.states for state in states}.values():
        slots.update(state.get(SLOTS, {}))
        loop = active_loop_of(state)
        if loop is not None and LOOP in state:
            loops.add(loop)
    return slots, loops
