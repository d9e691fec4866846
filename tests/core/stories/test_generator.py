"""Stories and rules become training trackers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebake.assistant.model import ActionStep, Domain, Intent, OrStep, Step, Story, UserStep
from rebake.base.notices import Notices
from rebake.core.dialogue.events import ACTION_LISTEN, ActionExecuted, SlotSet, UserUttered
from rebake.core.dialogue.tracker import TrainingTracker
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.stories.generator import training_trackers
from support.core import read

HELLO = """\
stories:
- story: hello
  steps:
  - intent: greet
  - action: utter_greet
"""


def names_in(tracker: TrainingTracker) -> list[str]:
    names = []
    for event in tracker.events:
        if isinstance(event, ActionExecuted):
            names.append(event.name or "")
        elif isinstance(event, UserUttered):
            names.append(f"/{event.intent}")
    return names


def test_a_story_listens_before_each_user_turn_and_at_its_end(tmp_path: Path) -> None:
    assistant = read(tmp_path, HELLO)
    (tracker,) = training_trackers(assistant.stories, assistant.domain, 0)
    assert names_in(tracker) == [ACTION_LISTEN, "/greet", "utter_greet", ACTION_LISTEN]
    assert tracker.name == "hello"
    assert tracker.stories == assistant.stories


def test_equal_stories_make_one_tracker(tmp_path: Path) -> None:
    assistant = read(tmp_path, HELLO + HELLO.removeprefix("stories:\n").replace("hello", "again"))
    assert len(training_trackers(assistant.stories, assistant.domain, 0)) == 1


def test_stories_meet_at_checkpoints_and_conditions_keep_trackers_out(tmp_path: Path) -> None:
    assistant = read(
        tmp_path,
        """\
stories:
- story: orders tea
  steps:
  - intent: order
    entities: [{drink: tea}]
  - action: action_brew
  - checkpoint: served
- story: orders nothing
  steps:
  - intent: greet
  - action: utter_greet
  - checkpoint: served
- story: thanks for tea
  steps:
  - checkpoint: served
    slot_was_set: [{drink: tea}]
  - intent: bye
  - action: utter_bye
""",
    )
    (tracker,) = training_trackers(assistant.stories, assistant.domain, 0)
    assert names_in(tracker) == [
        ACTION_LISTEN,
        "/order",
        "action_brew",
        ACTION_LISTEN,
        "/bye",
        "utter_bye",
        ACTION_LISTEN,
    ]
    assert tracker.name == "orders tea > thanks for tea"
    assert SlotSet("drink", "tea") in tracker.events


def test_a_cycle_of_checkpoints_ends(tmp_path: Path) -> None:
    assistant = read(
        tmp_path,
        """\
stories:
- story: start
  steps:
  - intent: greet
  - action: utter_greet
  - checkpoint: more
- story: again
  steps:
  - checkpoint: more
  - intent: order
  - action: action_brew
  - checkpoint: more
- story: end
  steps:
  - checkpoint: more
  - intent: bye
  - action: utter_bye
""",
    )
    dialogues = {
        " ".join(names_in(tracker)[1:-1]) for tracker in training_trackers(assistant.stories, assistant.domain, 0)
    }
    straight = f"/greet utter_greet {ACTION_LISTEN} /bye utter_bye"
    once = f"/greet utter_greet {ACTION_LISTEN} /order action_brew {ACTION_LISTEN} /bye utter_bye"
    assert {straight, once} <= dialogues


def test_a_checkpoint_that_leads_nowhere_is_named_with_its_place(tmp_path: Path) -> None:
    notices = Notices()
    assistant = read(tmp_path, HELLO + "  - checkpoint: nowhere\n")
    training_trackers(assistant.stories, assistant.domain, 0, notices=notices)
    (notice,) = notices
    assert str(notice.location).endswith("stories.yml:7")
    assert "'nowhere'" in notice.message


def test_stories_that_all_start_with_a_checkpoint_are_reported_at_the_first_of_them(tmp_path: Path) -> None:
    notices = Notices()
    story = HELLO.replace("  - intent: greet", "  - checkpoint: nowhere\n  - intent: greet", 1)
    assistant = read(tmp_path, story)
    assert training_trackers(assistant.stories, assistant.domain, 0, notices=notices) == []
    first, second = notices
    assert "none of them can be reached" in first.message
    assert first.location == assistant.stories[0].location
    assert str(second.location).endswith("stories.yml:5")


def test_the_first_action_without_a_user_turn_is_no_example(tmp_path: Path) -> None:
    assistant = read(
        tmp_path,
        """\
stories:
- story: bot first
  steps:
  - action: utter_greet
  - intent: bye
  - action: utter_bye
""",
    )
    trackers = training_trackers(assistant.stories, assistant.domain, 0)
    assert TrackerFeaturizer().examples(trackers).labels == [ACTION_LISTEN, "utter_bye", ACTION_LISTEN]


def test_rules_start_anywhere_unless_they_say_otherwise(tmp_path: Path) -> None:
    assistant = read(
        tmp_path,
        """\
rules:
- rule: anywhere
  steps:
  - intent: greet
  - action: utter_greet
- rule: first
  conversation_start: true
  wait_for_user_input: false
  steps:
  - intent: bye
  - action: utter_bye
""",
    )
    trackers = training_trackers(assistant.stories, assistant.domain, 50)
    dialogues = {tracker.name: names_in(tracker) for tracker in trackers}
    assert dialogues == {
        "anywhere": ["...", ACTION_LISTEN, "/greet", "utter_greet", ACTION_LISTEN],
        "first": [ACTION_LISTEN, "/bye", "utter_bye", "...", ACTION_LISTEN],
    }
    assert all(tracker.is_rule and not tracker.is_augmented for tracker in trackers)


def test_augmentation_concatenates_stories_and_zero_does_not(tmp_path: Path) -> None:
    assistant = read(tmp_path, HELLO + HELLO.removeprefix("stories:\n").replace("greet", "bye"))
    assert not any(tracker.is_augmented for tracker in training_trackers(assistant.stories, assistant.domain, 0))
    augmented = [
        tracker for tracker in training_trackers(assistant.stories, assistant.domain, 3) if tracker.is_augmented
    ]
    assert augmented
    assert all(names_in(tracker).count(ACTION_LISTEN) > 2 for tracker in augmented)


INTENTS = ("a", "b", "c", "d")
DOMAIN = Domain(intents=tuple(Intent(name) for name in INTENTS), actions=("x", "y"))
alternatives = st.lists(st.sampled_from(INTENTS), min_size=2, max_size=4, unique=True)
turns = st.lists(st.tuples(alternatives, st.sampled_from(("x", "y"))), min_size=1, max_size=4)


def story_of(turns: list[tuple[list[str], str]]) -> Story:
    steps: list[Step] = []
    for intents, action in turns:
        steps += [OrStep(tuple(UserStep(intent) for intent in intents)), ActionStep(action)]
    return Story("or", tuple(steps))


@given(turns)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_or_makes_every_combination_once(turns: list[tuple[list[str], str]]) -> None:
    trackers = training_trackers([story_of(turns)], DOMAIN, 0)
    expected = 1
    for intents, _ in turns:
        expected *= len(intents)
    assert len({tuple(names_in(tracker)) for tracker in trackers}) == len(trackers) == expected


few_turns = st.lists(st.tuples(alternatives, st.sampled_from(("x", "y"))), min_size=1, max_size=2)


@pytest.mark.slow
@given(st.lists(few_turns, min_size=1, max_size=3), st.sampled_from((0, 2, 5)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_stories_give_the_same_trackers_and_repeated_stories_add_no_example(
    stories: list[list[tuple[list[str], str]]], factor: int
) -> None:
    once = [story_of(turns) for turns in stories]
    first, second = (training_trackers(once, DOMAIN, factor) for _ in range(2))
    assert [tracker.events for tracker in first] == [tracker.events for tracker in second]
    originals = [training_trackers(stories, DOMAIN, 0) for stories in (once, once + once)]
    examples = [TrackerFeaturizer().examples(trackers) for trackers in originals]
    assert sorted(map(repr, zip(examples[0].states, examples[0].labels, strict=True))) == sorted(
        map(repr, zip(examples[1].states, examples[1].labels, strict=True))
    )
