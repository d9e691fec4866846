"""The links of the repository's Markdown files, by the rules of GitHub's view of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from documentation.repository import ROOT, WEB

_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Link:
    """A link or picture of a Markdown file."""

    file: Path
    line: int
    target: str


def markdown_files() -> list[Path]:
    """Every Markdown file that git tracks, or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in sorted({ROOT / name for name in listed.stdout.split("\0") if name}) if path.exists()]


def links(file: Path) -> Iterator[Link]:
    """Yield the links and pictures of a file; what stands in code is none."""
    for token in _tokens(file):
        line = token.map[0] + 1 if token.map else 1
        for child in (token, *(token.children or ())):
            target = child.attrGet("href") or child.attrGet("src")
            if target is not None:
                yield Link(file, line, unquote(str(target)))
            if child.type in {"html_inline", "html_block"}:
                for found in re.findall(r"\s(?:src|srcset|href)=\"([^\"]+)\"", child.content):
                    yield Link(file, line, found)


@cache
def anchors(file: Path) -> frozenset[str]:
    """The anchors of a file's headings, as GitHub names them, and those that its HTML names."""
    tokens = _tokens(file)
    found: list[str] = []
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            name = _slug(token)
            same = sum(1 for other in found if re.fullmatch(rf"{re.escape(name)}(-\d+)?", other))
            found.append(f"{name}-{same}" if name in found else name)
        if token.type == "html_block":
            found += re.findall(r"\s(?:id|name)=\"([^\"]+)\"", token.content)
    return frozenset(found)


def problem(link: Link) -> str | None:
    """What is wrong with a link, or None. Links to other sites are not followed."""
    target = link.target
    if target.startswith(f"{WEB}/"):  # README has such links, since the package index shows it without the repository
        inside = re.fullmatch(r"/(?:blob|tree|raw)/main/([^#]*)(#.*)?", target.removeprefix(WEB))
        if inside is None:
            return None
        path, anchor = ROOT / inside[1], (inside[2] or "").lstrip("#")
    else:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            return None
        path = (link.file.parent / parts.path).resolve() if parts.path else link.file
        anchor = parts.fragment
    if not path.is_relative_to(ROOT) or not path.exists():
        return f"{target} is not there"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"{path.relative_to(ROOT)} has no heading for #{anchor}"
    return None


@cache
def _tokens(file: Path) -> list[Token]:
    return _PARSER.parse(file.read_text(encoding="utf-8"))


def _slug(heading: Token) -> str:
    text = "".join(child.content for child in heading.children or () if child.type in {"text", "code_inline"})
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
