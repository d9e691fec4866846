"""Stories that begin alike and go on in different ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.core.stories.conflicts import story_conflicts
from rebake.core.stories.generator import training_trackers
from support.core import read

ORDER = "- story: {}\n  steps:\n  - intent: {}\n  - action: {}\n  - intent: order\n  - action: {}\n"


def conflicts(tmp_path: Path, data: str, max_history: int | None = None, augmentation: int = 0) -> list[str]:
    assistant = read(tmp_path, data)
    trackers = training_trackers(assistant.stories, assistant.domain, augmentation)
    return [str(notice).replace(f"{tmp_path}/", "") for notice in story_conflicts(trackers, max_history)]


@pytest.mark.parametrize("augmentation", [0, 50])
def test_an_equal_history_with_two_actions_is_a_conflict_that_names_stories_and_place(
    tmp_path: Path, augmentation: int
) -> None:
    first = ORDER.format("one", "greet", "utter_greet", "action_brew")
    second = ORDER.format("two", "greet", "utter_greet", "utter_help")
    assert conflicts(tmp_path, f"stories:\n{first}{second}", augmentation=augmentation) == [
        "data/stories.yml:14: After the intent 'order' and an equal history, the stories go on in different ways: "
        "'action_brew' in 'one'; 'utter_help' in 'two'."
    ]


@pytest.mark.parametrize(("max_history", "count"), [(None, 0), (3, 0), (1, 1)])
def test_a_short_history_forgets_what_tells_stories_apart(tmp_path: Path, max_history: int | None, count: int) -> None:
    first = ORDER.format("one", "greet", "utter_greet", "action_brew")
    second = ORDER.format("two", "bye", "utter_bye", "utter_help")
    assert len(conflicts(tmp_path, f"stories:\n{first}{second}", max_history)) == count


def test_rules_and_what_conversations_start_with_are_no_conflict(tmp_path: Path) -> None:
    starts = "- story: a\n  steps:\n  - action: utter_greet\n- story: b\n  steps:\n  - action: utter_help\n"
    rules = "".join(
        f"- rule: {a}\n  steps:\n  - intent: greet\n  - action: {a}\n" for a in ("utter_greet", "utter_bye")
    )
    assert conflicts(tmp_path, f"stories:\n{starts}rules:\n{rules}") == []
