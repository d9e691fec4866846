"""The parser of the command line; README lists its options, and a test compares the two."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rebake.base.version import __version__
from rebake.cli.completion import answer_shell
from rebake.cli.options import Parser, add_messages
from rebake.cli.parsers import (
    check,
    completion,
    diff,
    history,
    init,
    migrate,
    parse,
    plan,
    pull,
    shell,
    split,
    store,
    test,
    train,
    validate,
)
from rebake.errors import EXIT_USAGE

# In the order of --help.
COMMANDS = (
    *(init, check, train, pull, plan, validate, parse, shell),
    *(test, split, diff, migrate, store, history, completion),
)
DESCRIPTION = "Keep the trained model of a Rasa assistant fresh."
EPILOG = "`rebake COMMAND --help` explains a command and shows examples.\n"


def build_parser() -> Parser:
    """Build the parser of all commands."""
    parser = Parser(prog="rebake", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"rebake {__version__}", help="print the version")
    add_messages(parser, is_outermost=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        command.add(commands)
    for command_parser in parser.commands.values():
        _add_messages_below(command_parser)
    return parser


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments, by default those of the process; a usage error exits with 64."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = build_parser()
    answer_shell(parser)
    parser.refuse_unknown_options(given)
    options, unknown = parser.parse_known_args(given)
    if unknown:
        parser.commands.get(options.command, parser).error(f"unexpected argument '{unknown[0]}'.")
    if options.command is None:
        parser.print_help(sys.stderr)
        raise SystemExit(EXIT_USAGE)
    return options


def _add_messages_below(parser: Parser) -> None:
    if parser.commands:
        for inner in parser.commands.values():
            _add_messages_below(inner)
    else:
        add_messages(parser)
