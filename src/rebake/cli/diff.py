"""``rebake diff``: what differs between two states of the assistant, in the words of its domain."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.json_text import dumped
from rebake.cli.files import files_of
from rebake.cli.revisions import at_revision, require_in_work_tree
from rebake.differences.assistants import compare_assistants
from rebake.differences.model import Link
from rebake.errors import DataError, RebakeError
from rebake.report.differences import differences_json, differences_markdown, differences_text, permalinks
from rebake.staleness.git.trees import History, Revision

_RANGE = re.compile(r"(?P<base>.*?)(?P<dots>\.\.\.?)(?P<head>.*)")


def diff(options: argparse.Namespace) -> int:
    """Print what differs."""
    with History(Path.cwd()) as history:
        require_in_work_tree(history, options)
        base, head = _sides(history, options.revisions)
        with at_revision(history, base):
            before = _load(options, base.name)
        if head is None:
            after = _load(options, "the working directory")
        else:
            with at_revision(history, head):
                after = _load(options, head.name)
        differences = compare_assistants(before, after)
        link = _links(history, base, head)
    match options.format:
        case "json":
            sys.stdout.write(dumped(differences_json(differences, link)))
        case "markdown":
            print(differences_markdown(differences, link))
        case _:
            print(differences_text(differences))
    return 0


def _sides(history: History, revisions: str) -> tuple[Revision, Revision | None]:
    """The two sides of "BASE", "BASE..HEAD" or "BASE...HEAD"; None stands for the working directory."""
    written = _RANGE.fullmatch(revisions)
    if written is None:
        return history.revision(revisions), None
    base, head = (history.revision(written[side] or "HEAD") for side in ("base", "head"))
    return (history.merge_base(base, head) if written["dots"] == "..." else base), head


def _load(options: argparse.Namespace, name: str) -> Assistant:
    domain, data = files_of(options)
    try:
        return load_assistant(options.config, domain, data, env=frozenset(options.env))
    except RebakeError as error:
        raise DataError(f"The assistant at {name} cannot be read. {error}") from error


def _links(history: History, base: Revision, head: Revision | None) -> Link | None:
    """Links where the repository has an address: in a GitHub job, or by the remote called origin."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    address = f"{server}/{name}" if server and name else history.web_address()
    if address is None:
        return None
    return permalinks(
        address, history.below.as_posix(), {"base": base.commit, "head": None if head is None else head.commit}
    )
