"""Every link between Markdown files leads somewhere on GitHub; the build of the site checks the same for the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from documentation.links import Link, anchors, links, markdown_files, problem
from documentation.repository import ROOT, WEB


@pytest.mark.parametrize("file", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(file: Path) -> None:
    assert [f"{link.line}: {problem(link)}" for link in links(file) if problem(link)] == []


def test_readme_has_no_relative_link_since_the_package_index_shows_it_too() -> None:
    targets = [link.target for link in links(ROOT / "README.md")]
    assert targets
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("docs/index.md", None),
        ("docs/index.md#reference", None),
        ("docs", None),
        ("https://example.org/missing.md", None),
        (f"{WEB}/blob/main/docs/index.md#reference", None),
        ("docs/missing.md", "docs/missing.md is not there"),
        (f"{WEB}/blob/main/docs/missing.md", f"{WEB}/blob/main/docs/missing.md is not there"),
        ("docs/index.md#missing", "docs/index.md has no heading for #missing"),
        (f"{WEB}/blob/main/docs/index.md#missing", "docs/index.md has no heading for #missing"),
        ("../outside.md", "../outside.md is not there"),
    ],
)
def test_a_dead_link_is_found(target: str, found: str | None) -> None:
    assert problem(Link(ROOT / "README.md", 1, target)) == found


def test_links_in_code_do_not_count_and_headings_are_named_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# What changed: `rebake diff`\n\n[a](b.md) `[c](d)`\n\n```text\n[e](f)\n```\n\n<img src="g.png">\n\n'
        "## Twice\n\n## Twice\n",
        encoding="utf-8",
    )
    assert [(link.line, link.target) for link in links(page)] == [(3, "b.md"), (9, "g.png")]
    assert anchors(page) == {"what-changed-rebake-diff", "twice", "twice-1"}
