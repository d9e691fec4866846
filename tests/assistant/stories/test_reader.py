"""Stories and rules."""

from dataclasses import replace
from pathlib import Path

import pytest

from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    EntitySpan,
    LoopStep,
    OrStep,
    SlotStep,
    Step,
    Story,
    StoryEntity,
    UserStep,
)
from rebake.errors import DataError
from support.assistant_files import load, write
from support.shared import need

STORIES = """version: "3.1"
stories:
- story: everything
  metadata: {a: 1}
  steps:
  - checkpoint: start
    slot_was_set:
    - seats: 2
  - intent: book
    entities:
    - city: Rome
      role: to
    - when
  - slot_was_set:
    - seats: 3
      open: true
    - city
    - gone: null
  - active_loop: form
  - action: form
  - active_loop: null
  - or:
    - intent: yes
    - intent: /no
      entities: [{x: 1, group: "2"}]
    - slot_was_set:
      - a: 1
      - b
  - user: "take [me](who)"
  - bot: off we go
  # a comment
  - intent: faq/price
  - checkpoint: end
rules:
- rule: in the form
  condition:
  - active_loop: form
  - slot_was_set:
    - requested_slot: null
  conversation_start: true
  wait_for_user_input: false
  steps:
  - intent: stop
  - action: utter_stop
"""


def steps_without_places(story: Story) -> list[Step]:
    return [bare(step) for step in story.steps]


def bare(step: Step) -> Step:
    if isinstance(step, CheckpointStep):
        step = replace(step, conditions=tuple(replace(slot, location=None) for slot in step.conditions))
    if isinstance(step, OrStep):
        step = replace(
            step,
            alternatives=tuple(
                tuple(replace(slot, location=None) for slot in option)
                if isinstance(option, tuple)
                else replace(option, location=None)
                for option in step.alternatives
            ),
        )
    return replace(step, location=None)


def test_all_kinds_of_steps_are_read(tmp_path: Path) -> None:
    assistant = load(write(tmp_path, {"data/stories.yml": STORIES}))
    story, rule = assistant.stories
    assert steps_without_places(story) == [
        CheckpointStep("start", (SlotStep("seats", 2),)),
        UserStep("book", entities=(StoryEntity("city", "Rome", "to"), StoryEntity("when"))),
        SlotStep("seats", 3),
        SlotStep("open", True),
        SlotStep("city", has_value=False),
        SlotStep("gone", None),
        LoopStep("form"),
        ActionStep("form"),
        LoopStep(None),
        OrStep(
            (
                UserStep("yes"),
                UserStep("no", entities=(StoryEntity("x", 1, None, "2"),)),
                (SlotStep("a", 1),),
                (SlotStep("b", has_value=False),),
            )
        ),
        UserStep(None, "take me", (StoryEntity("who", "me"),), (EntitySpan(5, 7, "who", "me"),)),
        ActionStep(None, "off we go"),
        UserStep("faq"),
        CheckpointStep("end"),
    ]
    assert story.is_end_to_end
    assert story.metadata == {"a": 1}
    assert (rule.is_rule, rule.conversation_start, rule.wait_for_user_input) == (True, True, False)
    assert [(type(c).__name__, c.name) for c in rule.condition] == [
        ("LoopStep", "form"),
        ("SlotStep", "requested_slot"),
    ]
    assert not rule.is_end_to_end
    assert assistant.is_end_to_end
    lines = [step.location.line for step in story.steps if step.location]
    assert lines == [6, 9, 15, 16, 17, 18, 19, 20, 21, 22, 29, 30, 32, 33]
    assert rule.location is not None
    assert rule.location.line == 35
    notices = [str(notice) for notice in assistant.notices]
    assert any("counts as 'faq'" in notice and ":32:" in notice for notice in notices)
    assert any("'/' before the intent 'no'" in notice for notice in notices)


def test_stories_of_test_files_are_kept_apart(tmp_path: Path) -> None:
    text = "stories:\n- story: t\n  steps:\n  - user: hi [Bo](name)\n    intent: faq/x\n  - action: a\n"
    assistant = load(write(tmp_path, {"data/stories.yml": STORIES, "data/test_stories.yml": text}))
    assert len(assistant.stories) == 2
    (test,) = assistant.test_stories
    assert bare(test.steps[0]) == UserStep(
        "faq/x", "hi Bo", (StoryEntity("name", "Bo"),), (EntitySpan(3, 5, "name", "Bo"),)
    )
    assert not test.is_end_to_end


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("stories: 5", 1, "must be a list"),
        ("stories:\n- stry: x", 2, "has no 'story'"),
        ("stories:\n- story: 5\n  steps: [x]", 2, "'story' must be a name, not a number (5)"),
        ("stories:\n- story: s\n  steps:\n  - greet", 4, "A step must be a mapping, not text"),
        ("stories:\n- story: s\n  steps:\n  - inten: greet", 4, "Did you mean 'intent'?"),
        ("stories:\n- story: s\n  steps:\n  - intent: ", 4, "'intent' must be a name, not empty"),
        ("stories:\n- story: s\n  steps:\n  - action:\n    - a", 4, "'action' must be a name, not a list"),
        ("stories:\n- story: s\n  steps:\n  - intent: a/b/c", 4, "not the name of an intent"),
        (
            "stories:\n- story: s\n  steps:\n  - intent: a\n    entities:\n    - {x: 1, y: 2}",
            6,
            "one name with one value",
        ),
        (
            "stories:\n- story: s\n  steps:\n  - intent: a\n    entities:\n    - x: 1\n      group: 2",
            7,
            "'group' must be text, not a number",
        ),
        ("stories:\n- story: s\n  steps:\n  - slot_was_set:\n      x: 1", 4, "must be a list, not a mapping"),
        ("stories:\n- story: s\n  steps:\n  - checkpoint: c\n    slot_was_set:\n    - x", 6, "has no value"),
        ("stories:\n- story: s\n  steps:\n  - or:\n    - user: hi", 5, "alternative of 'or'"),
        (
            "stories:\n- story: s\n  steps:\n  - or:\n    - intent: a\n      entities:\n      - city:\n    - intent: b",
            7,
            "An entity of an alternative has no value. Write '- city: value', or '- city'.",
        ),
        ("stories:\n- story: s\n  steps:\n  - or: []", 4, "'or' is an empty list"),
        (
            "rules:\n- rule: r\n  condition:\n  - intent: x\n  steps:\n  - action: a",
            4,
            "none of active_loop, slot_was_set",
        ),
        ("rules:\n- rule: r\n  conversation_start: sure\n  steps:\n  - action: a", 3, "Write true or false"),
        ('stories:\n- story: s\n  steps:\n  - user: "[a]{}}"\n  - user: \'[a]{"x": 1}\'', 5, 'names no "entity"'),
        ("version: 2\nstories: []", 1, "'version' must be text"),
    ],
)
def test_a_mistake_in_a_story_is_one_error_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, {"data/s.yml": text}))
    assert words in str(caught.value)
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_stories_without_steps_are_skipped_with_a_notice(tmp_path: Path) -> None:
    assistant = load(write(tmp_path, {"data/s.yml": "stories:\n- story: s\n  steps: []\nrules:\n"}))
    assert assistant.stories == ()
    assert [notice.message for notice in assistant.notices if "s.yml" in str(notice)] == [
        "Skipped: the story 's' has no steps.",
        "There is nothing under 'rules'.",
    ]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["moodbot", "helpdesk", "travelbot", "formbot", "concertbot", "breakoutbot", "e2ebot"])
def test_real_stories_are_read_without_a_notice(name: str) -> None:
    assistant = load(need(f"assistants/{name}"))
    assert assistant.stories
    places = [story.location for story in assistant.stories]
    assert not [notice for notice in assistant.notices if notice.location in places]
