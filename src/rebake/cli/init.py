"""``rebake init``: the workflow goes to stdout and into the repository, what was found to stderr."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path

from rebake.assistant.discovery import FoundAssistant, find_assistants
from rebake.base.files import write_output
from rebake.base.visible import one_line
from rebake.cli.console import say
from rebake.cli.workflow import DEFAULTS, workflow_text
from rebake.errors import DataError, StorageError, UsageError
from rebake.staleness.git.trees import History

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def init(options: argparse.Namespace) -> int:
    """Write the workflow, unless another one is there."""
    if not _REF.fullmatch(options.ref):
        raise UsageError(f"--ref: '{options.ref}' is not a commit, tag or branch.", fix="Name one, such as v0.")
    with History(Path.cwd()) as history:
        root, branch = history.root, history.default_branch() or "main"
        assistants = find_assistants(root, history.files())
    if not assistants:
        raise DataError(
            f"There is no assistant in {root}: no config.yml with training data or a domain beside it.",
            fix="Run the command in the repository of your assistant.",
        )
    for assistant in assistants:
        say(_found(root, assistant))
    say(f"Default branch: {one_line(branch)}.")
    text = workflow_text(assistants, branch, options.ref)
    path = root / options.out
    old = _content(path)
    if old is not None and old != text and not options.force and not options.dry_run:
        say("".join(difflib.unified_diff(old.splitlines(True), text.splitlines(True), "there", "new")))
        raise StorageError(f"{path} already exists and is different.", fix="Use --force to replace it.")
    if old == text and not options.dry_run:
        say(f"{path} is up to date.")
        return 0
    print(text, end="")
    if options.dry_run:
        return 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, text)
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error
    say(f"Written: {path}. Commit it, and require the status rebake/model in the rules of {one_line(branch)}.")
    return 0


def _found(root: Path, assistant: FoundAssistant) -> str:
    default = DEFAULTS["test-stories"]
    places = assistant.tests or ((default,) if (root / assistant.directory / default).is_dir() else ())
    tests = f", test stories in {', '.join(places)}" if places else ""
    domain = assistant.domain or "no domain"
    parts = f"{assistant.config}, {domain}, {', '.join(assistant.data)}{tests}"
    return one_line(f"Assistant in {assistant.directory}: {parts}.")


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror or error}).") from error
