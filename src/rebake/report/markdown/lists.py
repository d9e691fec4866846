"""Lists that can be cut, folded sections and links of GitHub Markdown.

A run may have ten thousands of warnings, of which a comment shows a few hundred. So nothing is escaped before it is
shown: the work is in proportion to what is shown, not to what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

LIST_LENGTHS = (0, 3, 10, 30, 100, 250, 500, 1000, 2000)  # how long lists may be; the longest that fits is taken

_T = TypeVar("_T")


def fit(render: Callable[[int], str], limit: int) -> str:
    """The longest rendering of at most ``limit`` UTF-8 bytes; ``render`` takes the greatest length of a list.

    Lengths grow, so that the work is at most a few times that of what is shown.
    """
    best: str | None = None
    for length in LIST_LENGTHS:
        text = render(length)
        if len(text.encode()) > limit:
            break
        if text == best:  # no list is longer
            return text
        best = text
    return best if best is not None else text.encode()[: limit - 4].decode(errors="ignore") + "\n…"


class Listing(Generic[_T]):
    """A list of which more and more is shown; each entry is rendered when it is first shown, and once."""

    def __init__(self, entries: Sequence[_T], render: Callable[[_T], str]) -> None:
        self.count = len(entries)
        self._rest = map(render, entries)
        self._lines: list[str] = []

    def render(self, length: int) -> str:
        """The first entries, and how many there are besides."""
        self._lines += (f"- {text}" for text in islice(self._rest, max(length - len(self._lines), 0)))
        shown = self._lines[:length]
        if self.count > length:
            shown.append(f"- … and {self.count - length:,} more" if length else f"- {self.count:,} in all")
        return "\n".join(shown)


def details(title: str, content: str) -> str:
    """A folded section; "" without content."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""


def link(url: str) -> str:
    """A URL that cannot leave the parentheses of a Markdown link."""
    return "".join(_percent(url))


def _percent(url: str) -> Iterable[str]:
    for character in url:
        yield f"%{ord(character):02X}" if character in " ()<>\"'\\`\n\r" else character
