"""The cache of files: what comes from it is what reading gives, and never what a file no longer says."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copytree

import pytest

from rebake.assistant import importer
from rebake.assistant.file_cache import cache
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.assistant.yaml.yaml12 import parse_yaml
from rebake.errors import DataError
from support.assistants import append, edit, write_tiny
from support.paths import ROOT

ODD = """\
version: "3.1"
nlu:
- intent: odd
  examples:
  - text: |
      a [tea](drink) # rebake: ignore x
    metadata: {1: one, "1": text, nested: [true, 1, 1.0, null, {deep: 2}]}
  - text: "an emoji \\U0001F600"
- regex: zip
  examples: |
    - [0-9]{5}
- lookup: drink
  examples: |
    - tea
- synonym: tea
  examples: |
    - chai
unknown_key: 1
stories:
- story: everything
  metadata: {a: 1}
  steps:
  - or:
    - intent: greet
    - slot_was_set:
      - drink: 1.5
  - action: utter_greet
  - slot_was_set:
    - drink
    - drink: [1, {x: y}]
  - user: |
      one [latte](drink)
  - bot: Fine.
  - checkpoint: later
rules:
- rule: loop
  condition:
  - active_loop: form
  steps:
  - intent: /order
  - active_loop: null
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's directory; every assistant is worth it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(cache.SWITCH, raising=False)
    monkeypatch.setattr(cache, "WORTH_IT", 0)
    return tmp_path / "cache" / "rebake" / "files"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the data files that are read as YAML, in order."""
    found: list[str] = []
    parse = parse_yaml

    def parse_and_note(text: str, file: str, *, env: frozenset[str] = frozenset()) -> object:
        found.append(Path(file).name)
        return parse(text, file, env=env)

    monkeypatch.setattr(importer, "parse_yaml", parse_and_note)
    return found


def read(project: Path, *, use_cache: bool = True) -> Assistant:
    files = (project / "config.yml", project / "domain.yml", project / "data")
    return load_assistant(*files, use_cache=use_cache)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "bot")


def test_what_comes_from_the_cache_is_what_reading_gives(project: Path, parsed: list[str], tmp_path: Path) -> None:
    (project / "data" / "odd.yml").write_text(ODD, encoding="utf-8")
    cafe = copytree(ROOT / "examples" / "cafe", tmp_path / "cafe")
    for each in (project, cafe):
        plain = read(each, use_cache=False)
        assert read(each) == plain
        assert parsed
        parsed.clear()
        again = read(each)
        assert again == plain
        assert repr(again.nlu) == repr(plain.nlu)  # 1, 1.0 and true are equal, but not the same
        assert repr(again.stories) == repr(plain.stories)
        assert [str(notice) for notice in again.notices] == [str(notice) for notice in plain.notices]
        assert parsed == []


def test_a_changed_file_alone_is_read_again(project: Path, parsed: list[str]) -> None:
    read(project)
    parsed.clear()
    edit(project / "data" / "nlu.yml", "      - hey\n", "      - ahoy\n")
    assert "ahoy" in {example.text for example in read(project).nlu.examples}
    assert parsed == ["nlu.yml"]
    edit(project / "data" / "nlu.yml", "      - ahoy\n", "      - hey\n")
    parsed.clear()
    assert "ahoy" not in {example.text for example in read(project).nlu.examples}
    assert parsed == []


def test_a_file_elsewhere_has_its_own_places(project: Path, parsed: list[str]) -> None:
    read(project)
    (project / "data" / "nlu.yml").rename(project / "data" / "moved.yml")
    (example, *_) = read(project).nlu.examples
    assert example.location is not None
    assert example.location.file.endswith("moved.yml")


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 40, None])
def test_a_corrupt_entry_is_as_good_as_none(project: Path, directory: Path, damage: bytes | None) -> None:
    plain = read(project)
    for entry in directory.iterdir():
        content = entry.read_bytes()
        entry.write_bytes(content[:-1] + b" " if damage is None else damage)
    assert read(project) == plain


def test_another_reader_reads_again(project: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read(project)
    parsed.clear()
    monkeypatch.setattr(cache, "_reader", lambda: "another version")
    read(project)
    assert sorted(parsed) == ["nlu.yml", "rules.yml", "stories.yml"]


@pytest.mark.parametrize("variable", ["${SECRET}", "\\u0024{SECRET}", "$\\u007bSECRET}", "\\U00000024{SECRET}"])
def test_a_file_with_variables_is_never_kept(variable: str, project: Path, directory: Path) -> None:
    edit(project / "data" / "nlu.yml", "      - hey\n", f"      - hey {variable}\n")
    read(project)
    assert len(list(directory.iterdir())) == 2


def test_errors_are_found_again(project: Path) -> None:
    append(project / "data" / "stories.yml", "  - story: wrong\n    steps:\n    - intent: a/b/c\n")
    for _ in range(2):
        with pytest.raises(DataError, match=r"stories\.yml:\d+"):
            read(project)


def test_small_assistants_and_a_switch_leave_no_trace(
    project: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")
    read(project)
    monkeypatch.delenv(cache.SWITCH)
    monkeypatch.setattr(cache, "WORTH_IT", 1 << 20)
    read(project)
    monkeypatch.setattr(cache, "WORTH_IT", 0)
    read(project, use_cache=False)
    assert not directory.exists()


def test_the_cache_is_the_users_own_and_a_read_only_place_does_no_harm(project: Path, directory: Path) -> None:
    directory.parent.parent.mkdir()
    (directory.parent).write_text("a file where the directory should be", encoding="utf-8")
    assert read(project).nlu.examples
    directory.parent.unlink()
    read(project)
    assert directory.stat().st_mode & 0o077 == 0


def test_entries_that_were_not_used_for_long_go_first(
    project: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(project)
    for entry in directory.iterdir():
        os.utime(entry, (1, 1))
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    edit(project / "data" / "nlu.yml", "      - hey\n", "      - ahoy\n")
    read(project)
    times = [entry.stat().st_mtime for entry in directory.iterdir()]
    assert len(times) == 3
    assert min(times) > 1  # the one of the old text is gone
