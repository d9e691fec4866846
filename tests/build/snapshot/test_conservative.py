"""Where it is not certain that a snapshot gives what reading everything gives, everything is read."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.manifest import PARTS
from rebake.assistant.file_cache import cache
from rebake.assistant.importer import ProjectImporter
from rebake.build.snapshot.recall import CheckMemory
from rebake.build.snapshot.storage import read_file, write_file
from support.assistants import append, edit
from support.checked_assistant import JOINED, checked, require_same, write_model

LOWER, UPPER = "    - a [tea](drink) 0\n", "    - one [Tea](drink) 0\n"


def exchange(file: Path, one: str, other: str) -> None:
    """Let two texts of a file change places."""
    before, between, after = file.read_text(encoding="utf-8").partition(one)
    assert between
    assert other in after
    file.write_text(before + other + after.replace(other, one, 1), encoding="utf-8")


def test_which_of_two_values_that_differ_in_case_comes_first_counts(folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    exchange(folder / "data" / "nlu0.yml", LOWER, UPPER)
    assert require_same(tmp_path)
    assert checked(tmp_path)[0] == 2


def test_the_order_of_stories_in_a_file_counts(folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    content = (folder / "data" / "stories1.yml").read_text(encoding="utf-8")
    head, first, second = content.split("- story:")
    (folder / "data" / "stories1.yml").write_text(f"{head}- story:{second}- story:{first}", encoding="utf-8")
    assert require_same(tmp_path)


@pytest.mark.parametrize("change", [("- story: two", "- story: one"), ("- story: start", "- story: go")])
def test_names_of_stories_that_are_joined_count(change: tuple[str, str], folder: Path, tmp_path: Path) -> None:
    joined = folder / "data" / "joined.yml"
    joined.write_text(JOINED, encoding="utf-8")
    write_model(folder)
    require_same(tmp_path)
    assert not require_same(tmp_path)
    edit(joined, *change)
    assert require_same(tmp_path)


def test_a_story_that_shares_an_or_with_another_makes_the_model_stale(folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "joined.yml").write_text(JOINED, encoding="utf-8")
    write_model(folder)
    require_same(tmp_path)
    edit(folder / "data" / "joined.yml", "- story: two", "- story: one")
    assert checked(tmp_path)[0] == 1


@pytest.mark.parametrize("variable", ["\\u0024{INTENT}", "$\\u007bINTENT}"])
def test_a_variable_that_is_written_with_escapes_is_read_each_time(
    variable: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT", "goodbye")
    edit(folder / "data" / "stories1.yml", "  - intent: goodbye\n", f"  - intent: {variable}\n")
    require_same(tmp_path, "--env", "INTENT")
    assert checked(tmp_path, "--env", "INTENT")[0] == 0
    monkeypatch.setenv("INTENT", "order")
    assert require_same(tmp_path, "--env", "INTENT")
    assert checked(tmp_path, "--env", "INTENT")[0] == 1


def test_a_variable_that_comes_is_not_kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "order")
    require_same(tmp_path, "--env", "SECRET")
    edit(folder / "data" / "stories1.yml", "  - intent: goodbye\n", "  - intent: \\u0024{SECRET}\n")
    entries = len(list((tmp_path / "cache" / "rebake" / "files").iterdir()))
    assert require_same(tmp_path, "--env", "SECRET")
    assert len(list((tmp_path / "cache" / "rebake" / "files").iterdir())) == entries


def test_a_file_that_comes_while_a_check_reads_counts_from_the_next_one_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = folder / "data" / "late.yml"
    of = CheckMemory.of

    def of_and_write(*given: Any) -> CheckMemory | None:
        memory = of(*given)
        late.write_text('version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - too late\n', encoding="utf-8")
        return memory

    with monkeypatch.context() as patch:
        patch.setattr(CheckMemory, "of", of_and_write)
        assert checked(tmp_path)[0] == 0
    assert require_same(tmp_path)
    assert checked(tmp_path)[0] == 2
    late.unlink()
    require_same(tmp_path)
    assert checked(tmp_path)[0] == 0


def test_each_check_says_what_it_compares_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed() -> str:
        checked(tmp_path, "--verbose")
        return capsys.readouterr().err

    first = printed()
    assert "compared with models/model.tar.gz" in first
    assert printed() == first
    assert not checked(tmp_path, "--verbose")[2]


def test_what_is_wrong_with_the_data_comes_before_what_is_wrong_with_the_model(folder: Path, tmp_path: Path) -> None:
    edit(folder / "domain.yml", "responses:\n", "unknown: 1\nresponses:\n")
    require_same(tmp_path)
    assert require_same(tmp_path, "--model", "nope.tar.gz")
    assert checked(tmp_path, "--model", "nope.tar.gz")[0] == 74
    edit(folder / "data" / "nlu1.yml", "- intent: greet", "- intent: [greet")
    assert require_same(tmp_path, "--model", "nope.tar.gz")
    code, report, _ = checked(tmp_path, "--model", "nope.tar.gz")
    assert code == 65
    assert any("unknown" in str(notice) for notice in report["notices"])


def mistake(folder: Path) -> None:
    edit(folder / "data" / "nlu1.yml", "- intent: greet", "- intent: [greet")
    edit(folder / "domain.yml", "responses:\n", "unknown: 1\nresponses:\n")


def unknown_codes(folder: Path) -> None:
    append(folder / "domain.yml", "# rebake: ignore nothing-here\n")
    append(folder / "data" / "nlu1.yml", "# rebake: ignore nothing-there\n")


@pytest.mark.parametrize("change", [mistake, unknown_codes])
def test_notices_come_in_the_order_of_a_check_without_cache(
    change: Callable[[Path], None], folder: Path, tmp_path: Path
) -> None:
    change(folder)
    require_same(tmp_path)
    require_same(tmp_path)


@pytest.mark.parametrize("is_small", [False, True])
def test_a_check_without_memory_does_not_read_the_domain_for_it(
    is_small: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_small:
        monkeypatch.setattr(cache, "WORTH_IT", 1 << 30)
    else:
        monkeypatch.setenv(cache.SWITCH, "off")
    append(folder / "domain.yml", "unknown: 1\n")
    importer = ProjectImporter("config.yml", "domain.yml", "data", use_cache=True)
    assert CheckMemory.of(importer, frozenset(PARTS), None) is None
    assert importer.notices == ()


def kept_file(tmp: Path, suffix: str) -> Path:
    (found,) = (tmp / "cache" / "rebake" / "checks").glob(f"*.{suffix}")
    return found


@pytest.mark.parametrize("suffix", ["snapshot", "model"])
@pytest.mark.parametrize("values", [[], {}, None, {"model": 1, "context": 1}])
def test_a_kept_file_of_another_shape_is_as_good_as_none(
    suffix: str, values: Any, folder: Path, tmp_path: Path
) -> None:
    require_same(tmp_path)
    write_file(kept_file(tmp_path, suffix), values, {})
    require_same(tmp_path)
    assert not require_same(tmp_path)


@pytest.mark.parametrize("suffix", ["snapshot", "model"])
@pytest.mark.parametrize("places", [slice(None), slice(1, -1)])
def test_places_outside_the_text_are_as_good_as_none(suffix: str, places: slice, folder: Path, tmp_path: Path) -> None:
    require_same(tmp_path)
    file = kept_file(tmp_path, suffix)
    found = read_file(file)
    assert found is not None
    values, sections = found
    wrong = {}
    for name, content in sections.items():
        numbers = array("Q", bytes(content[: 8 * values["counts"].get(name, 0)]))
        numbers[places] = array("Q", [1 << 40] * len(numbers[places]))
        wrong[name] = (memoryview(numbers.tobytes() + bytes(content[8 * len(numbers) :])),)
    write_file(file, values, wrong)
    edit(folder / "data" / "nlu1.yml", "hello 1", "good morning")
    require_same(tmp_path)
