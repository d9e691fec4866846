"""``rebake migrate``: the diff goes to stdout, messages to stderr; files change with ``--write`` alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rebake.base.visible import visible
from rebake.cli.console import print_notices, say, use_color
from rebake.cli.files import DEFAULT_CONFIG, DEFAULT_DATA, files_of, require_assistant
from rebake.migration.project import migrate_project, write_files

WOULD_CHANGE = 1  # as of `diff`
_COLORS = {"+": "32", "-": "31", "@": "36"}


def migrate(options: argparse.Namespace) -> int:
    """Print the diff, and write the files if that is asked for; return 1 if files would change."""
    require_assistant(options)
    domain, data = files_of(options)
    if options.data is None and not Path(DEFAULT_DATA).exists():
        data = []
    config = options.config if options.config != DEFAULT_CONFIG or Path(DEFAULT_CONFIG).exists() else None
    migration = migrate_project(config, domain, data)
    print_notices(migration.notices)
    if options.write:  # first, so that the files change too where nobody reads the diff to its end
        write_files(migration.files)
    for file in migration.files:
        _print_diff(file.diff())
    count = len(migration.files)
    files = f"{count} file{'' if count == 1 else 's'}"
    if not count:
        say("Nothing to migrate.")
        return 0
    if not options.write:
        say(f"{files} would change. Run the command with --write to change them.")
        return WOULD_CHANGE
    say(f"{files} changed.")
    return 0


def _print_diff(diff: str) -> None:
    """Print the diff byte by byte for a program that applies it; for a terminal, without what moves its cursor."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(diff.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
        return
    colored = use_color(sys.stdout)
    for line in diff.removesuffix("\n").split("\n"):
        text = visible(line.removesuffix("\r").expandtabs())
        color = _COLORS.get(line[:1]) if colored else None
        print(f"\x1b[{color}m{text}\x1b[0m" if color else text)
