"""Screenshots for the documentation: terminals, the comment on a pull request, and the site.

Each one is of a real run. The terminal shows the example assistant; the comment is the one that the tutorial quotes,
which a test compares with a run of the action; the site is built for it.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from documentation.gallery_cases import CAFE, edit
from documentation.repository import DOCS, ROOT
from documentation.runnable import reader_environment
from documentation.terminal import shown_by, svg

SCREENSHOTS = DOCS / "gallery" / "screenshots"
TUTORIAL = DOCS / "tutorial.md"
STYLE = Path(__file__).with_name("comment.css")


def _unchanged(assistant: Path) -> None:
    """The example as it is."""


def _thanks(assistant: Path) -> None:
    with (assistant / "data" / "rules.yml").open("a", encoding="utf-8") as file:
        file.write("\n- rule: Answer thanks\n  steps:\n  - intent: thank\n  - action: utter_welcome\n")
    edit(assistant / "config.yml", "max_ngram: 4", "max_ngram: 3")


def _mistakes(assistant: Path) -> None:
    edit(assistant / "data" / "stories.yml", "- action: utter_menu", "- action: utter_the_menu")
    edit(assistant / "data" / "nlu.yml", "    - when do you open\n", "    - when do you open\n    - what do you have\n")
    edit(assistant / "config.yml", "max_ngram: 3", "max_ngrams: 3")


@dataclass(frozen=True)
class Shot:
    """A command in a terminal.

    Attributes:
        name: of the file, without suffix.
        title: what it shows.
        command: as a person types it.
        change: edits the example before; what earlier ones changed stays.
        typed: lines that are typed while it runs.
    """

    name: str
    title: str
    command: str
    change: Callable[[Path], None] = _unchanged
    typed: tuple[str, ...] = ()


TERMINALS = (
    Shot("train", "Train what is stale", "rebake train"),
    Shot("shell", "Talk to the model", "rebake shell", typed=("hi", "a flat white to go please", "tall")),
    Shot("test", "Test the model", "rebake test core"),
    Shot("check", "Find out why it is stale", "rebake check --explain", _thanks),
    Shot("validate", "Find mistakes without training", "rebake validate", _mistakes),
)
PAGES = {"site": "index.html", "site-reference": "reference/python.html"}  # picture -> page of the site
NAMES = (*(shot.name for shot in TERMINALS), "comment", *PAGES)


def write_screenshots(names: Sequence[str] = ()) -> list[str]:
    """Make the screenshots of these names, or all of them; return the names of those written."""
    sys.path.insert(0, str(ROOT / "tests"))  # what opens a browser
    wanted = list(names) or list(NAMES)
    if unknown := sorted(set(wanted) - set(NAMES)):
        raise ValueError(f"there is no screenshot {', '.join(unknown)}; there are {', '.join(NAMES)}")
    SCREENSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rebake-screenshots-") as temporary:
        place = Path(temporary)
        if any(shot.name in wanted for shot in TERMINALS):
            _write_terminals(wanted, place)
        if "comment" in wanted:
            _write_comment(place)
        if any(name in wanted for name in PAGES):
            _write_site(wanted, place)
    return [name for name in NAMES if name in wanted]


def _write_terminals(wanted: Sequence[str], place: Path) -> None:
    """Run all of them in one copy of the example, since each needs what those before it made; write the wanted."""
    directory = place / "cafe"
    shutil.copytree(CAFE, directory, ignore=shutil.ignore_patterns("models", "results"))
    environment = reader_environment(directory, place / "cache")
    del environment["NO_COLOR"]
    for shot in TERMINALS:
        shot.change(directory)
        shown = shown_by(shot.command.split(), directory, environment, typed=shot.typed)
        if shot.name in wanted:
            (SCREENSHOTS / f"{shot.name}.svg").write_text(svg(shot.command, shown), encoding="utf-8")


def quoted_comment(page: Path = TUTORIAL) -> str:
    """The comment that a page quotes, as Markdown."""
    after = page.read_text(encoding="utf-8").split("<!-- comment -->\n\n")[1]
    lines = itertools.takewhile(lambda line: line.startswith(">"), after.splitlines())
    return "".join(f"{line.removeprefix('>').removeprefix(' ')}\n" for line in lines)


def _write_comment(place: Path) -> None:
    """Draw the comment as GitHub would show it, and keep its text beside the picture, for a test."""
    text = quoted_comment()
    markdown = MarkdownIt("commonmark").enable("table")
    page = place / "comment.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><style>{STYLE.read_text(encoding='utf-8')}</style>"
        "<main><header><b>github-actions</b> <span>bot</span> commented now</header>"
        f"<article>{markdown.render(text)}</article></main>",
        encoding="utf-8",
    )
    _picture(page, SCREENSHOTS / "comment.png", width=860, element="main")
    (SCREENSHOTS / "comment.md").write_text(text, encoding="utf-8")


def _write_site(wanted: Sequence[str], place: Path) -> None:
    from documentation.site import build_site

    if build_site(place / "site") != 0:
        raise RuntimeError("the site cannot be built")
    for name, page in PAGES.items():
        if name in wanted:
            _picture(place / "site" / page, SCREENSHOTS / f"{name}.png", width=1200, height=760)


def _picture(page: Path, target: Path, *, width: int, height: int = 760, element: str = "") -> None:
    """Take a picture of a page, or of one element of it."""
    from support.browser import browser, browser_path, opened

    path = browser_path()
    if path is None:
        raise RuntimeError("There is no Chromium. scripts/browser --install installs one.")
    if not subprocess.run(["fc-list", ":charset=2705"], capture_output=True, check=True).stdout:  # noqa: S607
        raise RuntimeError("There is no font with emoji. Install one (Debian: apt-get install fonts-noto-color-emoji).")
    with browser(path) as running:
        at = opened(running, page, width=width, height=height).page
        if element:
            at.locator(element).screenshot(path=target)
        else:
            at.screenshot(path=target)


def section() -> list[str]:
    """The lines of the gallery's page that show the screenshots."""
    lines = ["", "## The command line", "", "In the example assistant, one command after the other."]
    for shot in TERMINALS:
        lines += ["", f"{shot.title}:", "", f"![{shot.title}: {shot.command}]({SCREENSHOTS.name}/{shot.name}.svg)"]
    lines += ["", "## The documentation", "", "`python -m documentation site` builds it as a site."]
    for name, page in PAGES.items():
        lines += ["", f"![The site: {page}]({SCREENSHOTS.name}/{name}.png)"]
    return lines
