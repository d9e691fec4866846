"""What can be wrong with rules: too many user turns, incomplete rules, contradictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rebake.assistant.model import Domain
from rebake.base.notice_kinds import NoticeKind
from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    RULE_SNIPPET,
    SHOULD_NOT_BE_SET,
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    SlotSet,
    UserUttered,
)
from rebake.core.dialogue.states import LOOP, PREVIOUS_ACTION, SLOTS, State
from rebake.core.dialogue.tracker import TrainingTracker
from rebake.core.rules.decision import Decision, LearnedRules, built_in_sources
from rebake.errors import DataError, DataErrors

_MAX_USER_TURNS = 1


def described(tracker: TrainingTracker) -> str:
    """'name' (file:line)."""
    places = ", ".join(str(story.location) for story in tracker.stories if story.location is not None)
    return f"'{tracker.name}'" + (f" ({places})" if places else "")


def check_user_turns(rules: Iterable[TrainingTracker]) -> None:
    """DataError for rules with more than one user turn: those are stories."""
    long = [rule for rule in rules if sum(isinstance(event, UserUttered) for event in rule.events) > _MAX_USER_TURNS]
    _raise_all(
        ((rule, f"The rule {described(rule)} has too many user turns: a rule may have one.") for rule in long),
        "Write a story instead, or set restrict_rules: false for the RulePolicy.",
        NoticeKind.LONG_RULE,
    )


def check_completeness(rules: Sequence[TrainingTracker]) -> None:
    """DataError for rules that run an action without the slots and loops that it sets in other rules."""
    slots, loops = _set_by_actions(rules)
    problems: list[tuple[TrainingTracker, str]] = []
    for rule in rules:
        states = rule.past_states()
        following = [state.get(PREVIOUS_ACTION, {}).get("action_name") for state in states[1:]] + [ACTION_LISTEN]
        for state, next_action in zip(states, following, strict=True):
            action = state.get(PREVIOUS_ACTION, {}).get("action_name")
            if not action or RULE_SNIPPET in (next_action, action):
                continue
            problems.extend((rule, problem) for problem in _missing(action, state, slots, loops))
    _raise_all(
        ((rule, f"In rule {described(rule)} {problem}") for rule, problem in problems),
        "Add them to the rule (null where a slot or loop must not be set), or, if the action is the rule's last, "
        "set wait_for_user_input: false.",
        NoticeKind.INCOMPLETE_RULE,
    )


def _set_by_actions(rules: Iterable[TrainingTracker]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """action -> featurized slots, and action -> loops, that follow it directly in any rule."""
    slots: dict[str, set[str]] = defaultdict(set)
    loops: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        action: str | None = None
        for event in rule.events:
            match event:
                case ActionExecuted():
                    action = event.label
                case UserUttered():
                    action = None  # slots filled from entities are not the listen action's
                case SlotSet(name=name) if action and name in rule.builder.slots and rule.builder.slots[name].width:
                    slots[action].add(name)
                case ActiveLoop(name=str(name)) if action:
                    loops[action].add(name)
    return slots, loops


def _missing(action: str, state: State, slots: dict[str, set[str]], loops: dict[str, set[str]]) -> Iterable[str]:
    unset = sorted(slots.get(action, set()) - set(state.get(SLOTS, {})))
    if unset:
        yield f"'{action}' does not set {', '.join(unset)}, which it sets in other rules."
    expected = loops.get(action, set())
    if expected and state.get(LOOP, {}).get("name") not in expected:
        names = ", ".join(sorted("null" if loop == SHOULD_NOT_BE_SET else loop for loop in expected))
        yield f"'{action}' does not set active_loop ({names}), which it sets in other rules."


def check_contradictions(
    policy: LearnedRules, rules: Sequence[TrainingTracker], stories: Sequence[TrainingTracker], domain: Domain
) -> frozenset[str]:
    """Replay rules and stories against the learned rules.

    A rule that says "listen" although a story goes on after an action with no user turn in between is deleted from
    the policy instead of being a contradiction: the longer rule says more.

    Returns:
        Sources of predictions (keys of rules, and the policy's built-in ones) that are right in no story.

    Raises:
        DataError: a rule says something else than another rule or a story.
    """
    replay = _Replay(policy)
    for rule in rules:
        replay.collect(rule)
    for tracker in (*stories, *rules):
        replay.check(tracker)
    _raise_all(replay.problems, NoticeKind.CONTRADICTING_RULE.fix, NoticeKind.CONTRADICTING_RULE)
    return frozenset((set(replay.sources) | built_in_sources(domain)) - replay.used_in_stories)


class _Replay:
    """Runs trackers through the policy as if they were conversations."""

    def __init__(self, policy: LearnedRules) -> None:
        self._policy = policy
        enabled = policy.options["enable_fallback_prediction"] and policy.options["core_fallback_threshold"] > 0
        self._fallback: str = policy.options["core_fallback_action_name"] if enabled else ACTION_LISTEN
        self.sources: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        self.used_in_stories: set[str] = set()
        self.problems: list[tuple[TrainingTracker, str]] = []

    def collect(self, rule: TrainingTracker) -> None:
        """Remember which rule each prediction of the rule's own turns comes from."""
        for predicted, source, gold in self._decisions(rule):
            if source:
                built_in = not source.startswith("[")
                entry = (f"'{source}'", predicted) if built_in else (described(rule), gold)
                self.sources[source].append(entry)

    def check(self, tracker: TrainingTracker) -> None:
        """Compare what is predicted with what the tracker does."""
        for predicted, source, gold in self._decisions(tracker):
            if not tracker.is_rule and predicted == gold and source:
                self.used_in_stories.add(source)
            if not predicted or not source or predicted == gold:
                continue
            if self._gives_way(source, tracker, predicted):
                self._policy.rules.remove(source)
                continue
            names = sorted({rule for rule, action in self.sources.get(source, ()) if action != gold})
            if names:
                self.problems.append((tracker, self._problem(tracker, gold, predicted, names)))

    def _problem(self, tracker: TrainingTracker, gold: str, predicted: str, rules: Sequence[str]) -> str:
        kind = "rule" if tracker.is_rule else "story"
        here = f"In {kind} {described(tracker)} '{gold}' follows"
        if predicted == self._policy.options["core_fallback_action_name"]:
            return f"{here}, but not by {', '.join(rules)}."
        return f"{here}, but '{predicted}' does by {', '.join(rules)}."

    def _gives_way(self, source: str, tracker: TrainingTracker, predicted: str) -> bool:
        if tracker.is_rule or predicted != ACTION_LISTEN or source.count(PREVIOUS_ACTION) > 1:
            return False
        return source in self._policy.rules.lookup and self._policy.rules.has_longer(source)

    def _decisions(self, tracker: TrainingTracker) -> Iterable[tuple[str | None, str | None, str]]:
        """(predicted action, source, action of the tracker) for every action that something led to."""
        running = TrainingTracker(tracker.builder, is_rule=tracker.is_rule)
        unpredictable = True  # the first action is
        for event in tracker.applied_events():
            if isinstance(event, ActionExecuted) and event.name != RULE_SNIPPET:
                if not unpredictable and not event.unpredictable:
                    yield (*self._predicted(running, event.label), event.label)
                unpredictable = False
            elif isinstance(event, ActionExecuted):
                unpredictable = True
            running.update(event)

    def _predicted(self, running: TrainingTracker, gold: str) -> tuple[str | None, str | None]:
        decision = self._policy.decide(running)
        predicted = self._action_of(decision, running)
        loop = running.now.active_loop
        if loop is not None and predicted == loop != gold:
            # Where the training data leaves the form, the form would have refused to run.
            running.update(ActionExecutionRejected(loop))
            decision = self._policy.decide(running)
            predicted = self._action_of(decision, running)
        return predicted, decision.source

    def _action_of(self, decision: Decision, running: TrainingTracker) -> str | None:
        """In a story, no prediction is fine; in a rule, the fallback action is predicted then."""
        return decision.action or (self._fallback if running.is_rule else None)


def _raise_all(problems: Iterable[tuple[TrainingTracker, str]], fix: str, kind: NoticeKind) -> None:
    """Raise the problems as one error for each, at the last of a tracker's stories; equal ones once."""
    errors = DataErrors()
    first: dict[str, TrainingTracker] = {}
    for tracker, message in problems:
        first.setdefault(message, tracker)
    for message, tracker in first.items():
        places = [story.location for story in tracker.stories if story.location is not None]
        errors.add(DataError(message, location=places[-1] if places else None, fix=fix, kind=kind))
    errors.finish()
