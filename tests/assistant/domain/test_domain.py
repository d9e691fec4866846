"""Domains: reading, merging, the orders that a model depends on, and the forms in an archive."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.assistant.domain.names import action_names, entity_states, intent_names, retrieval_intents, used_entities
from rebake.assistant.domain.serialization import domain_as_dict, domain_as_yaml, domain_from_dict
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.model import Domain, Entity, Intent, Slot
from rebake.assistant.yaml.values import plain
from rebake.assistant.yaml.yaml12 import parse_yaml
from rebake.errors import DataError
from support.assistant_files import load, write
from support.shared import need

ASSISTANTS = ("moodbot", "concertbot", "formbot", "breakoutbot", "e2ebot", "helpdesk", "travelbot")


def _archived(name: str, member: str) -> str:
    with tarfile.open(need(f"reference/{name}") / "model.tar.gz") as archive:
        for entry in archive:
            if entry.name.removeprefix("./") == member:
                file = archive.extractfile(entry)
                assert file is not None
                return file.read().decode()
    raise AssertionError(member)


def _without_defaults(domain: dict[str, Any]) -> dict[str, Any]:
    """Rasa keeps a default that is written out; it says nothing."""
    return {
        key: value for key, value in domain.items() if (key, value) != ("config", {"store_entities_as_slots": True})
    }


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ASSISTANTS)
def test_the_domain_of_a_project_is_the_one_in_rasas_archive(name: str) -> None:
    domain = load(need(f"reference/{name}") / "assistant").domain
    recorded = json.loads(_archived(name, "metadata.json"))["domain"]
    written = domain_as_dict(domain)
    assert json.loads(json.dumps(written)) == _without_defaults(recorded)
    for section in ("slots", "forms", "responses"):  # equality of dicts says nothing about order
        assert list(written.get(section, ())) == list(recorded.get(section, ()))
    again = domain_from_dict(recorded)
    assert action_names(again) == action_names(domain)
    assert retrieval_intents(again) == retrieval_intents(domain)
    for intent in intent_names(domain):
        assert used_entities(again, intent) == used_entities(domain, intent)


@pytest.mark.shared
@pytest.mark.parametrize("name", ASSISTANTS)
def test_domain_yml_says_what_rasas_file_says(name: str) -> None:
    domain = load(need(f"reference/{name}") / "assistant").domain
    recorded = parse_yaml(_archived(name, "components/domain_provider/domain.yml"), "domain.yml").value
    assert plain(parse_yaml(domain_as_yaml(domain), "domain.yml").value) == _without_defaults(recorded)


# what Rasa 3.6.21 made of these files (Domain.load, with the directory's entries in alphabetical order)
MERGED = {
    "domain/b.yml": """
version: "3.1"
intents: [zeta, alpha, {beta: {use_entities: [x, y]}}]
entities: [x, {y: {roles: [r1, r2], groups: ["g"]}}, {quiet: {influence_conversation: false, roles: [q]}}]
slots:
  s2: {type: text, mappings: [{type: from_text}]}
  s1: {type: float, min_value: 1, max_value: 5.5, initial_value: null, mappings: [{type: custom}]}
responses:
  utter_z: [{text: "z from b"}]
  utter_a: [{text: "a"}]
actions: [action_b, utter_z, form_late, {action_sends: {send_domain: true}}]
forms:
  form_b: {required_slots: [s1]}
""",
    "domain/c.yml": """
intents: [gamma, alpha, {delta: {ignore_entities: [y]}}, {eps: {use_entities: false}}]
entities: [w, x]
responses:
  utter_z: [{text: "z from c"}]
  utter_c: [{text: "c"}]
actions: [action_c, action_b, form_b]
forms:
  form_late: {required_slots: [s2], ignored_intents: alpha}
config: {store_entities_as_slots: false}
session_config: {session_expiration_time: 12, carry_over_slots_to_new_session: false}
""",
    "domain/sub/a.yml": """
version: "2.0"
actions: [action_sub, action_default_fallback]
slots:
  s0: {type: bool, mappings: [{type: custom}]}
""",
    "domain/other.yml": "foo: bar",
}


def test_domain_files_merge_in_rasas_order(tmp_path: Path) -> None:
    assistant = load(write(tmp_path, MERGED))
    domain = assistant.domain
    assert action_names(domain)[13:] == (
        "action_sub",
        "action_c",
        "action_b",
        "utter_z",
        "form_late",
        "action_sends",
        "utter_a",
        "utter_c",
        "form_b",
    )
    assert domain_as_dict(domain) == {
        "version": "3.1",
        "intents": [
            "alpha",
            {"beta": {"use_entities": ["x", "y"]}},
            {"delta": {"ignore_entities": ["y"]}},
            {"eps": {"use_entities": []}},
            "gamma",
            "zeta",
        ],
        "entities": [
            "w",
            "x",
            {"y": {"roles": ["r1", "r2"], "groups": ["g"]}},
            {"quiet": {"influence_conversation": False, "roles": ["q"]}},
        ],
        "slots": {
            "s0": {"type": "bool", "mappings": [{"type": "custom"}]},
            "s2": {"type": "text", "mappings": [{"type": "from_text"}]},
            "s1": {
                "type": "float",
                "min_value": 1,
                "max_value": 5.5,
                "initial_value": None,
                "mappings": [{"type": "custom"}],
            },
        },
        "forms": {
            "form_late": {"required_slots": ["s2"], "ignored_intents": "alpha"},
            "form_b": {"required_slots": ["s1"]},
        },
        "responses": {"utter_z": [{"text": "z from b"}], "utter_c": [{"text": "c"}], "utter_a": [{"text": "a"}]},
        "actions": [
            "action_sub",
            "action_default_fallback",
            "action_c",
            "action_b",
            "utter_z",
            "form_late",
            {"action_sends": {"send_domain": True}},
        ],
        "session_config": {"session_expiration_time": 12, "carry_over_slots_to_new_session": False},
    }
    assert list(domain_as_dict(domain)["slots"]) == ["s0", "s2", "s1"]
    assert entity_states(domain) == ("quiet", "w", "x", "y", "y#r1", "y#r2", "quiet#q", "y#g")
    assert any("utter_z" in str(notice) and "c.yml:5" in str(notice) for notice in assistant.notices)


def test_used_entities_follow_lists_roles_and_silent_entities(tmp_path: Path) -> None:
    domain = load(write(tmp_path, MERGED)).domain
    everything = frozenset({"w", "x", "y", "y#r1", "y#r2", "y#g"})
    assert used_entities(domain, "alpha") == everything
    assert used_entities(domain, "beta") == everything - {"w"}
    assert used_entities(domain, "eps") == frozenset()
    # ignore_entities replaces the exclusion of silent entities, so that only their own names are missing
    assert used_entities(domain, "delta") == frozenset({"w", "x", "quiet#q"})
    assert used_entities(domain, "nlu_fallback") == everything
    assert used_entities(domain, "unknown") is None


def test_data_files_complete_the_domain(tmp_path: Path) -> None:
    data = """
nlu:
- intent: faq/one
  examples: |
    - q
- intent: late/a
  examples: |
    - l
responses:
  utter_faq/one: [{text: one}]
  utter_z: [{text: from data}]
stories:
- story: s
  steps:
  - intent: faq
  - bot: zz
  - bot: aa
"""
    domain_yml = (
        "intents: [{faq: {use_entities: []}}]\nentities: [x]\nresponses: {utter_z: [{text: old}]}\nactions: [act]"
    )
    domain = load(write(tmp_path, {"domain.yml": domain_yml, "data/a.yml": data})).domain
    assert action_names(domain)[13:] == ("act", "utter_faq", "utter_late", "utter_faq/one", "utter_z", "aa", "zz")
    assert retrieval_intents(domain) == ("faq", "late")
    written = domain_as_dict(domain)
    assert written["intents"] == [
        {"faq": {"used_entities": [], "is_retrieval_intent": True}},
        {"late": {"is_retrieval_intent": True}},
    ]
    assert written["responses"] == {"utter_z": [{"text": "from data"}], "utter_faq/one": [{"text": "one"}]}
    assert used_entities(domain, "faq") == frozenset({"x"})  # Rasa forgets the restriction of a retrieval intent


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("version: 3.1\nintents: [a]", 1, "'version' must be text, not a number (3.1)"),
        ('version: "4.0"\nintents: [a]', 1, "newer than 3.1"),
        ('version: "one"\nintents: [a]', 1, "not a version number"),
        ('version: "1.0"\nintents: [a]', 1, "older than 2.0"),
        ("- a\n- b", 1, "must be a mapping"),
        ("intents:\n- a\n- a", 3, "listed twice"),
        ("intents:\n- a\n- b:\n", 3, "ends with a colon"),
        ("intents:\n- a\n- 5", 3, "must be a name, not a number (5)"),
        ("intents: abc", 1, "must be a list"),
        ("actions:\n- a\n- b\n- a", 4, "listed twice"),
        ("entities:\n- a:\n    roles: [[1]]", 3, "A role must be a name, not a list"),
        ('version: "2.0"\nslots:\n  city:\n    type: text\n', 3, "`rebake migrate`"),
        ("slots:\n  a:\n    type: text\n    auto_fill: false", 2, "`rebake migrate`"),
        ("forms:\n  f:\n    required_slots:\n      s:\n      - type: from_text", 2, "`rebake migrate`"),
        (
            "slots:\n  city:\n    type: unfeaturized\n    mappings: []",
            3,
            "has the unknown type 'unfeaturized'. Run `rebake migrate`",
        ),
        (
            "slots:\n  city:\n    type: text\n    auto_fill: true\n    mappings: []",
            4,
            "has the unknown key 'auto_fill'. Rasa 3 fills slots by 'mappings' alone. Run `rebake migrate`",
        ),
        ("slots:\n  a:\n    type: text\n    mappings:\n    - type: from_entty", 5, "Did you mean 'from_entity'?"),
        ("slots:\n  a:\n    type: text\n    mappings:\n    - type: from_entity", 5, "does not say which 'entity'"),
        ("forms:\n  f:\n    required_slots:\n      s:\n      - type: from_text", 2, "as forms did in Rasa 2"),
        ("forms:\n  f:", 2, "The form 'f' must be a mapping, not empty"),
        ("forms:\n- f", 1, "must be a mapping"),
        ("responses:\n  utter_a:\n", 2, "The response 'utter_a' must be a list, not empty"),
        (
            "responses:\n  utter_a:\n  - txt: hi",
            3,
            "has the unknown key 'txt' (response 'utter_a'). Did you mean 'text'?",
        ),
        (
            "responses:\n  utter_a:\n  - text: 5",
            3,
            "'text' must be text, not a number (5) (response 'utter_a'). Put it in quotes.",
        ),
        ("session_config:\n  session_expiration_time: -1", 2, "must be a number of 0 or more"),
        ("config:\n  store_entities_as_slots: maybe", 2, "must be true or false"),
    ],
)
def test_a_mistake_in_a_domain_is_one_error_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    write(tmp_path, {"domain.yml": text})
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert words in str(caught.value)
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_an_absent_or_empty_domain_is_empty(tmp_path: Path) -> None:
    assert ProjectImporter().get_domain() == Domain(is_empty=True)
    assistant = load(write(tmp_path, {"domain.yml": 'version: "3.1"\n'}))
    assert assistant.domain.is_empty
    assert load(write(tmp_path, {"domain.yml": ""})).domain.is_empty
    assert domain_from_dict({}).is_empty


def test_a_domain_made_by_hand_survives_its_dict() -> None:
    domain = Domain(
        intents=(Intent("a", use_entities=("x",)), Intent("b", is_retrieval=True)),
        entities=(Entity("x", roles=("r",)), Entity("y", influence_conversation=False)),
        slots=(Slot("s", "categorical", values=("u", "v"), initial_value="u"),),
        e2e_actions=("hello",),
        store_entities_as_slots=False,
    )
    again = domain_from_dict(domain_as_dict(domain))
    assert domain_as_dict(again) == domain_as_dict(domain)
    assert again.slots[0].values == ("u", "v")
    assert not again.store_entities_as_slots
    assert retrieval_intents(again) == ("b",)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), min_size=1))
def test_texts_survive_domain_yml(texts: list[str]) -> None:
    domain = domain_from_dict({"responses": {"utter_a": [{"text": text} for text in texts]}})
    document = parse_yaml(domain_as_yaml(domain), "domain.yml")
    assert document.value == domain_as_dict(domain)
    assert document.notices == ()


@pytest.mark.parametrize("text", ["on", "0o17", "1e5", "${HOME}", "C:\\users", "\\u00e9", "12:30", "", "~", "a\x85b"])
def test_texts_that_yaml_could_misread_are_quoted(text: str) -> None:
    written = domain_as_yaml(domain_from_dict({"responses": {"utter_a": [{"text": text}]}}))
    assert parse_yaml(written, "domain.yml").value["responses"]["utter_a"] == [{"text": text}]
    assert f"text: {text}\n" not in written
