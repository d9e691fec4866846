"""Checks that read the changed files alone: what they report is what reading everything reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.build.snapshot import recall
from support.assistants import edit
from support.checked_assistant import NLU, checked, require_same, write_assistant, write_model

STORY = """\
- story: another
  steps:
  - intent: order
  - action: utter_order
  - intent: greet
  - action: utter_greet
- story: leave 2
"""


def test_a_second_check_reads_nothing_again(folder: Path, tmp_path: Path) -> None:
    assert require_same(tmp_path)
    assert not require_same(tmp_path)
    assert checked(tmp_path)[0] == 0


ORDINARY: dict[str, tuple[str, str, str]] = {
    "another example": ("nlu1.yml", "hello 1", "good morning"),
    "an example more": ("nlu0.yml", "    - hello 0\n", "    - hello 0\n    - hello again\n"),
    "an example less": ("nlu2.yml", "    - hi 2\n", ""),
    "an entity elsewhere": ("nlu1.yml", "the [milk](drink) 1", "now the [milk](drink)"),
    "a new value of an entity": ("nlu1.yml", "the [milk](drink) 1", "the [Cocoa](drink) 1"),
    "another text": ("nlu1.yml", "    - bye 1\n", "    - see you\n"),
    "a comment": ("nlu0.yml", "are you open 0\n", "are you open 0\n# a comment\n"),
    "a step more": (
        "stories1.yml",
        "  - action: utter_goodbye\n",
        "  - action: utter_goodbye\n  - action: utter_greet\n",
    ),
    "a slot": ("stories2.yml", "    - drink: tea\n  - action", "    - drink: coffee\n  - action"),
    "a story's name": ("stories0.yml", "leave 0", "go"),
}


@pytest.mark.parametrize("change", ORDINARY)
def test_after_an_ordinary_change_the_changed_file_alone_is_read(change: str, folder: Path, tmp_path: Path) -> None:
    file, old, new = ORDINARY[change]
    require_same(tmp_path)
    edit(folder / "data" / file, old, new)
    assert not require_same(tmp_path)


def test_what_is_stale_is_named_with_file_and_line(folder: Path, tmp_path: Path) -> None:
    checked(tmp_path)
    edit(folder / "data" / "nlu1.yml", "hello 1", "good morning")
    code, report, has_read = checked(tmp_path)
    assert (code, has_read) == (2, False)
    assert any("data/nlu1.yml:5" in reason for reason in report["parts"]["nlu"]["reasons"])


def test_several_files_may_change(folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    for number in range(3):
        edit(folder / "data" / f"nlu{number}.yml", f"hi {number}", f"hey {number}")
        assert not require_same(tmp_path)
    for number in range(3):
        edit(folder / "data" / f"nlu{number}.yml", f"hey {number}", f"hi {number}")
    assert checked(tmp_path)[::2] == (0, False)


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def move(file: Path) -> None:
    file.rename(file.with_name("nlu3.yml"))


Edit = Callable[[Path], None]


def in_data(file: str, old: str, new: str) -> Edit:
    return lambda folder: edit(folder / "data" / file, old, new)


OTHERS: dict[str, Edit] = {
    "an order": in_data("nlu0.yml", "    - hello 0\n    - hi 0\n", "    - hi 0\n    - hello 0\n"),
    "a new intent": in_data("nlu1.yml", "- intent: greet", "- intent: new"),
    "a text that another file has": in_data("nlu1.yml", "bye 1", "BYE 2"),
    "a duplicate in the file": in_data("nlu1.yml", "    - hi 1\n", "    - hello 1\n"),
    "an unknown entity": in_data("nlu1.yml", "[tea](drink) 1", "[tea](food) 1"),
    "a misaligned entity": in_data("nlu1.yml", "[tea](drink) 1", "[te](drink)a 1"),
    "a synonym": in_data("synonyms.yml", "java\n- regex", "joe\n- regex"),
    "an annotated synonym": in_data("nlu1.yml", "[tea](drink) 1", '[cha]{"entity": "drink", "value": "tea"} 1'),
    "a value in another case": in_data("nlu1.yml", "a [tea](drink) 1", "a [TEA](drink) 1"),
    "a regex": in_data("synonyms.yml", "[0-9]+", "[0-9]"),
    "an unknown action": in_data("stories1.yml", "  - action: utter_goodbye\n", "  - action: utter_nothing\n"),
    "an unknown slot value": in_data("stories1.yml", "    - drink: tea\n  - act", "    - drink: milk\n  - act"),
    "a checkpoint": in_data("stories1.yml", "  - action: utter_goodbye\n", "  - checkpoint: gone\n"),
    "an or": in_data(
        "stories1.yml",
        "- story: leave 1\n  steps:\n",
        "- story: or\n  steps:\n  - or:\n    - intent: greet\n"
        "    - intent: order\n  - action: utter_greet\n- story: leave 1\n  steps:\n",
    ),
    "the only use of a response": in_data("rules.yml", "  - action: utter_faq\n", "  - action: utter_greet\n"),
    "a story that is there": in_data(
        "stories1.yml", "  - intent: goodbye\n  - intent: greet\n  - action: utter_greet\n", "  - intent: goodbye\n"
    ),
    "text": in_data("stories1.yml", "  - intent: goodbye\n", "  - user: bye\n"),
    "a variable": in_data("nlu1.yml", "hello 1", "hello ${HOME}"),
    "a comment that silences": in_data(
        "nlu1.yml", "- intent: greet\n", "- intent: greet # rebake: ignore no-examples\n"
    ),
    "a mistake": in_data("nlu1.yml", "- intent: greet\n", "- intent: [greet\n"),
    "an unknown key": in_data("nlu1.yml", "nlu:\n", "nlux: 1\nnlu:\n"),
    "the domain": lambda folder: edit(folder / "domain.yml", "Hello!", "Hi!"),
    "the configuration": lambda folder: edit(folder / "config.yml", "language: en", "language: de"),
    "a file more": lambda folder: write(folder / "data" / "new.yml", NLU.format(n=9)),
    "a file less": lambda folder: (folder / "data" / "nlu2.yml").unlink(),
    "a file's name": lambda folder: move(folder / "data" / "nlu2.yml"),
}


@pytest.mark.parametrize("change", OTHERS)
def test_after_any_other_change_everything_is_read(change: str, folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    OTHERS[change](folder)
    assert require_same(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- name: LogisticRegressionClassifier", "- name: KeywordIntentClassifier"),
        ("- name: LogisticRegressionClassifier", "- name: DIETClassifier\n  evaluate_on_number_of_examples: 5"),
    ],
)
def test_order_and_number_of_examples_may_count(old: str, new: str, folder: Path, tmp_path: Path) -> None:
    edit(folder / "config.yml", old, new)
    require_same(tmp_path)
    assert require_same(tmp_path)


def test_another_model_is_compared_with(folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    edit(folder / "data" / "nlu1.yml", "hello 1", "good morning")
    assert not require_same(tmp_path)
    write_model(folder)
    assert not require_same(tmp_path)
    assert checked(tmp_path)[0] == 0
    (folder / "models" / "model.tar.gz").unlink()
    assert not require_same(tmp_path)
    (folder / "models" / "model.tar.gz").write_bytes(b"broken")
    assert require_same(tmp_path)


def test_a_model_that_was_stale_before_is_explained_in_full(folder: Path, tmp_path: Path) -> None:
    edit(folder / "data" / "nlu0.yml", "hello 0", "good evening")
    edit(folder / "data" / "synonyms.yml", "    - java\n", "    - joe\n")
    edit(folder / "domain.yml", "actions: [utter_faq]", "actions: [utter_faq, action_new]")
    edit(folder / "data" / "stories2.yml", "- story: leave 2\n", STORY)
    require_same(tmp_path)
    assert not require_same(tmp_path)
    for file, old, new in (
        ("nlu1.yml", "hello 1", "good morning"),
        ("nlu0.yml", "nlu:\n", "\n\nnlu:\n"),  # what is stale moves
        ("nlu0.yml", "good evening", "hello 0"),
        ("stories2.yml", "  - intent: greet\n  - action: utter_greet\n", "  - intent: goodbye\n"),
    ):
        edit(folder / "data" / file, old, new)
        assert not require_same(tmp_path)


def test_what_differs_in_too_much_is_read_each_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebake.build.snapshot.compared_part.MAX_DIFFERENCES", 1)
    edit(folder / "data" / "nlu0.yml", "hello 0", "good evening")
    require_same(tmp_path)
    assert require_same(tmp_path)


@pytest.mark.parametrize("suffix", ["snapshot", "model"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 200, None])
def test_a_damaged_file_is_as_good_as_none(suffix: str, damage: bytes | None, folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    (kept,) = (tmp_path / "cache" / "rebake" / "checks").glob(f"*.{suffix}")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if damage is None else damage)
    require_same(tmp_path)
    assert not require_same(tmp_path)


def test_another_version_of_rebake_reads_everything(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(tmp_path)
    monkeypatch.setattr(recall, "_code", lambda: "another")
    assert checked(tmp_path)[2]


@pytest.mark.parametrize("options", [("--explain",), ("--env", "HOME"), ("--force",), ("--augmentation", "3")])
def test_options_count(options: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    checked(tmp_path)
    require_same(tmp_path, *options)


def test_only_the_user_can_read_what_is_kept(folder: Path, tmp_path: Path) -> None:
    checked(tmp_path)
    directory = tmp_path / "cache" / "rebake" / "checks"
    assert directory.stat().st_mode & 0o077 == 0
    assert {file.suffix for file in directory.iterdir()} == {".snapshot", ".model"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in directory.iterdir())


def test_what_is_kept_does_not_grow_without_end(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebake.build.snapshot.storage.MAX_FILES", 3)
    for name in "abc":
        moved = write_assistant(tmp_path / name)
        monkeypatch.chdir(moved)
        write_model(moved)
        checked(tmp_path)
    assert len(list((tmp_path / "cache" / "rebake" / "checks").iterdir())) <= 3
