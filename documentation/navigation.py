"""The navigation of the site: the lists of links in docs/index.md, section by section.

On GitHub the page is an ordinary list of links. Sphinx wants directives, so they are made of the same list, and a page
that is not in it is an orphan, which fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINK = re.compile(r"^\s*[-*] \[[^\]]+\]\(([^):#]+)\.md\)", re.MULTILINE)


def sections(index: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the heading of each section and the pages that its list links to, without ``.md``."""
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        # Links that lead out of docs/ are to GitHub's view of the file, so they are no pages of the site.
        pages = tuple(page for page in _LINK.findall(text) if not page.startswith("../"))
        if pages:
            yield heading.strip(), pages


def with_navigation(index: str) -> str:
    """The page with one hidden table of contents for each section."""
    trees = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```"])
        for heading, pages in sections(index)
    ]
    return "\n\n".join([index.rstrip(), *trees]) + "\n"
