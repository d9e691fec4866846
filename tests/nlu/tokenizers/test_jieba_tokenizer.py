"""JiebaTokenizer; the tests that cut Chinese texts need jieba (pip install 'rebake[jieba]')."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.importer import load_assistant
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.model import load_model
from rebake.nlu import extras
from rebake.nlu.message import Message
from rebake.registry.lookup import COMPONENTS
from support.building import build, verdict_on
from support.nlu import component, reloaded, texts, trained, training_on

needs_jieba = pytest.mark.skipif(
    find_spec("jieba") is None, reason="jieba is not installed: pip install 'rebake[jieba]'"
)

SENTENCE = "我想去云计算大会"
PROJECT = """
language: zh
assistant_id: zh
pipeline:
  - name: JiebaTokenizer{options}
  - name: CountVectorsFeaturizer
  - name: DIETClassifier
    epochs: 30
    random_seed: 1
    constrain_similarities: true
"""
DATA = """
version: "3.1"
nlu:
  - intent: book
    examples: |
      - 我想订一张去[北京](city)的机票
      - 帮我买去[上海](city)的火车票
      - 我要去[广州](city)
  - intent: greet
    examples: |
      - 你好
      - 早上好
      - 您好吗
"""


def words(text: str) -> list[str]:
    return tokens(plain(), text)


@cache
def plain() -> Any:
    return component("JiebaTokenizer")  # it reads its dictionary once


def tokens(tokenizer: Any, text: str) -> list[str]:
    message = Message({"text": text})
    tokenizer.process([message])
    for token in message.tokens["text"]:
        assert text[token.start : token.end] == token.text
    return [token.text for token in message.tokens["text"]]


def dictionary(directory: Path, **files: str) -> str:
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / f"{name}.txt").write_text(content, encoding="utf-8")
    return str(directory)


def project(directory: Path, options: str = "") -> dict[str, Any]:
    (directory / "config.yml").write_text(PROJECT.replace("{options}", options), encoding="utf-8")
    (directory / "nlu.yml").write_text(DATA, encoding="utf-8")
    return {"config": directory / "config.yml", "domain": None, "data": [directory / "nlu.yml"]}


@needs_jieba
def test_words_punctuation_and_spaces_are_tokens_and_an_empty_text_has_none() -> None:
    assert words("我来到北京清华大学") == ["我", "来到", "北京", "清华大学"]
    assert words("hi，去 北京") == ["hi", "，", "去", " ", "北京"]
    assert words("") == []


@needs_jieba
def test_token_pattern_and_the_options_of_labels_work_as_with_other_tokenizers() -> None:
    message = Message({"intent": "a+b", "intent_response_key": "faq/x+y", "response": "北京", "action_name": "a+b"})
    options = {"intent_tokenization_flag": True, "intent_split_symbol": "+", "token_pattern": "[a-z]"}
    tokenizer = component("JiebaTokenizer", **options)
    assert tokens(tokenizer, "北京ab") == ["北京", "a", "b"]
    tokenizer.process([message], training=True)
    assert {key: [token.text for token in found] for key, found in message.tokens.items()} == {
        "intent": ["a", "b"],
        "intent_response_key": ["faq", "x", "y"],
        "response": ["北京"],
        "action_name": ["a", "b"],
    }


@needs_jieba
def test_user_dictionaries_go_into_the_model_and_count_there_alone(tmp_path: Path) -> None:
    assert "云计算" not in words(SENTENCE)
    path = dictionary(tmp_path / "dictionaries", words="云计算 5 n\n\n大会\n", more="我想去 100000000\n")
    (tmp_path / "dictionaries" / ".hidden").write_bytes(b"\xff")
    tokenizer = trained("JiebaTokenizer", training_on(texts("x")), dictionary_path=path)
    assert tokens(tokenizer, SENTENCE) == ["我想去", "云计算", "大会"]
    loaded = reloaded(tokenizer, "JiebaTokenizer", tmp_path / "model", dictionary_path="gone")
    assert {file.name for file in (tmp_path / "model").iterdir()} == {"words.txt", "more.txt"}
    assert tokens(loaded, SENTENCE) == ["我想去", "云计算", "大会"]
    assert "云计算" not in words(SENTENCE)


@needs_jieba
@pytest.mark.parametrize("content", [None, b"\xff\xfe", "word 99999999999999999999999999x".encode("utf-16")])
def test_a_missing_or_broken_dictionary_is_refused(tmp_path: Path, content: bytes | None) -> None:
    directory = tmp_path / "dictionaries"
    if content is not None:
        directory.mkdir()
        (directory / "d").write_bytes(content)
    with pytest.raises(DataError, match="dictionary_path: "):
        trained("JiebaTokenizer", training_on(texts("x")), dictionary_path=str(directory))


@needs_jieba
def test_a_broken_dictionary_of_a_model_is_an_error_of_the_model(tmp_path: Path) -> None:
    path = dictionary(tmp_path / "dictionaries", words="云计算")
    (tmp_path / "dictionaries" / "words.txt").write_bytes(b"\xff")
    entry = COMPONENTS["JiebaTokenizer"]
    with pytest.raises(ModelError, match=r"words\.txt is not a dictionary of jieba"):
        entry.load_class().load(entry.merged({"dictionary_path": path}), "JiebaTokenizer0", Path(path))


def test_without_jieba_the_error_has_the_line_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assistant = load_assistant(**project(tmp_path))
    with pytest.raises(UnsupportedError, match=r"config\.yml:5: .*jieba.*pip install 'rebake\[jieba\]'"):
        build(assistant, output=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_check_sees_changed_dictionaries_and_needs_no_jieba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fingerprint() -> str | None:
        [part] = [
            part for part in verdict_on(load_assistant(**project(tmp_path, options)), old=None).parts if part.is_stale
        ]
        return part.fingerprint

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    options = "\n    dictionary_path: dictionaries"
    missing = fingerprint()
    dictionary(tmp_path / "dictionaries", words="云计算 5 n")
    first = fingerprint()
    assert fingerprint() == first != missing
    dictionary(tmp_path / "dictionaries", words="云计算 6 n")
    assert fingerprint() != first


@needs_jieba
def test_a_chinese_assistant_learns_intents_and_entities(tmp_path: Path) -> None:
    result = build(load_assistant(**project(tmp_path)), output=tmp_path / "models")
    with load_model(result.model) as loaded:
        parsed = loaded.parse("帮我订去北京的火车票")
    assert parsed["intent"]["name"] == "book"
    assert [(found["entity"], found["value"]) for found in parsed["entities"]] == [("city", "北京")]
    assert parsed["text_tokens"][:2] == [[0, 1], [1, 3]]
    assert not result.notices
