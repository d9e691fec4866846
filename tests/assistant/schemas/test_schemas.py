"""What Rasa's schemas refuse is refused, with all that is wrong at once; what they leave open is accepted."""

from pathlib import Path

import pytest

from rebake.errors import DataError
from support.assistant_files import load, write

SLOT = "slots:\n  city:\n    type: text\n    mappings:\n    - type: from_entity\n      entity: city\n"
RESPONSE = "responses:\n  utter_a:\n  - text: hi\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("responses:\n  utter_a:\n  - image: a.png", 3, "A variation has neither 'text' nor 'custom'"),
        ("responses:\n  utter_a:\n  - buttons: []", 3, "A variation has neither 'text' nor 'custom'"),
        ("responses:\n  utter_a:\n  - text:", 3, "A variation has an empty 'text' (response 'utter_a')"),
        (
            RESPONSE + "    txet: hi",
            4,
            "A variation has the unknown key 'txet' (response 'utter_a'). Did you mean 'text'?",
        ),
        (RESPONSE + "    channel: 5", 4, "'channel' must be text, not a number (5)"),
        (RESPONSE + "    image: [a]", 4, "'image' must be text, not a list"),
        (RESPONSE + "    buttons:\n    - title: 5", 5, "'title' must be text, not a number (5)"),
        (RESPONSE + "    buttons: {}", 4, "'buttons' must be a list, not a mapping"),
        (RESPONSE + "    condition: {}", 4, "'condition' must be a list, not a mapping"),
        (RESPONSE + "    condition:\n    - slot: a", 5, "A condition has the unknown key 'slot'"),
        (RESPONSE + "    custom: [a]", 4, "'custom' must be a mapping, not a list"),
        (RESPONSE + "    quick_replies: [a]", 4, "A quick reply must be a mapping, not text ('a')"),
        (SLOT + "      role: 5", 7, "'role' must be text, not a number (5) (slot 'city')"),
        (SLOT.replace("entity: city", "entity: {x: y}"), 6, "'entity' must be text, not a mapping (slot 'city')"),
        (SLOT + "      conditions:\n      - active_lop: f", 8, "A condition has the unknown key 'active_lop'"),
        (SLOT + "      conditions:\n      - active_loop: [a]", 8, "'active_loop' must be text, not a list"),
        (SLOT + "    min_value: 1", 7, "which only slots of the type float have"),
        ("slots:\n  a:\n    type: float\n    min_value: 2\n    mappings: []", 4, "The range from 2 to 1.0 is empty"),
        ("slots:\n  名前:\n    type: text\n    mappings: []", 2, "has no letter from A to Z"),
        ("slots:\n  a:\n    mappings: []", 2, "The slot 'a' has no type"),
        ("responses:\n  utter_a: []", 2, "The response 'utter_a' is an empty list. Write '- text: ...'"),
        ("e2e_actions:\n- ''", 2, "A text is empty. Write the text"),
        ("config:\n  null: 1", 2, "A key of 'config' is empty, not text"),
        ("e2e_actions:\n- hi\n- hi", 3, "'hi' is listed twice under 'e2e_actions'"),
        ("intents:", 1, "'intents' must be a list, not empty. Write '- name', one item per line, or remove the key."),
        (
            "intents:\n- a: {use_entities: x}",
            2,
            "'use_entities' must be a list of names, true or false, not text ('x')",
        ),
        ("entities:\n- a: {x: 1}\n  b: {x: 1}", 2, "An entity has 2 names with a colon, not one"),
        ("actions:\n- a:\n    send_domain: sure", 3, "'send_domain' must be true or false"),
        ("session_config:\n  session_expiration_time: ${MINUTES}", 2, "Allow the variable with --env MINUTES"),
    ],
)
def test_a_value_of_another_kind_in_a_domain_is_refused(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, {"domain.yml": text}))
    assert message in str(caught.value)
    assert caught.value.location is not None
    assert caught.value.location.line == line


@pytest.mark.parametrize(
    "text",
    [
        "entities:\n- city:\n    groups: [1, 2]\n    roles: [3]",
        RESPONSE + "    elements: [a]\n    metadata: [a]\n    id: x",
        SLOT + "      unknown: x\n      intent: [a]\n      conditions:\n      - active_loop: null",
        "slots:\n  a:\n    type: rasa.shared.core.slots.FloatSlot\n    min_value: 0\n    mappings: []",
        "slots:\n  a:\n    type: my.Slot\n    colour: red\n    mappings: []",
        "e2e_actions:",
    ],
)
def test_what_rasas_schemas_leave_open_is_accepted(tmp_path: Path, text: str) -> None:
    load(write(tmp_path, {"domain.yml": text}))


def test_numbers_as_roles_and_groups_stand_for_their_text(tmp_path: Path) -> None:
    domain = load(write(tmp_path, {"domain.yml": "entities:\n- city:\n    groups: [1, 2.5]\n    roles: [3]"})).domain
    assert (domain.entities[0].groups, domain.entities[0].roles) == (("1", "2.5"), ("3",))


def test_all_that_is_wrong_with_the_files_of_a_kind_is_one_error(tmp_path: Path) -> None:
    files = {
        "domain/a.yml": "slots:\n  a:\n    type: text\n  b:\n    type: unfeaturized\n",
        "domain/b.yml": "responses:\n  utter_a:\n  - image: x\n    channel: 5\n",
    }
    write(tmp_path, files)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    lines = [line.removeprefix(f"{tmp_path}/domain/").split(": ")[0] for line in str(caught.value).splitlines()]
    assert lines == ["a.yml:2", "a.yml:4", "a.yml:5", "b.yml:4"]


def test_errors_of_stories_and_of_nlu_data_come_together(tmp_path: Path) -> None:
    files = {
        "data/a.yml": 'nlu:\n- intent: a\n  examples: |\n    - [x]{"entity": 5}\n    - [y]{"entity": 6}\n'
        "stories:\n- story: s\n  steps:\n  - intent: a/b/c\n  - intent: d/e/f\n",
        "data/b.yml": "rules:\n- rule: r\n  steps: 5\n",
    }
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, files))
    assert [error.location.line for error in (caught.value, *caught.value.others) if error.location] == [4, 5, 9, 10, 3]


def test_more_errors_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    slots = "".join(f"  s{number}:\n    type: text\n" for number in range(25))
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, {"domain.yml": f"slots:\n{slots}"}))
    assert str(caught.value).splitlines()[-1] == "... and 5 more errors."
    assert len(caught.value.others) == 24
