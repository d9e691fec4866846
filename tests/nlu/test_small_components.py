"""Synonyms, fallback, /intent messages, regex entities, keywords, the untrained response selector."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.assistant.model import (
    Domain,
    Entity,
    EntitySpan,
    Example,
    Intent,
    LookupTable,
    NluData,
    RegexPattern,
    Synonym,
)
from rebake.base.location import Location
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, ModelError
from rebake.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rebake.nlu.message import Message
from support.nlu import component, reloaded, trained, training_on
from support.notices import listening, said

CITY = NluData(
    examples=(
        Example("to NYC", "go", (EntitySpan(3, 6, "city", "New York"),)),
        Example("to Rome", "go", (EntitySpan(3, 7, "city", "Rome"),)),
    ),
    synonyms=(Synonym("Big Apple", "New York"), Synonym("NYC", "New York")),
)


def user(text: str, intent: str | None = None, confidence: float = 1.0, *ranking: float) -> Message:
    message = Message({"text": text})
    if intent is not None:
        message.intent = {"name": intent, "confidence": confidence}
        message.intent_ranking = [{"name": f"i{i}", "confidence": value} for i, value in enumerate(ranking)]
    return message


def ranked(*ranking: float) -> Message:
    return user("", "i0", ranking[0], *ranking)


# EntitySynonymMapper


def test_synonyms_are_lower_case_surfaces_and_their_targets(tmp_path: Path) -> None:
    mapper = trained("EntitySynonymMapper", training_on(CITY))
    mapper.save(tmp_path)
    assert json.loads((tmp_path / "synonyms.json").read_text(encoding="utf-8")) == {
        "big apple": "New York",
        "new york": "New York",
        "nyc": "New York",
        "rome": "Rome",
    }


def test_entity_values_are_replaced_in_any_case_and_the_mapper_signs(tmp_path: Path) -> None:
    mapper = reloaded(trained("EntitySynonymMapper", training_on(CITY)), "EntitySynonymMapper", tmp_path)
    message = user("to big APPLE or Oslo")
    message.entities = [{"value": "big APPLE"}, {"value": "Oslo"}, {"value": 5}]
    mapper.process([message])
    assert message.entities == [
        {"value": "New York", "processors": ["EntitySynonymMapper"]},
        {"value": "Oslo"},
        {"value": 5},
    ]


def test_a_surface_with_two_targets_warns_and_the_last_one_counts() -> None:
    context, notices = listening()
    data = NluData(CITY.examples, (Synonym("a", "b"), Synonym("A", "c", Location("data/nlu.yml", 3))))
    mapper = trained("EntitySynonymMapper", training_on(data), context)
    assert said(notices) == "data/nlu.yml:3: 'a' is a synonym of 'b' and of 'c'; the last one counts."
    message = user("a")
    message.entities = [{"value": "a"}]
    mapper.process([message])
    assert message.entities[0]["value"] == "c"


def test_without_synonyms_nothing_is_written(tmp_path: Path) -> None:
    trained("EntitySynonymMapper", training_on(NluData())).save(tmp_path)
    assert not list(tmp_path.iterdir())


# FallbackClassifier


@pytest.mark.parametrize(
    ("ranking", "falls_back"),
    [((0.29, 0.1), True), ((0.3, 0.1), False), ((0.5, 0.45), True), ((0.9,), False), ((0.8, 0.6), False)],
)
def test_an_unsure_or_ambiguous_intent_falls_back(ranking: tuple[float, ...], falls_back: bool) -> None:
    message = ranked(*ranking)
    component("FallbackClassifier").process([message])
    assert message.intent is not None
    assert (message.intent["name"] == "nlu_fallback") is falls_back
    assert len(message.intent_ranking) == len(ranking) + falls_back
    if falls_back:
        assert message.intent == message.intent_ranking[0] == {"name": "nlu_fallback", "confidence": 0.3}


def test_no_intent_falls_back() -> None:
    message = user("", None)
    component("FallbackClassifier", threshold=0.7).process([message])
    assert message.intent == {"name": "nlu_fallback", "confidence": 0.7}


# RegexMessageHandler

DOMAIN = Domain(intents=(Intent("go"),), entities=(Entity("city"),))


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "entities"),
    [
        ("/go", "go", 1.0, []),
        ("  /go ", "go", 1.0, []),
        ("/go@0.4", "go", 0.4, []),
        ("/go@7", "go", 1.0, []),
        ("/go@.", "go", 0.0, []),
        ('/go{"city": "Rome"}', "go", 1.0, [("city", "Rome", 3, 19)]),
        ('/go@0.5{"city": ["Rome", 5], "x": 1}', "go", 0.5, [("city", "Rome", 7, 36), ("city", 5, 7, 36)]),
        ("/go{broken}", "go", 1.0, []),
        ("/restart", "restart", 1.0, []),
    ],
)
def test_a_text_says_itself_what_it_means(text: str, intent: str, confidence: float, entities: list[Any]) -> None:
    before = user(text, "other")
    [after] = RegexMessageHandler(DOMAIN).process([before])
    assert after.text == text.strip()
    assert after.intent == {"name": intent, "confidence": confidence}
    assert after.intent_ranking == [after.intent]
    assert after.entities == [
        {"entity": name, "value": value, "start": start, "end": end, "extractor": "RegexMessageHandler"}
        for name, value, start, end in entities
    ]


@pytest.mark.parametrize("text", ["go", "/nowhere", "/", "/@1", "a /go"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    before = user(text, "other")
    assert RegexMessageHandler(DOMAIN).process([before]) == [before]


def test_without_a_domain_every_intent_and_entity_counts() -> None:
    [after] = RegexMessageHandler().process([user('/any{"thing": 1}')])
    assert after.intent == {"name": "any", "confidence": 1.0}
    assert [entity["entity"] for entity in after.entities] == ["thing"]


@given(st.text())
def test_no_text_after_a_slash_breaks_the_handler(text: str) -> None:
    RegexMessageHandler().process([user("/" + text)])


# RegexEntityExtractor


def test_patterns_of_annotated_names_find_entities_pattern_by_pattern(tmp_path: Path) -> None:
    data = NluData(
        CITY.examples,
        regexes=(RegexPattern("zip", r"\d{5}"), RegexPattern("city", "r[aio]ma?")),
        lookups=(LookupTable("city", ("Oslo",)),),
    )
    extractor = reloaded(trained("RegexEntityExtractor", training_on(data)), "RegexEntityExtractor", tmp_path)
    message = user("oslo Roma 12345")
    extractor.process([message])
    assert message.entities == [
        {"entity": "city", "start": 5, "end": 9, "value": "Roma", "extractor": "RegexEntityExtractor"},
        {"entity": "city", "start": 0, "end": 4, "value": "oslo", "extractor": "RegexEntityExtractor"},
    ]


def test_an_extractor_without_patterns_warns_and_writes_nothing(tmp_path: Path) -> None:
    context, notices = listening()
    trained("RegexEntityExtractor", training_on(CITY), context).save(tmp_path)
    assert "finds nothing" in said(notices)
    assert not list(tmp_path.iterdir())


# KeywordIntentClassifier


def test_each_keyword_of_two_intents_is_named_where_the_second_intent_comes_in() -> None:
    context, notices = listening()
    lines = [("ok", "greet"), ("hello", "greet"), ("ok", "leave"), ("hello you", "leave")]
    examples = [Example(text, intent, location=Location("data/nlu.yml", n)) for n, (text, intent) in enumerate(lines)]
    trained("KeywordIntentClassifier", training_on(NluData(tuple(examples))), context)
    assert [(str(notice.location), notice.kind) for notice in notices] == [
        ("data/nlu.yml:1", NoticeKind.KEYWORD_OF_SEVERAL_INTENTS),  # hello stands in an example of leave
        ("data/nlu.yml:2", NoticeKind.KEYWORD_OF_SEVERAL_INTENTS),
    ]
    assert "'ok' belongs to several intents" in said(notices)


KEYWORDS = NluData(tuple(Example(text, intent) for text, intent in [
    ("hello", "greet"), ("bye", "leave"), ("hi", "greet"), ("bye bye now", "greet"), ("ok", "greet"), ("ok", "leave"),
]))  # fmt: skip


def test_the_first_keyword_that_stands_in_the_text_gives_the_intent(tmp_path: Path) -> None:
    classifier = reloaded(
        trained("KeywordIntentClassifier", training_on(KEYWORDS)), "KeywordIntentClassifier", tmp_path
    )
    assert json.loads((tmp_path / "KeywordIntentClassifier.json").read_text(encoding="utf-8")) == {
        "hello": "greet", "hi": "greet", "bye bye now": "greet",
    }  # fmt: skip
    messages = [
        user("oh hi there"),
        user("hit"),
        user("hit", "other", 0.5),
        user("Hi", "other"),
        user("hello", "other"),
    ]
    classifier.process(messages)
    assert [message.intent and message.intent["name"] for message in messages] == [
        "greet", None, "other", "other", "greet",
    ]  # fmt: skip


def test_an_example_that_is_no_regex_is_refused() -> None:
    with pytest.raises(DataError, match="regular expressions"):
        trained("KeywordIntentClassifier", training_on(NluData((Example("what :(", "sad"),))))


# All of them


def test_the_untrained_response_selector_says_what_rasas_says() -> None:
    messages = [user("hi")]
    component("ResponseSelector").process(messages)
    component("ResponseSelector", retrieval_intent="faq").process(messages)
    answer = {
        "response": {"responses": None, "confidence": 0.0, "intent_response_key": None, "utter_action": "utter_None"},
        "ranking": [],
    }
    assert messages[0].extra == {"response_selector": {"all_retrieval_intents": [], "default": answer, "faq": answer}}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("EntitySynonymMapper", "synonyms.json"),
        ("RegexFeaturizer", "patterns.json"),
        ("RegexEntityExtractor", "regex.json"),
        ("KeywordIntentClassifier", "KeywordIntentClassifier.json"),
        ("LexicalSyntacticFeaturizer", "feature_to_idx_dict.json"),
        ("CountVectorsFeaturizer", "vocabularies.json"),
    ],
)
@pytest.mark.parametrize("content", [None, "", "5", '"x', "[5]"])
def test_a_missing_or_broken_file_of_a_model_is_a_model_error(
    name: str, file: str, content: str | None, tmp_path: Path
) -> None:
    (tmp_path / "other").write_text("", encoding="utf-8")
    if content is not None:
        (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError):
        reloaded(component("FallbackClassifier"), name, tmp_path)
