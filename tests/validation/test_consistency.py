"""Checks across files."""

from pathlib import Path

import pytest

from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notices import shown
from rebake.errors import DataError
from rebake.validation.assistant import find_problems
from support.assistant_files import load, write
from support.paths import ROOT
from support.shared import need

DOMAIN = """version: "3.1"
intents: [greet, order, bye]
entities: [drink, {place: {roles: [to]}}]
actions: [action_do]
slots:
  drink:
    type: text
    mappings:
    - type: from_entity
      entity: drink
forms:
  order_form:
    required_slots: [drink]
responses:
  utter_hi:
  - text: hi
"""


def story(*steps: str) -> str:
    return "stories:\n- story: s\n  steps:\n" + "".join(f"  - {step}\n" for step in steps)


def findings(tmp_path: Path, files: dict[str, str]) -> list[str]:
    assistant = load(write(tmp_path, {"domain.yml": DOMAIN, **files}))
    return [str(notice).removeprefix(f"{tmp_path}/") for notice in notices_of(assistant)]


def notices_of(assistant: Assistant) -> tuple[Notice, ...]:
    """All that is found without the pipeline and the policies; raises what is an error."""
    problems = find_problems(assistant, frozenset(), to_train=False)
    problems.errors.finish()
    return tuple(shown(problems.notices))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("action: utter_hy", "The domain has no action 'utter_hy' (story 's'). Did you mean 'utter_hi'?"),
        ("active_loop: oder_form", "The domain has no form 'oder_form' (story 's'). Did you mean 'order_form'?"),
        ("slot_was_set: [drnk]", "The domain has no slot 'drnk' (story 's'). Did you mean 'drink'?"),
        ("slot_was_set: [{drnk: x}]", "The domain has no slot 'drnk' (story 's'). Did you mean 'drink'?"),
        (
            "slot_was_set: [{weather: x}]",
            "The domain has no slot 'weather' (story 's'). Add it to the domain's 'slots:', or correct the name.",
        ),
        ("or: [{slot_was_set: [{drnk: x}]}]", "The domain has no slot 'drnk' (story 's'). Did you mean 'drink'?"),
    ],
)
def test_a_name_that_the_domain_lacks_is_one_error_with_place_and_fix(tmp_path: Path, step: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        findings(tmp_path, {"data/s.yml": story("intent: greet", step)})
    assert str(caught.value).removeprefix(f"{tmp_path}/") == f"data/s.yml:5: {message}"


def test_all_mistakes_are_reported_at_once_each_on_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        findings(tmp_path, {"data/s.yml": story("action: a1", "action: b1", "action: a1", "action: c1")})
    lines = str(caught.value).splitlines()
    assert [line.removeprefix(f"{tmp_path}/")[:13] for line in lines] == [f"data/s.yml:{n}:" for n in (4, 5, 7)]


def test_automatic_slots_default_names_and_loops_that_are_actions_are_known(tmp_path: Path) -> None:
    steps = [
        "intent: nlu_fallback",
        "action: action_two_stage_fallback",
        "active_loop: action_two_stage_fallback",
        "slot_was_set: [{requested_slot: drink}]",
        "action: order_form",
        "action: action_listen",
    ]
    found = findings(tmp_path, {"data/s.yml": story(*steps)})
    assert [line for line in found if "in no story" not in line] == []


def test_what_rasa_only_warns_about_is_a_notice(tmp_path: Path) -> None:
    steps = [
        "intent: greet\n    entities: [food, {place: x, role: from}]",
        "checkpoint: c",
        "intent: bye_",
        "or: [{intent: weather}, {intent: bye}]",
    ]
    more = "- story: t\n  steps:\n  - checkpoint: c\n    slot_was_set:\n    - food: x\n  - intent: greet\n"
    nlu = (
        "nlu:\n- intent: greet\n  examples: |\n    - hi\n    - a [te](drink)a\n    - [b](beer)\n"
        "- intent: other\n  examples: |\n    - hi\n- intent: bye\n  examples: |\n    - x\n"
    )
    config = "assistant_id: x\npipeline: [{name: WhitespaceTokenizer}]\npolicies: []\n"
    files = {"data/s.yml": story(*steps) + more, "data/n.yml": nlu, "config.yml": config}
    assert sorted(findings(tmp_path, files)) == [
        "data/n.yml:6: The domain has no entity 'beer' (annotated in the NLU data).",
        "data/n.yml:9: 'hi' is an example of 'other' here and of 'greet' at " + f"{tmp_path}/data/n.yml:4.",
        "data/n.yml:9: The domain has no intent 'other' (an intent of the NLU data).",
        "data/s.yml:13: The domain has no slot 'food' (story 't').",
        "data/s.yml:4: The domain has no entity 'food' (story 's').",
        "data/s.yml:4: The domain has no role or group 'from' (of the entity 'place', story 's').",
        "data/s.yml:7: The domain has no intent 'bye_' (story 's'). Did you mean 'bye'?",
        "data/s.yml:8: The domain has no intent 'weather' (story 's').",
        "domain.yml:2: The intent 'order' has no examples.",
        "domain.yml:2: The intent 'order' is in no story and no rule.",
    ]


def test_what_no_story_has_and_nothing_else_can_use_is_reported(tmp_path: Path) -> None:
    domain = "intents: [greet, bye, nlu_fallback]\nactions: [utter_go]\nresponses:\n"
    domain += "".join(f"  {name}:\n  - text: x\n" for name in ("utter_hi", "utter_bye", "utter_no", "utter_default"))
    files = {"domain.yml": domain, "data/s.yml": story("intent: greet", "action: utter_hi", "action: utter_go")}
    assert sorted(findings(tmp_path, files)) == [
        "data/s.yml:6: There is no text for the response 'utter_go'. Did you mean 'utter_no'?",
        "domain.yml:1: The intent 'bye' is in no story and no rule.",
        "domain.yml:6: The response 'utter_bye' is in no story and no rule.",
        "domain.yml:8: The response 'utter_no' is in no story and no rule.",
    ]
    custom = {**files, "domain.yml": domain.replace("[utter_go]", "[utter_go, action_own]")}
    assert not any("is in no story" in line and "The response" in line for line in findings(tmp_path, custom))


def test_unknown_slots_of_forms_and_forms_of_conditions_are_notices(tmp_path: Path) -> None:
    odd = DOMAIN.replace("required_slots: [drink]", "required_slots: [drnk]").replace(
        "      entity: drink\n", "      entity: drink\n      conditions:\n      - active_loop: other_form\n"
    )
    found = findings(tmp_path, {"domain.yml": odd})
    assert any("no slot 'drnk' (required by the form 'order_form')" in notice for notice in found)
    assert any("no form 'other_form' (in a mapping of the slot 'drink')" in notice for notice in found)


def test_names_in_test_stories_stop_nothing(tmp_path: Path) -> None:
    text = story("user: hi\n    intent: weather/today", "action: utter_no")
    assert len(findings(tmp_path, {"tests/test_stories.yml": text})) == 2


def test_without_a_domain_nothing_is_unknown(tmp_path: Path) -> None:
    assert findings(tmp_path, {"domain.yml": "", "data/s.yml": story("intent: a", "action: b")}) == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["moodbot", "concertbot", "formbot", "breakoutbot", "e2ebot", "helpdesk", "travelbot"])
def test_real_assistants_have_no_mistakes(name: str) -> None:
    notices_of(load(need(f"assistants/{name}")))


def test_the_example_assistant_is_spotless() -> None:
    assistant = load(ROOT / "examples" / "cafe")
    assert notices_of(assistant) == ()
    assert assistant.notices == ()
    assert len(assistant.test_stories) == 3
    assert {intent.name for intent in assistant.domain.intents} == {
        example.intent for example in assistant.nlu.examples
    }
