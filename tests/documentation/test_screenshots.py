"""The screenshots: the terminal that draws them, and that pages show what was drawn."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from documentation.repository import DOCS, ROOT
from documentation.screenshots import NAMES, SCREENSHOTS, TERMINALS, quoted_comment
from documentation.terminal import Screen, shown_by, svg

MOST = 200_000  # bytes of a picture
RAW = "https://raw.githubusercontent.com/rebake/rebake/main/"


def test_a_line_that_a_program_erases_and_writes_again_is_shown_as_it_is_at_the_end() -> None:
    screen = Screen()
    screen.write("before\r\n\x1b[?25lone 1\r\ntwo 1\r\x1b[2K\x1b[1A\x1b[2Kone 2\r\n\x1b[32mtwo 2\x1b[0m\r\n\x1b[?25h")
    assert screen.text() == "before\none 2\n\x1b[32mtwo 2\x1b[0m"


def test_a_control_sequence_that_is_not_drawn_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown control sequence"):
        Screen().write("\x1b[10;10Hsomewhere")


def test_a_program_in_the_terminal_is_typed_to_at_its_prompt(tmp_path: Path) -> None:
    code = (
        "import sys\nwhile True:\n    try: print(input('> ').upper(), sys.stdout.isatty())\n    except EOFError: break"
    )
    shown = shown_by([sys.executable, "-c", code], tmp_path, os.environ, typed=("one", "two"))
    assert re.sub(r"\s+", " ", shown) == "> one ONE True > two TWO True >"


def test_a_picture_has_the_text_with_its_colours_and_loads_nothing() -> None:
    picture = svg("rebake check", "Core  \x1b[33mstale\x1b[0m & more")
    text = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert "$" in text
    assert "rebake check" in text
    assert "stale" in text
    assert " & more" in text
    assert re.findall(r"https?://[^\s\"'<]+", picture.replace("https://www.textualize.io", "")) == [
        "http://www.w3.org/2000/svg"
    ]


def test_every_screenshot_is_there_and_small() -> None:
    files = {path.stem: path for path in SCREENSHOTS.iterdir() if path.suffix != ".md"}
    assert files.keys() == set(NAMES)
    assert all(path.stat().st_size < MOST for path in files.values())
    for shot in TERMINALS:
        text = "".join(ElementTree.parse(files[shot.name]).getroot().itertext()).replace("\xa0", " ")
        assert shot.command in text


def test_the_picture_of_the_comment_is_of_the_comment_in_the_tutorial() -> None:
    assert (SCREENSHOTS / "comment.md").read_text(encoding="utf-8") == quoted_comment()


def test_readme_shows_pictures_that_exist_under_addresses_that_work_everywhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme)
    assert f"{RAW}docs/gallery/screenshots/comment.png" in shown
    assert all(address.startswith(RAW) and (ROOT / address.removeprefix(RAW)).is_file() for address in shown)
    assert "gallery/screenshots/" in (DOCS / "tutorial.md").read_text(encoding="utf-8")
