"""NLU data and entity annotations."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.assistant.model import Assistant, EntitySpan
from rebake.assistant.nlu_data.annotations import AnnotationError, parse_annotations
from rebake.errors import DataError
from support.assistant_files import load, write


def nlu(tmp_path: Path, text: str) -> Assistant:
    return load(write(tmp_path, {"data/nlu.yml": text}))


@pytest.mark.parametrize(
    ("written", "text", "spans"),
    [
        ("hi [Bo](name)!", "hi Bo!", [(3, 5, "name", "Bo", None, None)]),
        (
            "[NYC](city:New York) [x](y)",
            "NYC x",
            [(0, 3, "city", "New York", None, None), (4, 5, "y", "x", None, None)],
        ),
        (
            'to [LA]{"entity": "city", "role": "to", "group": "1", "value": "Los Angeles"} now',
            "to LA now",
            [(3, 5, "city", "Los Angeles", "to", "1")],
        ),
        ('[two]{"entity": "n", "value": 2}', "two", [(0, 3, "n", "2", None, None)]),
        (
            '[a b][{"entity": "x"}, {"entity": "y", "role": "r"}]',
            "a b",
            [(0, 3, "x", "a b", None, None), (0, 3, "y", "a b", "r", None)],
        ),
        ("plain [text] (here)", "plain [text] (here)", []),
        ("[😀é](e) [b](e)", "😀é b", [(0, 2, "e", "😀é", None, None), (3, 4, "e", "b", None, None)]),
    ],
)
def test_every_form_of_annotation_is_read(written: str, text: str, spans: list[tuple[Any, ...]]) -> None:
    annotated = parse_annotations(written)
    assert annotated.text == text
    assert annotated.spans == tuple(EntitySpan(*span) for span in spans)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[a]{entity: x}", "not valid JSON"),
        ('[a]{"role": "x"}', 'names no "entity"'),
        ('[a]{"entity": 5}', "must be text"),
        ('[a]{"entity": "x", "value": true}', "must be text"),
    ],
)
def test_an_annotation_that_means_nothing_is_refused(written: str, words: str) -> None:
    with pytest.raises(AnnotationError, match=words):
        parse_annotations(written)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("a [b ](c)", "begins or ends with a blank"),
        ("a [b] (c) [d](e)", "look like an annotation"),
        ("a [b][c]", "contains no entity"),
        ('[a][{"entity": "x"}, {"entity": "y"}]', "several entities"),
    ],
)
def test_odd_annotations_are_reported(written: str, words: str) -> None:
    (remark,) = parse_annotations(written).remarks
    assert words in remark


_words = st.text(st.characters(codec="utf-8", exclude_characters="[](){}:\\\"'"), min_size=1)


@settings(deadline=None)
@given(st.lists(st.tuples(_words, _words, _words, st.booleans()), min_size=1))
def test_annotated_texts_round_trip(pieces: list[tuple[str, str, str, bool]]) -> None:
    written, text, spans = "", "", []
    for before, surface, entity, as_json in pieces:
        written += before
        text += before
        if as_json:
            written += f'[{surface}]{{"entity": "e", "role": "r"}}'
            spans.append(EntitySpan(len(text), len(text) + len(surface), "e", surface, "r"))
        else:
            written += f"[{surface}]({entity})"
            spans.append(EntitySpan(len(text), len(text) + len(surface), entity, surface))
        text += surface
    annotated = parse_annotations(written)
    assert annotated.text == text
    assert annotated.spans == tuple(spans)


@settings(deadline=None)
@given(st.text(alphabet='ab[](){}:,"\\ \nentity', max_size=80) | st.text())
def test_arbitrary_text_is_read_or_refused(written: str) -> None:
    try:
        annotated = parse_annotations(written)
    except AnnotationError:
        return
    for span in annotated.spans:
        assert 0 <= span.start < span.end <= len(annotated.text)


DATA = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello

    - hello
    -   [Bo](name)
    forgotten dash
    -
- intent: faq/refund
  metadata: {team: a}
  examples:
  - text: money [back](what:return)
    metadata: 5
  - text: |
      refund
- synonym: return
  examples: |
    - refunding
- regex: zip
  examples: |
    - [0-9]{5}
    - \\d+
- lookup: what
  examples: |
    - a
    - b
- lookup: what
  examples: |
    - c
- intent: " "
  examples: |
    - y
"""


def test_examples_synonyms_patterns_and_lookups_are_read_with_places(tmp_path: Path) -> None:
    assistant = nlu(tmp_path, DATA)
    data = assistant.nlu
    assert [(e.text, e.intent, e.metadata, e.location.line if e.location else 0) for e in data.examples] == [
        ("hello", "greet", None, 5),
        ("Bo", "greet", None, 8),
        ("money back", "faq/refund", {"intent": {"team": "a"}, "example": 5}, 14),
        ("refund", "faq/refund", {"intent": {"team": "a"}}, 17),
    ]
    assert [(s.surface, s.value) for s in data.synonyms] == [("back", "return"), ("refunding", "return")]
    assert [(r.name, r.pattern) for r in data.regexes] == [("zip", "[0-9]{5}"), ("zip", "\\d+")]
    assert [(t.name, t.elements) for t in data.lookups] == [("what", ("a", "b", "c"))]
    file = tmp_path / "data" / "nlu.yml"
    notices = [str(notice) for notice in assistant.notices]
    assert f"{file}:7: Left out: a duplicate of the example of 'greet' at {file}:5." in notices
    assert f"{file}:9: Skipped: an example of the intent 'greet' does not start with '- '." in notices
    assert f"{file}:10: Skipped: an empty example of the intent 'greet'." in notices
    assert any("the intent has no name" in notice and f"{file}:32:" in notice for notice in notices)


def test_the_later_synonym_counts_and_is_reported(tmp_path: Path) -> None:
    text = "nlu:\n- synonym: a\n  examples: |\n    - x\n- synonym: b\n  examples: |\n    - x\n"
    assistant = nlu(tmp_path, text)
    assert {s.surface: s.value for s in assistant.nlu.synonyms} == {"x": "b"}
    assert any("'x' now stands for 'b'" in notice.message for notice in assistant.notices)


def test_lookups_of_two_files_stay_two_tables(tmp_path: Path) -> None:
    text = "nlu:\n- lookup: a\n  examples: |\n    - x\n"
    assistant = load(write(tmp_path, {"data/1.yml": text, "data/2.yml": text}))
    assert [table.elements for table in assistant.nlu.lookups] == [("x",), ("x",)]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nlu: 5", 1, "must be a list"),
        ("nlu:\n- hello", 2, "must be a mapping, not text ('hello'). Write '- intent: name'."),
        ("nlu:\n- intent: 5\n  examples: |\n    - x", 2, "'intent' must be text, not a number (5)"),
        ("nlu:\n- intnt: a\n  examples: |\n    - x", 2, "Did you mean 'intent'?"),
        ("nlu:\n- intent: a\n  exampels: |\n    - x", 3, "Did you mean 'examples'?"),
        ("nlu:\n- intent: a/b/c\n  examples: |\n    - x", 2, "more than one '/'"),
        ("nlu:\n- intent: a\n  examples:\n  - x\n  - y", 3, "Write 'examples: |', with the bar"),
        ("nlu:\n- synonym: a\n  examples:\n  - x", 3, "'examples' must be text with an example per line, not a list"),
        ('nlu:\n- intent: a\n  examples: |\n    - x\n    - [b]{"entity": }', 5, "not valid JSON"),
        ('version: "9"\nnlu: []', 1, "newer than 3.1"),
    ],
)
def test_a_mistake_in_nlu_data_is_one_error_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(DataError) as caught:
        nlu(tmp_path, text)
    assert words in str(caught.value)
    assert caught.value.location is not None
    assert caught.value.location.line == line
