"""Stories that can be trained, but not to what their author meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.archive.manifest import PARTS
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.stories.generator import training_trackers
from rebake.errors import UnsupportedError
from rebake.validation.assistant import check_assistant
from rebake.validation.stories import check_stories
from support.core import DOMAIN, read

START = """\
stories:
- story: tea
  steps:
  - intent: order
  - action: order_form
  - active_loop: order_form
"""
ANSWER = "  - intent: inform\n  - action: order_form\n"
DONE = "  - active_loop: null\n  - action: action_brew\n"


def test_turns_inside_a_form_are_reported_with_their_line(tmp_path: Path) -> None:
    assistant = read(tmp_path, START + ANSWER + ANSWER + DONE)
    (notice,) = check_stories(assistant.stories)
    assert str(notice.location).endswith("stories.yml:9")  # the first run again, below version and stories
    assert "'tea' spells out turns inside the form 'order_form'" in notice.message


def test_they_are_reported_because_labels_lag_states_in_rasa(tmp_path: Path) -> None:
    assistant = read(tmp_path, START + ANSWER + DONE)
    examples = TrackerFeaturizer().examples(training_trackers(assistant.stories, assistant.domain, 0))
    last = {label: states[-1] for states, label in zip(examples.states, examples.labels, strict=True)}
    assert last["action_brew"]["user"] == {"intent": "order"}  # before the answer, which it follows in the story
    assert last["action_listen"]["user"] == {"intent": "inform"}  # what follows the answer is to listen


@pytest.mark.parametrize(
    "steps",
    [
        DONE,
        "  - intent: stop\n  - action: utter_help\n  - action: order_form\n" + DONE,
        "  - active_loop: null\n" + "  - intent: order\n  - action: order_form\n  - active_loop: order_form\n",
    ],
    ids=["straight through", "interrupted", "twice"],
)
def test_forms_that_go_straight_through_or_are_interrupted_are_fine(tmp_path: Path, steps: str) -> None:
    assert check_stories(read(tmp_path, START + steps).stories) == ()


def test_a_slot_of_a_custom_class_is_refused_before_any_training_and_reported_by_a_check(tmp_path: Path) -> None:
    assistant = read(tmp_path, START + DONE, domain=DOMAIN.replace("type: bool", "type: my.Slot"))
    with pytest.raises(UnsupportedError, match=r"domain\.yml:8: Slot 'hot' has the custom type 'my\.Slot'"):
        check_assistant(assistant, frozenset(PARTS), to_train=True)
    assert any("my.Slot" in notice.message for notice in check_assistant(assistant, frozenset(PARTS), to_train=False))
