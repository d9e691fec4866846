"""The gallery: its cases can still be made, and its pages are those of the cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from documentation import gallery
from documentation.gallery_cases import CASES, HELD_OUT, HWU64, Case, write_cafe
from documentation.repository import DOCS
from documentation.screenshots import SCREENSHOTS
from rebake.assistant.importer import load_assistant
from rebake.differences.assistants import compare_assistants
from rebake.report.comment import LIMIT

GALLERY = DOCS / "gallery"
MOST = 3_000_000  # bytes of all pictures


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_changes_the_example_assistant(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cafe(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = load_assistant("config.yml", "domain.yml", ["data"])
    texts = {path: path.read_bytes() for path in tmp_path.rglob("*.yml")}
    case.change(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yml")} != texts
    after = load_assistant("config.yml", "domain.yml", ["data"])
    assert bool(compare_assistants(before, after)) == (case.name != "fresh")


def test_the_held_out_examples_are_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cafe(tmp_path)
    monkeypatch.chdir(tmp_path)
    trained, tested = (
        {(example.text, example.intent) for example in load_assistant(None, None, [path]).nlu.examples}
        for path in ("data", HELD_OUT)
    )
    assert len(tested) > 20
    assert not trained & tested
    assert {intent for _, intent in tested} == {intent for _, intent in trained}


def test_the_page_of_the_gallery_shows_every_case() -> None:
    assert (GALLERY / "index.md").read_text(encoding="utf-8") == gallery.index()
    for case in (*CASES, HWU64):
        files = {path.name for path in (GALLERY / case.name).iterdir()}
        assert files == {"summary.md", "report.png"} | (set() if case.is_fork else {"comment.md"})
    assert {path.name for path in GALLERY.iterdir() if path.is_dir()} == {
        SCREENSHOTS.name,
        *(case.name for case in (*CASES, HWU64)),
    }


def test_the_gallery_is_small_and_quotes_nothing_that_is_no_part_of_the_repository() -> None:
    assert sum(path.stat().st_size for path in GALLERY.rglob("*.png")) < MOST
    assert all(len(path.read_bytes()) <= LIMIT for path in GALLERY.rglob("comment.md"))
    for path in (GALLERY / HWU64.name).glob("*.md"):
        assert "“" not in path.read_text(encoding="utf-8")
