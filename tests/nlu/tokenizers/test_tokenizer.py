"""WhitespaceTokenizer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.errors import DataError
from rebake.nlu.message import Message
from support.nlu import component, tokenized
from support.shared import need


def words(text: str, **options: object) -> list[str]:
    return [token.text for token in tokenized(text, **options)[0].tokens["text"]]


def labels(attribute: str, label: str, **options: object) -> list[str]:
    message = Message({attribute: label})
    component("WhitespaceTokenizer", **options).process([message], training=True)
    return [token.text for token in message.tokens[attribute]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", ["Hello", "world"]),
        ("don't stop", ["don", "t", "stop"]),
        ("10'000.00 at -5", ["10'000.00", "at", "-5"]),
        ("mail a@b.com or http://x.y/z?q=1#f.", ["mail", "a@b.com", "or", "http://x.y/z?q=1#f"]),
        ("😀 hi 😀", ["hi"]),
        ("日本語 text", ["text"]),
        ("😀", ["😀"]),
        (":) :)", [":) :)"]),
        ("", [""]),
        ("a\u00a0b\u2028c", ["a", "b", "c"]),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_token_pattern_splits_tokens_whose_parts_keep_the_lemma_of_the_whole() -> None:
    [message] = tokenized("re-book it", token_pattern=r"\w+")
    assert [(t.text, t.start, t.end, t.lemma) for t in message.tokens["text"]] == [
        ("re", 0, 2, "re-book"),
        ("book", 3, 7, "re-book"),
        ("it", 8, 10, "it"),
    ]


def test_a_token_that_token_pattern_does_not_match_stays_whole() -> None:
    assert words("ab 12", token_pattern=r"\d") == ["ab", "1", "2"]


@pytest.mark.parametrize("pattern", ["(", "(a)(b)"])
def test_a_token_pattern_that_gives_no_words_is_refused(pattern: str) -> None:
    with pytest.raises(DataError, match="token_pattern"):
        component("WhitespaceTokenizer", token_pattern=pattern)


def test_labels_are_whole_unless_they_are_to_be_split() -> None:
    assert labels("intent", "book_trip") == ["book_trip"]
    assert labels("intent", "book_trip", intent_tokenization_flag=True) == ["book", "trip"]
    assert labels("intent", "book+trip", intent_tokenization_flag=True, intent_split_symbol="+") == ["book", "trip"]
    assert labels("intent_response_key", "faq/ask_name") == ["faq", "ask_name"]
    assert labels("intent_response_key", "faq/ask_name", intent_tokenization_flag=True) == ["faq", "ask", "name"]
    assert labels("intent", "a.b_c", prefix_separator_symbol=".", intent_tokenization_flag=True) == ["a", "b", "c"]


@given(st.text(), st.sampled_from([None, r"\w+", r"[^\W_]"]))
def test_tokens_are_slices_of_the_text_in_order(text: str, pattern: str | None) -> None:
    [message] = tokenized(text, token_pattern=pattern)
    end = 0
    for token in message.tokens["text"]:
        assert text[token.start : token.end] == token.text
        assert token.start >= end
        end = token.end
    assert message.tokens["text"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["breakoutbot", "concertbot", "e2ebot", "formbot", "helpdesk", "moodbot", "travelbot"])
def test_tokens_are_where_rasa_found_them(name: str) -> None:
    options = {"intent_tokenization_flag": True} if name == "e2ebot" else {}
    lines = (need(f"reference/{name}/parse.jsonl")).read_text(encoding="utf-8").splitlines()
    parsed = [json.loads(line) for line in lines]
    parsed = [entry for entry in parsed if "text_tokens" in entry["parse"]]  # not those that begin with a slash
    messages = tokenized(*(entry["text"].strip() for entry in parsed), **options)
    for entry, message in zip(parsed, messages, strict=True):
        assert [[t.start, t.end] for t in message.tokens["text"]] == entry["parse"]["text_tokens"], entry["text"]
