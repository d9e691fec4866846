"""Rules as patterns over the last states of a conversation, found by the state they end with."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebake.core.dialogue.events import RULE_SNIPPET, SHOULD_NOT_BE_SET
from rebake.core.dialogue.states import PREVIOUS_ACTION, USER, State


def rule_key(states: Sequence[State]) -> str | None:
    """Return the states after the last ``...`` as JSON; None if there are none."""
    start = 0
    for index, state in enumerate(states):
        if state.get(PREVIOUS_ACTION, {}).get("action_name") == RULE_SNIPPET:
            start = index + 1
    return json.dumps(states[start:], sort_keys=True) if start < len(states) else None


_End = tuple[str | None, str | None]
_Wanted = tuple[str, str, Any]  # part of a state, name, value


class RuleTable:
    """A lookup of rules: key -> what it predicts, and an index so that few rules are compared.

    A rule is found by the previous action and the intent of its last state, and of what else this state asks for by
    that which the fewest rules ask for: a thousand rules that differ in one slot are not compared one by one.

    Attributes:
        lookup: as in the file; :meth:`remove` keeps the index right.
    """

    def __init__(self, lookup: Mapping[str, str]) -> None:
        self.lookup = dict(lookup)
        self._states: dict[str, list[State]] = {}
        for key in self.lookup:
            self._states[key] = [_with_tuples(state) for state in json.loads(key)][::-1]
        shares = Counter(wanted for states in self._states.values() for wanted in _asked(states[0]))
        self._places: dict[str, tuple[_End, _Wanted | None]] = {}
        self._index: dict[_End, dict[_Wanted | None, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key, states in self._states.items():
            rarest = min(_asked(states[0]), key=lambda wanted: (shares[wanted], str(wanted)), default=None)
            self._places[key] = _end_of(states[0]), rarest
            self._index[_end_of(states[0])][rarest].append(key)
        self._sorted = sorted(self.lookup)

    def remove(self, key: str) -> None:
        """Forget a rule."""
        del self.lookup[key]
        end, wanted = self._places.pop(key)
        self._index[end][wanted].remove(key)
        del self._states[key]

    def has_longer(self, key: str) -> bool:
        """Return whether another rule starts with all that this one says of its states."""
        opened = key.removesuffix("}]")
        for place in range(bisect_left(self._sorted, opened), len(self._sorted)):
            other = self._sorted[place]
            if not other.startswith(opened):
                return False
            if other != key and other in self.lookup:
                return True
        return False

    def last_state(self, key: str) -> State:
        """Return the last state of a rule."""
        return self._states[key][0]

    def matching(self, states: Sequence[State]) -> Iterator[str]:
        """Return the keys of all rules that the conversation ends with."""
        action, intent = _end_of(states[-1])
        there = [None, *_asked(states[-1])]
        for end in {(action, intent), (action, None)}:
            table = self._index.get(end, {})
            for wanted in there if len(there) < len(table) else [place for place in table if place in there]:
                for key in table.get(wanted, ()):
                    if all(map(_applies, self._states[key], reversed(states))):
                        yield key

    def best(self, states: Sequence[State]) -> str | None:
        """Return the longest key that matches, as the longer of two rules says more."""
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


def _asked(state: State) -> list[_Wanted]:
    """What must be so, among the slots, entities, text and loop of a state that starts no conversation."""
    if not state.get(PREVIOUS_ACTION):
        return []
    return [
        (part, name, wanted)
        for part, content in state.items()
        for name, wanted in content.items()
        if part != PREVIOUS_ACTION and (part, name) != (USER, "intent") and wanted and wanted != SHOULD_NOT_BE_SET
    ]


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
