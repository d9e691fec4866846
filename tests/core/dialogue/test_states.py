"""What policies see of a conversation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import Domain, Entity, Form, Intent, Slot
from rebake.base.location import Location
from rebake.core.dialogue.events import events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import SlotFeaturizer, StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.featurizers import FeatureStates, TrackerFeaturizer
from rebake.errors import ModelError, UnsupportedError, UsageError

LISTEN = {"event": "action", "name": "action_listen"}
DOMAIN = Domain(
    intents=(Intent("greet"), Intent("order", ignore_entities=("drink",))),
    entities=(Entity("drink", roles=("first",)), Entity("size", influence_conversation=False)),
    slots=(
        Slot("drink", "text"),
        Slot("cup", "categorical", initial_value="small", values=("small", "big")),
        Slot("note", "any"),
    ),
    actions=("action_brew",),
)


def states(*events: dict[str, Any], domain: Domain = DOMAIN, **arguments: Any) -> list[Any]:
    tracker = Tracker(StateBuilder(domain), events_from_json(events))
    return TrackerFeaturizer().prediction_states(tracker, **arguments)


@pytest.mark.parametrize(
    ("slot", "value", "feature"),
    [
        (Slot("s", "text"), "", (1.0,)),
        (Slot("s", "text"), None, None),
        (Slot("s", "bool"), "False", (1.0, 0.0)),
        (Slot("s", "bool"), "perhaps", None),
        (Slot("s", "bool"), 1, (1.0, 1.0)),
        (Slot("s", "float", min_value=10, max_value=20), 15, (1.0, 0.5)),
        (Slot("s", "float"), 7, (1.0, 1.0)),
        (Slot("s", "float"), "much", None),
        (Slot("s", "list"), [], None),
        (Slot("s", "list"), "one", (1.0,)),
        (Slot("s", "categorical", values=("A", "b")), "a", (1.0, 0.0, 0.0)),
        (Slot("s", "categorical", values=("A", "b")), "c", (0.0, 0.0, 1.0)),
        (Slot("s", "any"), "x", None),
        (Slot("s", "text", influence_conversation=False), "x", None),
        (Slot("s", "rasa.shared.core.slots.BooleanSlot"), True, (1.0, 1.0)),
        (Slot("s", "float"), "should_not_be_set", "should_not_be_set"),
    ],
)
def test_slots_become_numbers_by_their_type(slot: Slot, value: Any, feature: Any) -> None:
    featurizer = SlotFeaturizer.of(slot)
    assert featurizer.feature(featurizer.stored(value)) == feature


def test_a_slot_type_of_ones_own_is_refused_with_its_place() -> None:
    slot = Slot("s", "addons.MySlot", location=Location("domain.yml", 7))
    with pytest.raises(UnsupportedError, match=r"domain\.yml:7: Slot 's' has the custom type 'addons\.MySlot'"):
        SlotFeaturizer.of(slot)


def test_a_state_is_taken_before_each_action_and_at_the_end() -> None:
    user = {"event": "user", "intent": "greet", "entities": [{"entity": "drink", "role": "first"}, {"entity": "size"}]}
    assert states(LISTEN, user, {"event": "slot", "name": "drink", "value": "tea"}) == [
        {"slots": {"cup": (1.0, 0.0, 0.0)}},
        {
            "user": {"intent": "greet", "entities": ("drink", "drink#first")},
            "slots": {"cup": (1.0, 0.0, 0.0), "drink": (1.0,)},
            "prev_action": {"action_name": "action_listen"},
        },
    ]


def test_ignored_entities_stay_out() -> None:
    user = {"event": "user", "intent": "order", "entities": [{"entity": "drink", "role": "first"}]}
    assert states(LISTEN, user)[-1]["user"] == {"intent": "order"}


def test_a_form_that_asks_on_is_one_turn() -> None:
    form = [{"event": "action", "name": "f"}, {"event": "active_loop", "name": "f"}]
    user = {"event": "user", "intent": "order", "entities": []}
    answer = {"event": "slot", "name": "drink", "value": "tea"}
    (*_, last) = seen = states(LISTEN, user, *form, LISTEN, user, answer, {"event": "action", "name": "f"})
    assert len(seen) == 3
    assert last["slots"]["drink"] == (1.0,)
    rejected = {"event": "action_execution_rejected", "name": "f"}
    assert len(states(LISTEN, user, *form, LISTEN, user, rejected, {"event": "action", "name": "f"})) == 5


def test_reverted_turns_did_not_happen() -> None:
    user = {"event": "user", "intent": "greet", "entities": []}
    brew = {"event": "action", "name": "action_brew"}
    assert states(LISTEN, user, brew, {"event": "rewind"}) == states()
    assert states(LISTEN, user, brew, {"event": "undo"}) == states(LISTEN, user)
    assert states(LISTEN, user, brew, {"event": "restart"}) == states()


def test_policies_of_stories_do_not_see_what_only_rules_know() -> None:
    user = {"event": "user", "intent": "greet", "entities": []}
    hidden = {"event": "action", "name": "utter_rule", "hide_rule_turn": True}
    known = {"event": "action", "name": "action_brew"}
    slot = {"event": "slot", "name": "drink", "value": "tea"}
    seen = states(
        LISTEN, user, hidden, {**LISTEN, "hide_rule_turn": True}, user, known, slot, rule_only=RuleOnlyData(("drink",))
    )
    assert [state.get("prev_action", {}).get("action_name") for state in seen] == [None, "action_listen", "action_brew"]
    assert "drink" not in seen[-1]["slots"]


def test_text_or_intent_is_seen_but_not_both() -> None:
    user = {"event": "user", "intent": "greet", "text": "hi", "entities": [{"entity": "drink"}]}
    assert states(LISTEN, user)[-1]["user"] == {"intent": "greet", "entities": ("drink",)}
    assert states(LISTEN, user, use_text=True)[-1]["user"] == {"text": "hi"}


def test_feature_states_encode_known_names() -> None:
    tables = FeatureStates.of(DOMAIN)
    assert list(tables.slots) == ["cup_0", "cup_1", "cup_2", "drink_0"]
    assert tables.action_name["action_brew"] == 13
    state = states(LISTEN, {"event": "user", "intent": "unknown", "entities": [{"entity": "drink"}]})[-1]
    assert tables.encode(state) == {
        "action_name": [(0, 1.0)],
        "intent": [],
        "entities": [(0, 1.0)],
        "slots": [(0, 1.0), (1, 0.0), (2, 0.0)],
    }
    assert FeatureStates.from_dict(tables.as_dict()) == tables


def test_the_order_of_slots_entities_roles_and_forms_in_the_domain_moves_no_column() -> None:
    entities = (Entity("b", roles=("y", "x"), groups=("2", "1")), Entity("a", roles=("z",)))
    forms = (Form("order", ("drink",)), Form("book", ()))
    domain = replace(DOMAIN, entities=entities, forms=forms, actions=("order", "book"))
    reordered = replace(
        domain,
        entities=(entities[1], replace(entities[0], roles=("x", "y"), groups=("1", "2"))),
        forms=forms[::-1],
        slots=domain.slots[::-1],
    )
    assert FeatureStates.of(reordered) == FeatureStates.of(domain)
    actions = replace(domain, actions=("book", "order"))
    assert FeatureStates.of(actions).action_name != FeatureStates.of(domain).action_name


@pytest.mark.parametrize(
    "featurizer",
    [
        TrackerFeaturizer(),
        TrackerFeaturizer(5, feature_states=FeatureStates.of(DOMAIN)),
        TrackerFeaturizer(feature_states=FeatureStates.of(DOMAIN), type="FullDialogueTrackerFeaturizer"),
    ],
)
def test_featurizers_are_read_as_they_were_written(featurizer: TrackerFeaturizer, tmp_path: Path) -> None:
    featurizer.save(tmp_path)
    assert TrackerFeaturizer.load(tmp_path) == featurizer


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"state_featurizer": {}}'])
def test_a_broken_featurizer_file_is_a_model_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "featurizer.json").write_text(content)
    with pytest.raises(ModelError, match=r"featurizer\.json"):
        TrackerFeaturizer.load(tmp_path)


@pytest.mark.parametrize("event", [{}, {"event": "dance"}, {"event": "slot"}, {"event": "followup", "name": 3}])
def test_an_unknown_event_is_a_usage_error(event: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        events_from_json([event])


def test_a_slot_that_the_domain_lacks_is_not_seen() -> None:
    assert states({"event": "slot", "name": "nothing", "value": 1}, domain=replace(DOMAIN, slots=())) == [{}]
