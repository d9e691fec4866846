"""Checks that read the changed files alone: what they report is what reading everything reports."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.archive.manifest import PARTS, Manifest, write_manifest
from rebake.archive.pack import pack
from rebake.assistant.file_cache import cache
from rebake.assistant.importer import ProjectImporter, load_assistant
from rebake.build.snapshot import recall
from rebake.cli.main import main
from rebake.staleness.fingerprints import fingerprint
from support.assistants import edit

CONFIG = """\
recipe: default.v1
assistant_id: large
language: en
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: CountVectorsFeaturizer
- name: CRFEntityExtractor
- name: EntitySynonymMapper
- name: LogisticRegressionClassifier
- name: ResponseSelector
  use_text_as_label: true
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
DOMAIN = """\
version: "3.1"
intents: [greet, order, goodbye, faq]
entities:
- drink
- size:
    roles: [cup]
slots:
  drink:
    type: categorical
    values: [tea, coffee]
    mappings:
    - type: from_entity
      entity: drink
responses:
  utter_greet: [{text: Hello!}]
  utter_order: [{text: Coming.}]
  utter_goodbye: [{text: Bye.}]
  utter_unused: [{text: Never.}]
  utter_faq/open: [{text: Now.}]
actions: [utter_faq]
"""
NLU = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello {n}
    - hi {n}
- intent: order
  examples: |
    - a [tea](drink) {n}
    - a [coffee](drink), {n} [large]{{"entity": "size", "role": "cup"}}
    - one [Tea](drink) {n}
    - the [milk](drink) {n}
- intent: goodbye
  examples: |
    - bye {n}
- intent: faq/open
  examples: |
    - are you open {n}
"""
SYNONYMS = """\
version: "3.1"
nlu:
- synonym: coffee
  examples: |
    - java
- regex: number
  examples: |
    - [0-9]+
- intent: order
  examples: |
    - some [java](drink)
"""
STORIES = """\
version: "3.1"
stories:
- story: order {n}
  steps:
  - intent: greet
  - action: utter_greet
{more}  - intent: order
    entities:
    - drink: tea
  - slot_was_set:
    - drink: tea
  - action: utter_order
- story: leave {n}
  steps:
  - intent: goodbye
{more}  - action: utter_goodbye
"""
STORY = """\
- story: another
  steps:
  - intent: order
  - action: utter_order
  - intent: greet
  - action: utter_greet
- story: leave 2
"""
RULES = """\
version: "3.1"
rules:
- rule: questions
  steps:
  - intent: faq
  - action: utter_faq
- rule: bye
  steps:
  - intent: goodbye
  - action: utter_goodbye
"""


@pytest.fixture(scope="module", autouse=True)
def worth_it() -> Any:
    """Every assistant is worth the cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "WORTH_IT", 0)
        patch.delenv(cache.SWITCH, raising=False)
        yield


def write_assistant(folder: Path) -> Path:
    """Write an assistant of three files of examples and three of stories, with a model of just this."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    for number in range(3):
        (data / f"nlu{number}.yml").write_text(NLU.format(n=number), encoding="utf-8")
        turn = "  - intent: greet\n  - action: utter_greet\n" * number
        (data / f"stories{number}.yml").write_text(STORIES.format(n=number, more=turn), encoding="utf-8")
    (data / "rules.yml").write_text(RULES, encoding="utf-8")
    (data / "synonyms.yml").write_text(SYNONYMS, encoding="utf-8")
    return folder


def write_model(folder: Path) -> None:
    assistant = load_assistant(folder / "config.yml", folder / "domain.yml", folder / "data")
    prints = fingerprint(assistant, parts=frozenset(PARTS))
    model = folder / "model"
    model.mkdir(exist_ok=True)
    write_manifest(Manifest(prints.parts, prints.components), model)
    (folder / "models").mkdir(exist_ok=True)
    pack(model, folder / "models" / "model.tar.gz", seal=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = write_assistant(tmp_path / "bot")
    monkeypatch.chdir(made)
    write_model(made)
    return made


def checked(tmp: Path, *options: str, use_cache: bool = True) -> tuple[int, Any, bool]:
    """Run a check; its exit code, its report without the time it took, and whether everything was read."""
    report, reads = tmp / "report.json", []
    load = ProjectImporter.load

    def load_and_note(importer: ProjectImporter) -> Any:
        reads.append(True)
        return load(importer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProjectImporter, "load", load_and_note)
        if not use_cache:
            patch.setenv(cache.SWITCH, "off")
        code = main(["check", "--report", str(report), *options])
    content = json.loads(report.read_text(encoding="utf-8"))
    content["seconds"] = None
    return code, content, bool(reads)


def require_same(tmp: Path, *options: str) -> bool:
    """Require that a check with the cache reports what one without reports; returns whether everything was read."""
    code, report, has_read = checked(tmp, *options)
    assert (code, report) == checked(tmp, *options, use_cache=False)[:2]
    return has_read


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
    "an order": ("nlu0.yml", "    - hello 0\n    - hi 0\n", "    - hi 0\n    - hello 0\n"),
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


LINES = (
    "    - hello {n}", "    - a [tea](drink) {n}", "    - a [Cocoa](drink) {n}", "    - hi {n}", "    - HI {n}",
    "    - a [large]{{\"entity\": \"size\"}} one {n}", "    - the [same](drink)",
)  # fmt: skip
STEPS = (
    "  - intent: greet", "  - action: utter_greet", "  - intent: order", "  - action: utter_order",
    "  - intent: goodbye\n  - action: utter_goodbye", "  - slot_was_set:\n    - drink: coffee",
    "  - action: utter_unused", "  - checkpoint: a",
)  # fmt: skip


def mutate(folder: Path, draw: random.Random) -> None:
    """Remove, double, exchange or insert a line of a data file; now and then take a line of another file."""
    file = draw.choice(sorted((folder / "data").iterdir()))
    lines = file.read_text(encoding="utf-8").splitlines()
    kind = r"    - " if "nlu" in file.name else r"  - (intent|action)"
    places = [place for place, line in enumerate(lines) if re.match(kind, line)]
    if not places:
        return
    place = draw.choice(places)
    new = draw.choice(LINES if "nlu" in file.name else STEPS).format(n=draw.randrange(5))
    match draw.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines[place] = new
        case 2:
            lines.insert(place, new)
        case 3:
            lines.insert(place, lines[place])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_after_random_edits_a_check_reports_what_reading_everything_reports(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp = tmp_path_factory.mktemp("random")
    folder, draw = write_assistant(tmp / "bot"), random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp / "cache"))
        patch.chdir(folder)
        write_model(folder)
        if draw.random() < 0.5:  # so that the model is stale when everything is read
            mutate(folder, draw)
        require_same(tmp)
        for _ in range(6):
            mutate(folder, draw)
            require_same(tmp)
