"""The comparison with Rasa's Validator must be able to fail."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from parity.paths import CAFE
from parity.validate.changes import CHANGES, Project, changed
from parity.validate.suite import Case, differences, findings
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.validation.finding import Finding

UNUSED = "The intent 'inform' is not used in any story or rule."
CONFLICT = (
    "Story structure conflict after intent 'greet':\n  utter_greet predicted in 'one'\n  action_x predicted in 'two'\n"
)


def conflict(actions: str) -> Finding:
    message = f"After the intent 'greet' and an equal history, the stories go on in different ways: {actions}."
    return Finding(NoticeKind.STORY_CONFLICT, Severity.WARNING, message)


def compared(theirs: dict[str, list[str]], *ours: Finding) -> list[str]:
    return list(differences(theirs, ours, Counter()))


def test_a_warning_of_rasa_needs_a_finding_of_that_kind_with_that_name() -> None:
    right = Finding(NoticeKind.UNUSED_INTENT, Severity.INFO, "The intent 'inform' is in no story.")
    other = Finding(NoticeKind.UNUSED_INTENT, Severity.INFO, "The intent 'infor' is in no story.")
    kind = Finding(NoticeKind.UNKNOWN_INTENT, Severity.INFO, "The intent 'inform' is in no story.")
    assert compared({"intents": [UNUSED]}, right) == []
    for wrong in ((), (other,), (kind,)):
        assert len(compared({"intents": [UNUSED]}, *wrong)) == 1


def test_a_warning_that_the_suite_does_not_know_is_a_difference() -> None:
    assert len(compared({"intents": ["Something new about 'inform'."]})) == 1


def test_conflicts_are_the_same_on_both_sides_with_the_same_actions() -> None:
    assert compared({"conflicts": [CONFLICT]}, conflict("'utter_greet' in 'one'; 'action_x' in 'two'")) == []
    assert len(compared({"conflicts": [CONFLICT]})) == 1
    assert len(compared({}, conflict("'utter_greet' in 'one'; 'action_x' in 'two'"))) == 1
    assert len(compared({"conflicts": [CONFLICT]}, conflict("'utter_greet' in 'one'; 'utter_x' in 'two'"))) == 2


def test_a_project_that_rasa_refuses_needs_an_error() -> None:
    assert len(compared({"error": ["YamlException: x"]})) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_each_change_of_the_example_gives_a_new_finding(name: str, tmp_path: Path) -> None:
    project = Project.read(CAFE)
    new = dict(changed(project, seed=0)).get(name)
    if new is None:
        assert not CHANGES[name](Project.read(CAFE), random.Random(0))
        pytest.skip("the example has nothing to change there")
    project.write(tmp_path / "old")
    new.write(tmp_path / "new")
    before = {(finding.code, finding.message) for finding in findings(Case("old", tmp_path / "old"))}
    after = {(finding.code, finding.message) for finding in findings(Case("new", tmp_path / "new"))}
    assert after - before
