"""What counts as a finding and what does not, where a name alone does not decide it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.base.notice_kinds import Severity
from rebake.validation.finding import Finding
from rebake.validation.project import ValidationOptions, validate_project
from support.assistant_files import write

CONFIG = """\
assistant_id: teahouse
language: en
pipeline: [{name: WhitespaceTokenizer}, {name: CountVectorsFeaturizer}, {name: DIETClassifier}]
policies: [{name: MemoizationPolicy}, {name: RulePolicy}]
"""
STORIES = "stories:\n- story: a\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
NLU = "nlu:\n- intent: greet\n  examples: |\n    - hello\n    - good morning\n"
DOMAIN = "intents: [greet]\nresponses:\n  utter_greet:\n  - text: hi\n"


def found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str = "", data: str = "", config: str = CONFIG
) -> list[Finding]:
    """The findings about a spotless assistant with a further file of the domain, and one of data."""
    files = {"config.yml": config, "domain/base.yml": DOMAIN, "data/all.yml": NLU + STORIES}
    files |= {"domain/more.yml": domain} if domain else {}
    files |= {"data/more.yml": data} if data else {}
    monkeypatch.chdir(write(tmp_path, files))
    return validate_project(ValidationOptions("config.yml", "domain", ["data"]))


def of_code(findings: list[Finding], code: str) -> list[str]:
    return [finding.message for finding in findings if finding.code == code]


BUTTON = """\
responses:
  utter_ask:
  - text: Well?
    buttons:
    - title: x
      payload: '{}'
entities: [drink]
"""


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ("/greet", None),
        ("/greet@0.9", None),
        ("/nlu_fallback", None),
        ('/greet{"drink": "tea"}', None),
        ('/greet{{"drink": "tea"}}', None),
        ('/greet{{"drink": "{last_drink}"}}', None),
        ("a text with / in it", None),
        ("/{intent}", None),
        ("/gret", "Did you mean 'greet'?"),
        ("/greet/morning", None),
        ("/greet" + " " * 5_000 + "tea", "cannot be read"),
        ('/greet{"drnk": "tea"}', "Did you mean 'drink'?"),
        ('/greet{"drink": tea}', "no valid JSON"),
        ("/greet tea", "cannot be read"),
        ("/", "cannot be read"),
    ],
)
def test_a_payload_names_an_intent_and_entities_of_the_domain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: str, fault: str | None
) -> None:
    faults = of_code(found(tmp_path, monkeypatch, BUTTON.format(payload.replace("'", "''"))), "invalid-payload")
    assert len(faults) == (fault is not None)
    assert (fault or "") in "".join(faults)


SLOTS = """\
slots:
  size:
    type: categorical
    values: [small, Large]
    initial_value: small
    mappings: [{type: custom}]
  is_hot: {type: bool, mappings: [{type: custom}]}
"""


def variation(*conditions: str, channel: str = "") -> str:
    listed = "".join(f"    - {{type: slot, {condition}}}\n" for condition in conditions)
    more = f"    channel: {channel}\n" if channel else ""
    return f"  - text: x\n{more}" + (f"    condition:\n{listed}" if conditions else "")


@pytest.mark.parametrize(
    ("variations", "gap"),
    [
        ([variation()], None),
        ([variation("name: size, value: small"), variation()], None),
        ([variation("name: size, value: small"), variation("name: size, value: large")], None),
        ([variation("name: size, value: small")], "where the slot 'size' is large, or is not set"),
        ([variation("name: is_hot, value: true"), variation("name: is_hot, value: false")], "'is_hot' is not set"),
        ([variation("name: is_hot, value: true", "name: size, value: small")], "where none of its conditions is met"),
        ([variation(channel="slack"), variation(channel="rest")], "in channels other than rest, slack"),
        ([variation(channel="slack"), variation("name: is_hot, value: true")], "where the slot 'is_hot' is false"),
    ],
)
def test_a_response_without_a_default_is_reported_unless_its_conditions_cover_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variations: list[str], gap: str | None
) -> None:
    domain = SLOTS + "responses:\n  utter_now:\n" + "".join(variations)
    gaps = of_code(found(tmp_path, monkeypatch, domain), "no-default-variation")
    assert len(gaps) == (gap is not None)
    assert (gap or "") in "".join(gaps)


@pytest.mark.parametrize(
    ("value", "is_known"),
    [
        ("size: SMALL", True),
        ("size: __other__", True),
        ("size: null", True),
        ("size: huge", False),
        ("is_hot: 'true'", True),
        ("is_hot: 1", True),
        ("is_hot: warm", False),
        ("drink: anything", True),
    ],
)
def test_a_slot_knows_its_values_in_any_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, is_known: bool
) -> None:
    domain = SLOTS + "  drink: {type: text, mappings: [{type: custom}]}\n"
    story = f"{STORIES.replace('story: a', 'story: b')}  - slot_was_set: [{{{value}}}]\n"
    assert (of_code(found(tmp_path, monkeypatch, domain, story), "unknown-slot-value") == []) == is_known


USES = {
    "nothing": ("", "", Severity.WARNING),
    "a mapping": ("slots: {s: {type: any, mappings: [{type: from_intent, intent: tell, value: 1}]}}\n", "", "info"),
    "a form": ("forms: {f: {required_slots: [], ignored_intents: [tell]}}\n", "", "info"),
    "an entity": ("slots: {s: {type: any, mappings: [{type: from_entity, entity: drink}]}}\n", "", "info"),
    "a text": ("slots: {s: {type: any, mappings: [{type: from_text}]}}\n", "", "info"),
    "another mapping": (
        "slots: {s: {type: any, mappings: [{type: from_intent, intent: greet, value: 1}]}}\n",
        "",
        Severity.WARNING,
    ),
    "a rule": ("", "rules:\n- rule: r\n  steps:\n  - intent: tell\n  - action: utter_greet\n", None),
}


@pytest.mark.parametrize("use", USES)
def test_an_intent_that_no_story_has_is_a_warning_unless_something_else_may_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    domain, rules, severity = USES[use]
    examples = "nlu:\n- intent: tell\n  examples: |\n    - a [tea](drink)\n    - one [coffee](drink)\n"
    findings = found(tmp_path, monkeypatch, f"intents: [tell]\nentities: [drink]\n{domain}", examples + rules)
    unused = [finding.severity for finding in findings if finding.code == "unused-intent"]
    assert unused == ([] if severity is None else [severity])


def test_a_custom_class_keeps_nothing_from_being_found_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIG.replace("{name: DIETClassifier}", "{name: my.Classifier}").replace(
        "{name: RulePolicy}", "{name: my.Policy}"
    )
    domain = "slots: {s: {type: my.Slot, mappings: [{type: custom}]}}\nintents: [bye]\n"
    findings = found(tmp_path, monkeypatch, domain, config=config)
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert len(of_code(findings, "unsupported")) == 3
    assert of_code(findings, "unused-intent")


def test_a_lookup_table_of_a_json_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = '{"rasa_nlu_data": {"lookup_tables": [{"name": "drink", "elements": "data/drinks.txt"}]}}'
    write(
        tmp_path, {"data/lookup.json": table, "data/drinks.txt": "tea\n", "data/README.md": "x", "data/old.yml.bak": ""}
    )
    unread = [f for f in found(tmp_path, monkeypatch) if f.code == "unread-file"]
    assert [(str(finding.location), finding.severity) for finding in unread] == [("data/old.yml.bak:1", "warning")]


def test_a_response_that_a_policy_falls_back_to_may_be_in_no_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = "responses:\n  utter_lost:\n  - text: I am lost.\n"
    config = CONFIG.replace("{name: RulePolicy}", "{name: RulePolicy, core_fallback_action_name: utter_lost}")
    for written, severity in ((CONFIG, Severity.WARNING), (config, Severity.INFO)):
        [unused] = found(tmp_path, monkeypatch, domain, config=written)
        assert (unused.code, unused.severity) == ("unused-response", severity)
