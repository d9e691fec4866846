"""Kept tests: what decides their key, and what is read back."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.archive.manifest import Part
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import ActionStep, ComponentSpec, EntitySpan, Example, Story, UserStep
from rebake.base.conformity import conforms
from rebake.base.location import Location
from rebake.evaluation import (
    conversations,  # pytest would take TestedUser for a test
    kept,
)
from rebake.evaluation.comparison.compare import compare_tests
from rebake.evaluation.confusions import confused_intents
from rebake.evaluation.conversations import Conversation, GivenSlot, StoryTest
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.entities import EntityExample, EntityTest
from rebake.evaluation.figures import figures
from rebake.evaluation.kept import evaluation_keys, is_repeatable, located, pack_evaluation, unpack_evaluation
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import Fold, ModelTest, NluTest

pytestmark = pytest.mark.slow  # scikit-learn and SciPy

PARTS: dict[Part, str] = {"nlu": "1" * 64, "core": "2" * 64}
HI, BYE = Example("hi", "greet", location=Location("a.yml", 1)), Example("bye", "leave", location=Location("a.yml", 2))
STORY = Story("s", (UserStep("greet", "hi"), ActionStep("utter_greet")), location=Location("t.yml", 3))
DATA = EvaluationData((HI, BYE), (STORY,), end_to_end=True)
KEY = "k" * 64
PLACE = Location("held.yml", 7)
ENTITY = {"start": 0, "end": 2, "entity": "a", "value": "hi"}
TEST = ModelTest(
    "model",
    NluTest(
        LabelTest((LabelledText("hi", "greet", "greet", 0.5, PLACE), LabelledText("bye \ud800", "leave", "", 0.0))),
        LabelTest((LabelledText("hi", "faq/a", "faq/b", 1, None),)),
        EntityTest(
            (
                EntityExample(
                    "to Rome",
                    (EntitySpan(3, 7, "city", "Rome", "to", "1"),),
                    ({"start": 3, "end": 7, "entity": "city", "extractor": "X", "role": "to", "group": "1"},),
                    ((0, 2), (3, 7)),
                    PLACE,
                ),
            )
        ),
        (Fold(2, {"intents": 0.5}, {"intents": 1.0}),),
    ),
    StoryTest(
        (
            Conversation(
                "s",
                (
                    conversations.TestedUser("hi", "greet", "leave", (ENTITY,), (), PLACE),
                    GivenSlot("x", [1, None]),
                    conversations.TestedAction("utter_greet", "utter_greet", "RulePolicy", 1.0),
                ),
                PLACE,
            ),
        ),
        True,
    ),
)


def test_a_key_covers_what_the_result_depends_on_and_nothing_else() -> None:
    keys = evaluation_keys(PARTS, DATA)
    moved = EvaluationData((replace(BYE, location=None), HI), (replace(STORY, location=None),), end_to_end=True)
    assert evaluation_keys(PARTS, moved) == keys
    other_core = evaluation_keys({**PARTS, "core": "3" * 64}, DATA)
    assert (other_core["nlu"] == keys["nlu"], other_core["stories"] == keys["stories"]) == (True, False)
    other_nlu = evaluation_keys({**PARTS, "nlu": "3" * 64}, DATA)
    assert set(other_nlu.values()) & set(keys.values()) == set(), "stories are tested by their texts"
    by_intents = replace(DATA, end_to_end=False)
    assert (
        evaluation_keys({**PARTS, "nlu": "3" * 64}, by_intents)["stories"]
        == evaluation_keys(PARTS, by_intents)["stories"]
        != keys["stories"]
    )
    more = evaluation_keys(PARTS, replace(DATA, examples=(HI, HI, BYE)))
    assert (more["nlu"] == keys["nlu"], more["stories"] == keys["stories"]) == (False, True)
    assert evaluation_keys(PARTS, EvaluationData(), 5, 1) != evaluation_keys(PARTS, EvaluationData(), 5, 2)
    assert evaluation_keys({"core": "2" * 64}, DATA, 5) == {}, "without NLU neither texts nor examples are tested"


def test_what_a_server_finds_is_not_kept() -> None:
    assistant = load_assistant(None, None, None)
    duckling = ComponentSpec("DucklingEntityExtractor", {}, PLACE)
    asking = replace(assistant, config=replace(assistant.config, pipeline=(*assistant.config.pipeline, duckling)))
    assert (is_repeatable(assistant), is_repeatable(asking)) == (True, False)


def test_a_later_version_of_the_evaluator_tests_again(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = evaluation_keys(PARTS, DATA)
    monkeypatch.setattr(kept, "EVALUATOR", kept.EVALUATOR + 1)
    assert set(evaluation_keys(PARTS, DATA).values()) & set(keys.values()) == set()


def test_what_is_kept_is_read_back_and_is_the_same_bytes_each_time() -> None:
    content = pack_evaluation(TEST, KEY)
    assert unpack_evaluation(content, KEY) == TEST
    assert pack_evaluation(TEST, KEY) == content
    assert unpack_evaluation(content, "x" * 64) is None, "under another name"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values in a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


WRITTEN = json.loads(gzip.decompress(pack_evaluation(TEST, KEY)).decode("utf-8", "surrogatepass"))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(places(WRITTEN)[1:]), st.sampled_from([None, 7, -1, "x", True, [], [[]], {}, {"a": 1}, 1e308]))
def test_content_that_somebody_changed_is_unknown_or_harmless(place: tuple[Any, ...], value: Any) -> None:
    """Whatever is accepted can be compared, judged and rendered."""
    from rebake.evaluation.text import evaluation_text

    changed = json.loads(json.dumps(WRITTEN))
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    test = unpack_evaluation(gzip.compress(json.dumps(changed).encode("utf-8", "surrogatepass")), KEY)
    if test is not None:
        evaluation_text(test)
        figures(test)
        compare_tests(TEST, test)
        list(confused_intents(test))
        assert pack_evaluation(test, KEY)


def test_a_kept_test_gets_the_places_of_today() -> None:
    story = replace(STORY, steps=(UserStep("greet", "hi", location=Location("t.yml", 9)),))
    found = located(TEST, EvaluationData((HI, HI), (story,), end_to_end=True))
    assert found.nlu is not None
    assert found.nlu.intents is not None
    assert [example.location for example in found.nlu.intents.examples] == [Location("a.yml", 1), None]
    assert found.stories is not None
    [conversation] = found.stories.conversations
    assert conversation.location == Location("t.yml", 3)
    assert [turn.location for turn in conversation.turns if hasattr(turn, "location")] == [Location("t.yml", 9)]


def test_the_figures_are_those_of_a_comparison() -> None:
    comparison = compare_tests(TEST, TEST)
    compared = {
        f"{kind.kind}.{metric.name}": metric.figure.head
        for kind in comparison.kinds
        for metric in kind.metrics
        if metric.extractor is None
    }
    assert figures(TEST) == pytest.approx(compared)


@pytest.mark.parametrize(
    ("value", "hint", "is_sound"),
    [
        (1, float, True),
        (True, int, False),
        (None, str | None, True),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        ((1, 2), tuple[int, ...], True),
        ([1], tuple[int, ...], False),
        ({"a": 1}, dict[str, int], True),
        ({1: 1}, dict[str, int], False),
        (Location("a", 1), Location, True),
        (Location("a", "1"), Location, False),  # type: ignore[arg-type]
    ],
)
def test_values_conform_to_their_annotations_all_the_way_down(value: object, hint: Any, is_sound: bool) -> None:
    assert conforms(value, hint) is is_sound


def confused(*labels: tuple[str, str]) -> list[str]:
    examples = tuple(LabelledText(f"t{number}", *pair, 0.5) for number, pair in enumerate(labels))
    return [notice.message for notice in confused_intents(ModelTest("", NluTest(LabelTest(examples))))]


def test_intents_are_confused_from_two_examples_and_a_fifth_of_one_of_both_on() -> None:
    right = [("a", "a")] * 8 + [("b", "b")] * 20
    assert confused(*right, ("a", "b")) == [], "one slip"
    assert confused(*right, ("b", "a"), ("b", "a")) == [], "2 of 22"
    assert confused(*right, ("a", "b"), ("a", "b")) == [
        "2 of 10 test examples of 'a' are predicted as 'b', such as 't28'."
    ]
    assert len(confused(*right, ("a", "b"), ("a", "b"), ("b", "a"))) == 1, "one finding a pair"
    assert confused(*right, ("a", ""), ("a", ""), ("a", "nlu_fallback"), ("a", "nlu_fallback")) == []
