"""Rules as patterns over the last states of a conversation, found by the state they end with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebake.core.events import RULE_SNIPPET, SHOULD_NOT_BE_SET
from rebake.core.states import PREVIOUS_ACTION, USER, State


def rule_key(states: Sequence[State]) -> str | None:
    """The states after the last ``...`` as JSON; None if there are none."""
    start = 0
    for index, state in enumerate(states):
        if state.get(PREVIOUS_ACTION, {}).get("action_name") == RULE_SNIPPET:
            start = index + 1
    return json.dumps(states[start:], sort_keys=True) if start < len(states) else None


class RuleTable:
    """A lookup of rules: key -> what it predicts, and an index so that few rules are compared.

    Attributes:
        lookup: as the file holds it; :meth:`remove` keeps the index right.
    """

    def __init__(self, lookup: Mapping[str, str]) -> None:
        self.lookup = dict(lookup)
        self._states: dict[str, list[State]] = {}
        self._by_end: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        for key in self.lookup:
            states = [_with_tuples(state) for state in json.loads(key)]
            self._states[key] = states[::-1]
            self._by_end[_end_of(states[-1])].append(key)

    def remove(self, key: str) -> None:
        """Forget a rule."""
        del self.lookup[key]
        self._by_end[_end_of(self._states.pop(key)[0])].remove(key)

    def last_state(self, key: str) -> State:
        """The last state of a rule."""
        return self._states[key][0]

    def matching(self, states: Sequence[State]) -> Iterator[str]:
        """Keys of all rules that the conversation ends with."""
        action, intent = _end_of(states[-1])
        for end in {(action, intent), (action, None)}:
            for key in self._by_end.get(end, ()):
                if all(map(_applies, self._states[key], reversed(states))):
                    yield key

    def best(self, states: Sequence[State]) -> str | None:
        """The longest key that matches, as the longer of two rules says more."""
        return max(self.matching(states), key=lambda key: (len(key), key), default=None)


def _with_tuples(state: Mapping[str, Mapping[str, Any]]) -> State:
    return {
        part: {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
        for part, content in state.items()
    }


def _end_of(state: State) -> tuple[str | None, str | None]:
    """Previous action and intent. A state without previous action starts a conversation and is not looked into."""
    previous = state.get(PREVIOUS_ACTION, {})
    action = previous.get("action_name") or previous.get("action_text")
    return action, state.get(USER, {}).get("intent") or None if action else None


def _applies(rule: State, state: State) -> bool:
    starts = (not rule.get(PREVIOUS_ACTION), not state.get(PREVIOUS_ACTION))
    if any(starts):
        return all(starts)
    return all(
        _agrees(wanted, state.get(part, {}).get(name))
        for part, content in rule.items()
        for name, wanted in content.items()
    )


def _agrees(wanted: Any, actual: Any) -> bool:
    if wanted == SHOULD_NOT_BE_SET:
        return not actual or actual == SHOULD_NOT_BE_SET
    return not wanted or actual == wanted
