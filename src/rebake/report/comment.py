"""The pull-request comment: the report behind a hidden marker, by which the next run finds and updates it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from rebake.report.escaping import escape
from rebake.report.markdown.body import Body
from rebake.report.markdown.lists import fit
from rebake.report.model import Report

LIMIT = 65_000  # bytes; GitHub takes 65,536 characters


def marker(name: str) -> str:
    """The hidden first line of the comment about the assistant ``name`` ("" where a repository has one).

    Different names have different markers. A name that an HTML comment cannot contain as it is, is written in
    percent-encoding, where ``--`` cannot occur.
    """
    key = name if re.fullmatch(r"[A-Za-z0-9_./]+(-[A-Za-z0-9_./]+)*", name) else quote(name).replace("-", "%2D")
    return f"<!-- rebake:model {key or '.'} -->"


def earlier_marker(name: str) -> str:
    """What versions before 0.2 wrote as the first line; several names could share one."""
    key = re.sub(r"[^A-Za-z0-9_./]+|-+", "-", name)
    return f"<!-- rebake:model {key or '.'} -->"


def earlier_start(name: str) -> tuple[str, str]:
    """The first two lines of a comment of versions before 0.2: only both together name the assistant."""
    return earlier_marker(name), f"### rebake{': ' + escape(name) if name else ''}"


def render_joint_comment(reports: Sequence[Report], limit: int = LIMIT) -> str:
    """One comment for several assistants, at most ``limit`` bytes; each gets the same share of it."""
    first, between = "<!-- rebake:models -->", "\n\n---\n\n"
    share = (limit - len(first) - 1) // len(reports) - len(between)
    return f"{first}\n{between.join(fit(Body(report).render, share) for report in reports)}"


def render_comment(report: Report, limit: int = LIMIT) -> str:
    """The comment's Markdown, marker first, at most ``limit`` bytes."""
    first = marker(report.name)
    return f"{first}\n{fit(Body(report).render, limit - len(first) - 1)}"
