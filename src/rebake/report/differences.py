"""Differences between two states of an assistant as text, as Markdown with links, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from rebake.base.location import Location
from rebake.base.visible import one_line
from rebake.differences.model import Clause, Difference, Link, Side
from rebake.report.escaping import escape

FORMAT = 1  # of the JSON
NOTHING = "There is no difference in what the assistant learns or says."
MAX_LINES = 5  # that one clause has in text and Markdown; JSON has all
MAX_CLAUSES = 20  # of one entry in Markdown: a comment that a single story fills would show nothing else


def permalinks(repository: str, below: str, commits: dict[Side, str | None]) -> Link:
    """Return what makes the address of a line at a commit.

    Args:
        repository: its address on the web.
        below: where in the repository the locations' paths begin; "" at its root.
        commits: of both sides; None for one that is no commit.
    """

    def link(location: Location, side: Side) -> str | None:
        commit = commits[side]
        if commit is None or location.file.startswith(("/", "..")):
            return None
        path = f"{below}/{location.file}" if below not in ("", ".") else location.file
        return f"{repository}/blob/{commit}/{quote(path, errors='surrogateescape')}#L{location.line}"

    return link


def differences_text(differences: Sequence[Difference]) -> str:
    """For a terminal: a line for each clause, and below it the first of what it counts."""
    lines: list[str] = []
    for difference in differences:
        for clause in difference.clauses:
            where = " in the base" if clause.side == "base" else ""
            place = f"  ({one_line(str(clause.location))}{where})" if clause.location is not None else ""
            lines.append(one_line(f"{difference.subject}: {clause.text}") + place)
            lines += (f"    {one_line(line)}" for line in _first(clause))
    return "\n".join(lines) if lines else NOTHING


def differences_markdown(differences: Sequence[Difference], link: Link | None = None) -> str:
    """For a comment: a list with one entry for each thing that differs."""
    if not differences:
        return NOTHING
    return "\n".join(f"- {entry_markdown(difference, link)}" for difference in differences)


def entry_markdown(difference: Difference, link: Link | None) -> str:
    """One entry of a list, without the mark in front; what belongs to it is a list below it."""
    subject = f"**{escape(difference.subject)}**:"
    if len(difference.clauses) == 1:
        (clause,) = difference.clauses
        lines = [f"{subject} {_linked(clause, link)}", *(f"  - {escape(line)}" for line in _first(clause))]
        return "\n".join(lines)
    lines = [subject]
    for clause in difference.clauses[:MAX_CLAUSES]:
        lines.append(f"  - {_linked(clause, link)}")
        lines += (f"    - {escape(line)}" for line in _first(clause))
    if (more := len(difference.clauses) - MAX_CLAUSES) > 0:
        lines.append(f"  - and {more:,} more")
    return "\n".join(lines)


def _linked(clause: Clause, link: Link | None) -> str:
    address = link(clause.location, clause.side) if link is not None and clause.location is not None else None
    return f"[{escape(clause.text)}]({address})" if address else escape(clause.text)


def _first(clause: Clause) -> Iterator[str]:
    yield from clause.lines[:MAX_LINES]
    if len(clause.lines) > MAX_LINES:
        yield f"and {len(clause.lines) - MAX_LINES:,} more"


def differences_json(differences: Sequence[Difference], link: Link | None = None) -> dict[str, Any]:
    """Return everything as values of JSON."""
    return {"format": FORMAT, "differences": [difference_json(difference, link) for difference in differences]}


def difference_json(difference: Difference, link: Link | None) -> dict[str, Any]:
    """One of them."""
    return {
        "kind": difference.kind,
        "name": difference.name,
        "clauses": [_clause_as_json(clause, link) for clause in difference.clauses],
    }


def _clause_as_json(clause: Clause, link: Link | None) -> dict[str, Any]:
    place = clause.location
    return {
        "text": clause.text,
        "side": clause.side,
        "file": place.file if place is not None else None,
        "line": place.line if place is not None else None,
        "url": link(place, clause.side) if link is not None and place is not None else None,
        "lines": list(clause.lines),
    }
