"""A model that Rasa 3.6.21 trained on examples/cafe answers here as it did in Rasa: parity in any clone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from parity.example import MODEL, REFERENCE_CAFE, differences, recorded
from parity.make_reference import LIMIT, small_config
from rebake import load_model

pytestmark = [pytest.mark.parity, pytest.mark.slow]


@pytest.fixture(scope="module")
def rasa() -> dict[str, Any]:
    return recorded(REFERENCE_CAFE)


def test_rebake_parses_and_decides_as_rasa_did(rasa: dict[str, Any]) -> None:
    assert differences(REFERENCE_CAFE / MODEL, rasa) == []


def test_a_changed_answer_of_rasa_is_found(rasa: dict[str, Any]) -> None:
    changed = copy.deepcopy(rasa)
    few = {"parses": changed["parses"][:2], "texts": changed["texts"][:2]}
    few |= {"points": changed["points"][-2:], "decisions": changed["decisions"][-2:]}
    few["parses"][0]["intent"]["confidence"] -= 2e-4
    few["decisions"][1]["action"] = "action_listen_no_more"
    assert len(differences(REFERENCE_CAFE / MODEL, few)) == 2


def test_the_reference_has_something_to_compare(rasa: dict[str, Any]) -> None:
    entities = [entity for parse in rasa["parses"] for entity in parse["entities"]]
    assert len({entity["entity"] for entity in entities}) > 2
    assert any(entity.get("role") for entity in entities)
    assert len({parse["intent"]["name"] for parse in rasa["parses"]}) > 8
    assert {decision["policy"] for decision in rasa["decisions"]} >= {"MemoizationPolicy", "RulePolicy", "TEDPolicy"}


def test_the_reference_is_small_and_of_this_example() -> None:
    assert sum(file.stat().st_size for file in REFERENCE_CAFE.iterdir()) < LIMIT
    assert (REFERENCE_CAFE / "config.yml").read_text(encoding="utf-8") == small_config()
    with load_model(REFERENCE_CAFE / MODEL) as model:
        assert model.parse("hello")["intent"]["name"] is not None
