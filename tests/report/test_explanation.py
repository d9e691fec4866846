"""The explanation as a tree and as JSON: everything said once, within the width, and nothing hostile."""

from __future__ import annotations

import pytest

from rebake.archive.manifest import Item
from rebake.base.location import Location
from rebake.report.explanation import MAX_CHANGES, explanation_text
from rebake.report.json import as_dict
from rebake.report.model import PartReport, Report
from rebake.staleness.explanation import Cause, ComponentExplanation, PartExplanation
from rebake.staleness.item_changes import Change

PLACE = Location("config.yml", 12)


def report(*components: ComponentExplanation, changes: tuple[Change, ...] = (), forced: bool = False) -> Report:
    explanation = PartExplanation("nlu", "stale", changes, (Cause("language en -> de"),), components, "only so much")
    return Report(mode="check", parts=(PartReport("nlu", "stale", explanation=explanation),), forced=forced)


STALE = ComponentExplanation("DIETClassifier5", "DIETClassifier", "stale", (Cause("epochs 5 -> 7", PLACE),), PLACE)
REUSED = ComponentExplanation("RegexFeaturizer1", "RegexFeaturizer", "reused", (), PLACE)


def test_a_tree_has_each_part_each_component_and_its_causes() -> None:
    assert explanation_text(report(REUSED, STALE)).splitlines() == [
        "NLU       stale",
        "├─ language en -> de",
        "├─ RegexFeaturizer1  reused",
        "├─ DIETClassifier5   stale",
        "│  └─ config.yml:12: epochs 5 -> 7",
        "└─ Note: only so much.",
    ]


def test_where_lines_cannot_be_shown_the_tree_is_ascii() -> None:
    text = explanation_text(report(REUSED, STALE), lines=False)
    assert text.isascii()
    assert "|  `- config.yml:12: epochs 5 -> 7" in text


def test_states_are_coloured_only_if_asked_for() -> None:
    assert "\x1b" not in explanation_text(report(STALE))
    assert "\x1b[33mstale\x1b[0m" in explanation_text(report(STALE), color=True)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_long_causes_are_wrapped_below_themselves(width: int) -> None:
    long = Cause(" ".join(["word"] * 60), PLACE)
    text = explanation_text(report(ComponentExplanation("A0", "A", "stale", (long,), PLACE), STALE), width=width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    wrapped = [line for line in lines if "word" in line]
    assert len(wrapped) > 2
    assert all(line.startswith("│     word") for line in wrapped[1:])
    assert text.count("word") == 60


def test_many_changes_end_with_how_many_more_there_are() -> None:
    changes = tuple(
        Change("added", Item("example", "greet", f"{n:016x}", "nlu.yml", n)) for n in range(MAX_CHANGES + 7)
    )
    shown = report(STALE, changes=changes)
    text = explanation_text(shown)
    assert f"{MAX_CHANGES + 7} changes of data" in text
    assert text.count("example of intent greet added") == MAX_CHANGES
    assert "7 more; --report FILE lists them all" in text
    [part] = as_dict(shown)["parts"].values()
    assert len(part["explanation"]["changes"]) == MAX_CHANGES + 7


def test_names_of_the_assistant_break_no_line_and_command_nothing() -> None:
    story = Change("added", Item("story", "a\n::error::b\x1b[2J", "0" * 16, "x\n##[error]y.yml", 3))
    lines = explanation_text(report(changes=(story,))).splitlines()
    assert not any(line.lstrip("├└│─ ").startswith("::") for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "##[" not in "".join(lines)


def test_forced_training_is_said_first() -> None:
    assert explanation_text(report(STALE, forced=True)).startswith("Training is forced")


def test_the_json_report_has_the_same_with_places() -> None:
    change = Change("removed", Item("story", "short", "0" * 16, "stories.yml", 4))
    [part] = as_dict(report(STALE, changes=(change,)))["parts"].values()
    assert part["explanation"] == {
        "changes": [{"change": "removed", "kind": "story", "name": "short", "file": "stories.yml", "line": 4}],
        "causes": [{"message": "language en -> de", "file": None, "line": None}],
        "components": [
            {
                "id": "DIETClassifier5",
                "name": "DIETClassifier",
                "state": "stale",
                "file": "config.yml",
                "line": 12,
                "causes": [{"message": "epochs 5 -> 7", "file": "config.yml", "line": 12}],
            }
        ],
        "note": "only so much",
    }
    [unexplained] = as_dict(Report(mode="check", parts=(PartReport("nlu", "fresh"),)))["parts"].values()
    assert unexplained["explanation"] is None
