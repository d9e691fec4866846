"""The comparison that judges rebake against Rasa must be able to fail: one number, name or offset changed is found."""

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.shared import need

ROOT = Path(__file__).resolve().parent.parent


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compare = load("scripts/conformance_compare.py").compare


def answer() -> dict[str, Any]:
    parse = {
        "text": "two cups",
        "intent": {"name": "order", "confidence": 0.75},
        "entities": [{"entity": "count", "start": 0, "end": 3, "value": "two", "confidence_entity": 0.9}],
        "intent_ranking": [{"name": "order", "confidence": 0.75}, {"name": "deny", "confidence": 0.25}],
    }
    decision = {
        "policy": "TEDPolicy",
        "action": "utter_greet",
        "confidence": 0.8,
        "policies": {"run_TEDPolicy1": {"utter_greet": 0.8, "action_listen": 0.2}},
    }
    events = [{"event": "action", "name": "action_listen"}, {"event": "user", "intent": "greet", "entities": []}]
    return {"texts": ["two cups"], "parses": [parse], "points": [{"events": events}], "decisions": [decision]}


def test_equal_answers_have_no_differences() -> None:
    assert compare(answer(), answer()) == []


def test_numbers_within_the_tolerance_are_no_difference() -> None:
    ours = answer()
    ours["parses"][0]["intent"]["confidence"] += 9e-5
    ours["decisions"][0]["policies"]["run_TEDPolicy1"]["utter_greet"] -= 9e-5
    assert compare(answer(), ours) == []


PERTURBATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "intent confidence": lambda told: told["parses"][0]["intent"].update(confidence=0.7502),
    "intent name": lambda told: told["parses"][0]["intent"].update(name="deny"),
    "ranking confidence": lambda told: told["parses"][0]["intent_ranking"][1].update(confidence=0.2502),
    "ranking order": lambda told: told["parses"][0]["intent_ranking"].reverse(),
    "ranking length": lambda told: told["parses"][0]["intent_ranking"].pop(),
    "entity offset": lambda told: told["parses"][0]["entities"][0].update(end=4),
    "entity confidence": lambda told: told["parses"][0]["entities"][0].update(confidence_entity=0.8998),
    "entity role": lambda told: told["parses"][0]["entities"][0].update(role="from"),
    "no entity": lambda told: told["parses"][0]["entities"].clear(),
    "probability": lambda told: told["decisions"][0]["policies"]["run_TEDPolicy1"].update(action_listen=0.2002),
    "missing action": lambda told: told["decisions"][0]["policies"]["run_TEDPolicy1"].pop("action_listen"),
    "missing policy": lambda told: told["decisions"][0]["policies"].clear(),
    "action": lambda told: told["decisions"][0].update(action="action_listen"),
    "policy": lambda told: told["decisions"][0].update(policy="RulePolicy"),
    "a parse too few": lambda told: told["parses"].clear(),
    "a decision too few": lambda told: told["decisions"].clear(),
    "another question": lambda told: told["texts"].__setitem__(0, "three cups"),
}


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbed_answer_differs(name: str) -> None:
    ours = answer()
    PERTURBATIONS[name](ours)
    assert compare(answer(), ours)
    assert compare(ours, answer())


def test_one_changed_number_in_what_rasa_told_is_found() -> None:
    lines = need("reference/helpdesk/parse.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    told = {"texts": [row["text"] for row in rows], "parses": [row["parse"] for row in rows]}
    told |= {"points": [], "decisions": []}
    changed = copy.deepcopy(told)
    changed["parses"][-1]["intent_ranking"][0]["confidence"] += 2e-4
    assert compare(told, told) == []
    assert len(compare(told, changed)) == 1
