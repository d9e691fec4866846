"""The site of the documentation is built from pages that are written for GitHub's view."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from documentation.navigation import sections
from documentation.repository import DOCS, ROOT

INDEX = """# Title

## Guides

- [First](first.md): how
- [Code](../code.md)

## Notes

- [Second](notes/second.md)
"""


def write(directory: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = directory / "pages" / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory / "pages"


def test_the_navigation_is_the_lists_of_links_of_the_first_page() -> None:
    assert list(sections(INDEX)) == [("Guides", ("first",)), ("Notes", ("notes/second",))]


def test_the_first_page_names_every_page_once() -> None:
    named = [page for _, pages in sections((DOCS / "index.md").read_text(encoding="utf-8")) for page in pages]
    others = (path for path in DOCS.rglob("*.md") if path != DOCS / "index.md")
    pages = (path for path in others if path.parent.parent != DOCS / "gallery")  # reports, for GitHub's view
    assert sorted(named) == sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in pages)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("second", "extra", "warnings"),
    [
        ("# Second\n\n[back](../index.md#notes)\n", {}, ()),
        ("# Second\n\n[a](missing.md) [b](../index.md#lost)\n", {}, ("'missing.md'", "'lost'")),
        ("# Second\n", {"orphan": "# Orphan\n"}, ("isn't included in any toctree",)),
    ],
    ids=["sound", "dead links", "orphan"],
)
def test_a_dead_link_and_an_orphan_fail_the_build(
    tmp_path: Path, second: str, extra: dict[str, str], warnings: tuple[str, ...]
) -> None:
    index = INDEX.replace("- [Code](../code.md)\n", "")
    pages = write(tmp_path, index=index, first="# First\n", notes__second=second, **extra)
    # In a process of its own: Sphinx changes global state, and warns of the deprecations of its extensions.
    build = "import sys; from pathlib import Path; from documentation.site import build_site; "
    build += "sys.exit(build_site(*map(Path, sys.argv[1:])))"
    command = [sys.executable, "-c", build, str(tmp_path / "site"), str(pages)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not warnings), done.stderr
    assert all(warning in done.stderr for warning in warnings)
    if done.returncode == 0:
        assert 'href="notes/second.html"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
