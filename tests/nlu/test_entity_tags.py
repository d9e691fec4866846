"""Annotations become tags and tags become entities as in Rasa."""

from __future__ import annotations

from typing import Any

import pytest

from rebake.assistant.model import EntitySpan, Example
from rebake.nlu.entity_tags import (
    SplitByComma,
    TagLayers,
    TagSpec,
    assemble,
    build_tag_specs,
    repair_bilou,
    tag_tokens,
)
from rebake.nlu.message import Message, Token

SPLIT = SplitByComma.from_option(True)


def tokens_of(text: str) -> list[Token]:
    tokens, start = [], 0
    for word in text.replace(",", " ").split():
        start = text.index(word, start)
        tokens.append(Token(word, start, start + len(word), word))
        start += len(word)
    return tokens


def message(text: str, *spans: EntitySpan) -> Message:
    return Message({"text": text}, Example(text, "go", spans), {"text": tokens_of(text)})


def test_whole_words_get_bilou_tags_and_parts_of_words_get_none() -> None:
    trip = message(
        "fly to New York City from Berlin",
        EntitySpan(7, 20, "city", "NYC", role="to"),
        EntitySpan(26, 32, "city", "Berlin"),
    )
    assert tag_tokens(trip, "entity", True) == ["O", "O", "B-city", "I-city", "L-city", "O", "U-city"]
    assert tag_tokens(trip, "role", True) == ["O", "O", "B-to", "I-to", "L-to", "O", "O"]
    broken = message("to Berlins", EntitySpan(3, 9, "city", "Berlin"))
    assert tag_tokens(broken, "entity", True) == ["O", "O"]
    assert tag_tokens(broken, "entity", False) == ["O", "city"]
    assert build_tag_specs([broken], True) == []


def test_tag_ids_have_o_first_then_sorted_tags_with_their_four_prefixes() -> None:
    trips = [
        message("to Rome", EntitySpan(3, 7, "town", "Rome", role="to")),
        message("in May", EntitySpan(3, 6, "month", "May")),
    ]
    specs = build_tag_specs(trips, True)
    assert [spec.name for spec in specs] == ["entity", "role"]
    assert specs[0].tags == ("O", *(f"{p}-month" for p in "BILU"), *(f"{p}-town" for p in "BILU"))
    assert build_tag_specs(trips, False)[0].tags == ("O", "month", "town")
    assert TagSpec.from_dict(specs[0].as_dict()) == specs[0]


@pytest.mark.parametrize(
    ("tags", "repaired"),
    [
        (["B-a", "I-a", "O"], ["B-a", "L-a", "O"]),
        (["B-a", "O"], ["U-a", "O"]),
        (["B-a", "I-b", "L-a"], ["B-a", "I-a", "L-a"]),
        (["B-a", "I-a"], ["B-a", "L-a"]),
        (["B-a", "U-a"], ["U-a", "U-a"]),
        (["I-a", "L-a"], ["I-a", "L-a"]),
    ],
)
def test_broken_bilou_sequences_are_repaired(tags: list[str], repaired: list[str]) -> None:
    assert repair_bilou(tags, [0.9] * len(tags))[0] == repaired


def test_a_repaired_tag_gets_the_score_of_the_tag_that_won() -> None:
    _, confidences = repair_bilou(["B-a", "I-b", "L-a"], [0.9, 0.6, 0.7])
    assert confidences == [0.9, pytest.approx(round(2 * 0.8 * 0.67 / (0.8 + 0.67), 2)), 0.7]


def parts(text: str, tags: list[str], split: SplitByComma = SPLIT, **layers: list[str]) -> list[tuple[Any, ...]]:
    confidence = [1.0 - 0.1 * i for i in range(len(tags))]
    given: TagLayers = {"entity": (tags, confidence), **{name: (tags, confidence) for name, tags in layers.items()}}  # type: ignore[misc]
    return [(entity["entity"], entity["value"]) for entity in assemble(text, tokens_of(text), given, split, "X")]


def test_neighbouring_words_of_one_tag_are_one_entity() -> None:
    assert parts("New York City", ["B-c", "I-c", "L-c"]) == [("c", "New York City")]
    assert parts("New York", ["c", "c"]) == [("c", "New York")]
    assert parts("Rome Berlin", ["U-c", "U-c"]) == [("c", "Rome"), ("c", "Berlin")]
    assert parts("Rome or Berlin", ["c", "O", "c"]) == [("c", "Rome"), ("c", "Berlin")]


def test_commas_split_entities_unless_the_option_says_otherwise() -> None:
    together = SplitByComma.from_option({"c": False})
    assert parts("Rome, Berlin", ["c", "c"]) == [("c", "Rome"), ("c", "Berlin")]
    assert parts("Rome, Berlin", ["c", "c"], together) == [("c", "Rome, Berlin")]
    assert parts("Rome, Berlin", ["d", "d"], together) == [("d", "Rome"), ("d", "Berlin")]
    assert parts("Rome,    Berlin", ["c", "c"], together) == [("c", "Rome"), ("c", "Berlin")]


def test_a_changed_role_opens_a_new_entity_and_keys_stand_in_rasas_order() -> None:
    assert len(parts("Rome Berlin", ["c", "c"], role=["from", "to"])) == 2
    layers: TagLayers = {"entity": (["c", "c"], [0.9, 0.8]), "role": (["to", "to"], [0.7, 0.6])}
    entities = assemble("New York", tokens_of("New York"), layers, SPLIT, "DIETClassifier")
    expected = {
        "entity": "c",
        "start": 0,
        "end": 8,
        "confidence_entity": 0.8,
        "role": "to",
        "confidence_role": 0.6,
        "value": "New York",
        "extractor": "DIETClassifier",
    }
    assert list(entities[0].items()) == list(expected.items())
