"""Rules are found by an index, which must find the same rules as looking at all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.core.dialogue.states import State
from rebake.core.rules.matching import RuleTable, _applies, rule_key

ACTIONS = st.sampled_from(({"action_name": "action_listen"}, {"action_name": "utter_x"}, {"action_text": "Hi"}))
USERS = st.sampled_from(({"intent": "a"}, {"intent": "b", "entities": ("e",)}, {"text": "hello"}))
SLOTS = st.dictionaries(st.sampled_from(("s", "t")), st.sampled_from(((1.0,), (0.0, 1.0), "should_not_be_set")))
LOOPS = st.sampled_from(({"name": "f"}, {"name": "should_not_be_set"}))


@st.composite
def states(draw: Any) -> State:
    drawn = {"user": draw(USERS), "slots": draw(SLOTS), "prev_action": draw(ACTIONS), "active_loop": draw(LOOPS)}
    kept = draw(st.sets(st.sampled_from(tuple(drawn))))
    return {part: content for part, content in drawn.items() if part in kept and content}


sequences = st.lists(states(), min_size=1, max_size=3)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(sequences, min_size=1, max_size=12), sequences, st.data())
def test_the_index_finds_what_a_search_through_all_rules_finds(
    rules: list[list[State]], conversation: list[State], data: Any
) -> None:
    lookup = {key: "x" for rule in rules if (key := rule_key(rule)) is not None}
    table = RuleTable(lookup)
    for key in data.draw(st.sets(st.sampled_from(sorted(lookup)))):
        table.remove(key)
    assert sorted(table.matching(conversation)) == sorted(
        key for key in table.lookup if all(map(_applies, table._states[key], reversed(conversation)))
    )


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(sequences, min_size=1, max_size=8))
def test_a_longer_rule_is_found_among_sorted_keys(rules: list[list[State]]) -> None:
    keys = [json.dumps(rule, sort_keys=True) for rule in rules]
    table = RuleTable(dict.fromkeys(keys, "x"))
    for key in table.lookup:
        assert table.has_longer(key) == any(other != key and other.startswith(key[:-2]) for other in table.lookup)
