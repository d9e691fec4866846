"""The parser of the command line; README lists its options, and a test compares the two."""

from __future__ import annotations

import argparse

from rebake.base.version import __version__
from rebake.cli.options import Parser
from rebake.cli.parsers import check, diff, history, migrate, parse, split, store, test, train, validate

COMMANDS = (check, train, validate, parse, test, split, diff, migrate, store, history)  # in the order of --help
DESCRIPTION = "Keep the trained model of a Rasa assistant fresh."
EPILOG = "`rebake COMMAND --help` explains a command and shows examples.\n"


def build_parser() -> Parser:
    """Build the parser of all commands."""
    parser = Parser(
        prog="rebake", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"rebake {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an internal error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
