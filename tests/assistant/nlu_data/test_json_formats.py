"""JSON training data: Rasa's own format, and what LUIS, wit.ai and Dialogflow export."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rebake.assistant.config import read_config
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, EntitySpan, Example, LookupTable, NluData, RegexPattern, Synonym
from rebake.assistant.nlu_data.json_formats.positions import parse_json
from rebake.assistant.nlu_data.json_formats.rasa import read_rasa_json
from rebake.assistant.nlu_data.reader import combine_nlu, read_nlu
from rebake.assistant.nlu_data.writer import nlu_as_yaml
from rebake.assistant.yaml.yaml12 import parse_yaml
from rebake.errors import DataError
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import load, write

RASA = """{
  "rasa_nlu_data": {
    "common_examples": [
      {"text": "to NYC", "intent": "go ",
       "entities": [{"start": 3, "end": 6, "entity": "city", "value": "New York", "role": "to", "extractor": "x"}]},
      {"text": "two\\nlines", "intent": "faq/refund", "metadata": {"example": {"a": 1}}},
      {"text": "no label"},
      {"text": " "}
    ],
    "entity_synonyms": [{"value": "New York", "synonyms": ["nyc", "ny"]}],
    "regex_features": [{"name": "zip", "pattern": "[0-9]{5}"}],
    "lookup_tables": [
      {"name": "city", "elements": ["Paris", "Rome"]},
      {"name": "town", "elements": "lookups/towns.txt"}
    ]
  }
}
"""


def place(file: str, line: int) -> str:
    return f"{file}:{line}"


def test_rasas_format_is_read_with_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"data/nlu.json": RASA, "lookups/towns.txt": " Ulm \n\nBonn\r\n"})
    monkeypatch.chdir(tmp_path)
    assistant = load_assistant(None, None, "data")
    data = assistant.nlu
    assert [(e.text, e.intent, e.metadata, str(e.location)) for e in data.examples] == [
        ("to NYC", "go", None, place("data/nlu.json", 4)),
        ("two\nlines", "faq/refund", {"example": {"a": 1}}, place("data/nlu.json", 6)),
        ("no label", None, None, place("data/nlu.json", 7)),
    ]
    assert data.examples[0].entities == (EntitySpan(3, 6, "city", "New York", "to"),)
    assert [(s.surface, s.value) for s in data.synonyms] == [("nyc", "New York"), ("ny", "New York")]
    assert [(r.name, r.pattern) for r in data.regexes] == [("zip", "[0-9]{5}")]
    assert [(t.name, t.elements) for t in data.lookups] == [("city", ("Paris", "Rome")), ("town", ("Ulm", "Bonn"))]
    assert list(map(str, assistant.notices)) == ["data/nlu.json:8: Skipped: an empty example."]
    assert assistant.files == ("data/nlu.json", "lookups/towns.txt")


@pytest.mark.parametrize("path", ["/etc/hostname", "../secret.txt", "link.txt"])
def test_a_lookup_file_outside_of_the_project_is_not_read(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"rasa_nlu_data": {"lookup_tables": [{"name": "x", "elements": path}]}}
    write(tmp_path, {"bot/data/nlu.json": json.dumps(content), "secret.txt": "s"})
    (tmp_path / "bot" / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.chdir(tmp_path / "bot")
    with pytest.raises(DataError, match=r"data/nlu.json:1: The lookup file .* lies outside of the project"):
        load_assistant(None, None, "data")


def rasa_data(**sections: Any) -> str:
    return json.dumps({"rasa_nlu_data": sections}, indent=0)


def annotated(**entity: Any) -> dict[str, Any]:
    return {"text": "ab cd", "intent": "a", "entities": [{"start": 0, "end": 2, "entity": "e", **entity}]}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"rasa_nlu_data": {\n"common_examples": [\n{"text": "a",}]}}', 3, "not valid JSON"),
        ('{"rasa_nlu_data": {"common_examples": []}\n', 2, "'}' is missing"),
        ('{"rasa_nlu_data": {}, "rasa_nlu_data": {}}', 1, "appears twice"),
        ('{"rasa_nlu_data": {"common_examples": [\n{"text": "a", "text": "b"}]}}', 2, "appears twice"),
        ('{"rasa_nlu_data": {},\n"x": 1}', 2, "beside"),
        ('{"rasa_nlu_data":\n[]}', 1, "is a list"),
        ('{"rasa_nlu_data": {"common_examples": [\n\n{"text": "\\ud83d"}]}}', 3, "half of a character"),
        (rasa_data(common_examples={}), 3, "'common_examples' is a mapping"),
        (rasa_data(common_examples=["a"]), 4, "An item of 'common_examples' is"),
        (rasa_data(common_examples=[{"text": 1}]), 4, '"text" of an example is'),
        (rasa_data(common_examples=[{"text": "a", "intent": 1}]), 4, '"intent" of the example'),
        (rasa_data(common_examples=[{"text": "a", "intent": "a/b/c"}]), 4, "more than one '/'"),
        (rasa_data(common_examples=[{"text": "a", "entities": {}}, {"text": "b", "entities": 5}]), 8, "not a list"),
        (rasa_data(common_examples=[annotated(start=None)]), 4, "no whole numbers"),
        (rasa_data(common_examples=[annotated(end=0)]), 4, "covers nothing"),
        (rasa_data(common_examples=[annotated(entity=None)]), 4, '"entity" of an entity'),
        (rasa_data(common_examples=[annotated(value=[1])]), 4, '"value" of an entity'),
        (rasa_data(regex_features=[{"name": "a"}]), 4, "\"pattern\" of the regex 'a' is missing"),
        (rasa_data(lookup_tables=[{"name": "a", "elements": 5}]), 4, '"elements" of the lookup table'),
        (rasa_data(lookup_tables=[{"name": "a", "elements": "gone.txt"}]), 4, "does not exist"),
        (rasa_data(entity_synonyms=[{"value": "a", "synonyms": "b"}]), 4, '"synonyms" of'),
        (
            '{"luis_schema_version": "7.0",\n"utterances": [\n{"text": "a", "entities": [{"entity": "e"}]}]}',
            3,
            "endPos",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    text: str, line: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, {"nlu.json": text}))
    with pytest.raises(DataError) as caught:
        load_assistant(None, None, "nlu.json")
    assert str(caught.value.location) == place("nlu.json", line)
    assert words in str(caught.value)


def test_what_is_odd_is_a_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = rasa_data(
        common_examples=[annotated(end=9) | {"colour": 1}],
        intent_examples=[{"text": "a"}],
        lookup_table=[],
        entity_synonyms=[{"value": "a"}],
        lookup_tables=[{"name": "l", "elements": []}],
    )
    monkeypatch.chdir(write(tmp_path, {"nlu.json": content}))
    assistant = load_assistant(None, None, "nlu.json")
    assert assistant.nlu.examples[0].entities == (EntitySpan(0, 5, "e", "ab cd"),)
    reported = "\n".join(map(str, assistant.notices))
    for words in ("goes beyond the end", "Not read of an example: 'colour'", "'intent_examples' is not read",
                  "Unknown key 'lookup_table'", 'without "value"', "lookup 'l' has no elements"):  # fmt: skip
        assert words in reported


def test_luis_wit_and_dialogflow_exports_are_read(tmp_path: Path) -> None:
    luis = {
        "luis_schema_version": "7.0.0",
        "utterances": [
            {"text": "to Rome", "intent": "go", "entities": [
                {"entity": "city", "role": "to", "startPos": 3, "endPos": 6}]},
        ],
        "regex_features": [{"name": "off", "pattern": "x", "activated": False},
                           {"name": "on", "pattern": "y", "activated": True}],
        "regex_entities": [{"name": "zip", "regexPattern": "[0-9]+"}],
    }  # fmt: skip
    wit = {
        "utterances": [
            {"text": "in Rome", "intent": "go", "entities": [
                {"entity": "city:at", "start": 3, "end": 7, "body": "Rome"}]},
            {"text": "blah", "entities": []},
            {"text": "not annotated"},
        ]
    }  # fmt: skip
    said = [{"data": [{"text": "from "}, {"text": "Ulm", "meta": "@city", "alias": "start"}, {"text": " soon",
             "meta": "@sys.ignore"}]}]  # fmt: skip
    assistant = load(
        write(
            tmp_path,
            {
                "config.yml": "language: de\npipeline: []\n",
                "data/a.json": json.dumps(luis),
                "data/b.json": json.dumps(wit),
                "data/agent.json": json.dumps({"supportedLanguages": ["de"]}),
                "data/package.json": json.dumps({"version": "1.0.0"}),
                "data/go.json": json.dumps({"name": "go", "responses": []}),
                "data/go_usersays_de.json": json.dumps(said),
                "data/go_usersays_en.json": json.dumps([{"data": [{"text": "english"}]}]),
                "data/ent.json": json.dumps({"name": "city", "isEnum": True, "isRegexp": False}),
                "data/ent_entries_de.json": json.dumps([{"value": "Rom", "synonyms": ["Roma", "@x"]}]),
                "data/re.json": json.dumps({"name": "code", "isEnum": True, "isRegexp": True}),
                "data/re_entries_de.json": json.dumps([{"value": "c", "synonyms": ["c+"]}]),
                "data/lost.json": json.dumps({"name": "lost", "responses": []}),
            },
        )
    )
    assert [(e.text, e.intent, [(s.entity, s.role, s.value) for s in e.entities]) for e in assistant.nlu.examples] == [
        ("to Rome", "go", [("city", "to", "Rome")]),
        ("in Rome", "go", [("city", "at", "Rome")]),
        ("blah", "out_of_scope", []),
        ("from Ulm soon", "go", [("start", None, "Ulm")]),
    ]
    assert [(r.name, r.pattern) for r in assistant.nlu.regexes] == [("on", "y"), ("zip", "[0-9]+"), ("code", "c+")]
    assert [(t.name, t.elements) for t in assistant.nlu.lookups] == [("city", ("Roma",))]
    assert {s.surface: s.value for s in assistant.nlu.synonyms} == {"Roma": "Rom", "@x": "Rom", "c+": "c"}
    reported = "\n".join(notice.message for notice in assistant.notices)
    assert "'not annotated' has no list of entities" in reported
    assert "'lost_usersays_de.json' is not next to this file" in reported


_names = st.sampled_from(["city", "time", "A b", "ü"])
_plain = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="[]{}()\\"), min_size=1)
_lines = st.builds(" ".join, st.lists(_plain, min_size=1, max_size=4))


@st.composite
def _examples(draw: st.DrawFn) -> Example:
    text = draw(_lines)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    value = draw(st.sampled_from([text[start:end], "New York"]))
    labels = draw(st.sampled_from([(None, None), ("to", None), ("to", "1")]))
    spans = (EntitySpan(start, end, draw(_names), value, *labels),) if draw(st.booleans()) else ()
    metadata = draw(st.sampled_from([None, {"intent": "x"}, {"intent": "x", "example": {"a": [1]}}]))
    return Example(text, draw(st.sampled_from(["greet", "faq/refund"])), spans, metadata)


_data = st.builds(
    NluData,
    st.lists(_examples(), min_size=1, max_size=5).map(tuple),
    st.lists(st.builds(Synonym, _lines.map(lambda text: f"s {text}"), _names), max_size=3).map(tuple),
    st.lists(st.builds(RegexPattern, _names, _lines), max_size=3).map(tuple),
    st.lists(st.builds(LookupTable, _names, st.lists(_lines, min_size=1, max_size=3).map(tuple)), max_size=2,
             unique_by=lambda table: table.name).map(tuple),
)  # fmt: skip


def as_json(data: NluData) -> str:
    examples = [
        {"text": e.text, "intent": e.intent, "metadata": e.metadata,
         "entities": [{"start": s.start, "end": s.end, "entity": s.entity, "value": s.value,
                       **({"role": s.role} if s.role else {}), **({"group": s.group} if s.group else {})}
                      for s in e.entities]}
        for e in data.examples
    ]  # fmt: skip
    sections = {
        "common_examples": examples,
        "entity_synonyms": [{"value": s.value, "synonyms": [s.surface]} for s in data.synonyms],
        "regex_features": [{"name": r.name, "pattern": r.pattern} for r in data.regexes],
        "lookup_tables": [{"name": t.name, "elements": t.elements} for t in data.lookups],
    }
    return json.dumps({"rasa_nlu_data": sections})


def _fingerprints(assistant: Assistant, data: NluData) -> Any:
    assistant = replace(assistant, nlu=data)
    asked = fingerprint(assistant, parts=frozenset({"nlu"}))
    return asked.parts["nlu"].fingerprint, {node: record.fingerprint for node, record in asked.components.items()}


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(_data)
@example(  # of two values of one text the later counts, also where the writer lists values together
    NluData(
        (Example("0", "greet"),),
        (Synonym("s 0", "city"), Synonym("s 0", "time"), Synonym("s 0", "city")),
    )
)
def test_the_yaml_and_the_json_of_the_same_data_mean_the_same(data: NluData) -> None:
    pipeline = "pipeline:\n- name: WhitespaceTokenizer\n- name: RegexFeaturizer\n- name: DIETClassifier\n"
    pipeline += "- name: RegexEntityExtractor\n- name: EntitySynonymMapper\n- name: KeywordIntentClassifier\n"
    assistant = _with_pipeline(pipeline)
    groups = list(dict.fromkeys(map(_group, data.examples)))
    by_intent = replace(data, examples=tuple(sorted(data.examples, key=lambda e: groups.index(_group(e)))))
    from_yaml, _ = combine_nlu([read_nlu(parse_yaml(nlu_as_yaml(by_intent), "nlu.yml"))])
    from_json, _ = combine_nlu([read_rasa_json(parse_json(as_json(by_intent), "nlu.json"), "nlu.json")])
    assert [_content(e) for e in from_json.examples] == [_content(e) for e in from_yaml.examples]
    assert _fingerprints(assistant, from_json) == _fingerprints(assistant, from_yaml)


def _group(example: Example) -> Any:
    """What is written as one item in YAML."""
    return example.intent, (example.metadata or {}).get("intent")


def _content(example: Example) -> Any:
    return replace(example, location=None)


def _with_pipeline(text: str) -> Assistant:
    config, _ = read_config(parse_yaml(text, "config.yml"))
    return replace(load_assistant(None, None, None), config=config)


@given(st.text(alphabet='{}[]",:\n 1ab\\u', max_size=40) | st.text())
def test_whatever_stands_there_is_read_as_python_reads_it_or_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(DataError):
            parse_json(text, "x.json")
        return
    if "\\u" in text or "{" in text:  # half a character, or a key twice: Python takes both
        with contextlib.suppress(DataError):
            assert parse_json(text, "x.json") == expected
        return
    assert parse_json(text, "x.json") == expected


@pytest.mark.slow
def test_places_in_a_large_file_are_right(tmp_path: Path) -> None:
    examples = [annotated() | {"text": f"ab cd {i}"} for i in range(10_000)]
    text = rasa_data(common_examples=examples)
    result = read_rasa_json(parse_json(text, "x.json"), "x.json")
    assert len(result.examples) == 10_000
    assert str(result.examples[-1].location) == place("x.json", 4 + 9_999 * 11)
