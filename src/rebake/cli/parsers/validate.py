"""The arguments of ``rebake validate``."""

from __future__ import annotations

from rebake.cli import numbers
from rebake.cli.options import Commands, add_command, add_format, add_project

EXAMPLES = (
    "rebake validate",
    "rebake validate --fail-on warning",
    "rebake validate --ignore unused-intent --format sarif > findings.sarif",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "validate",
        "find mistakes in the assistant's files, without training",
        examples=EXAMPLES,
        exit_codes={"0": "no finding is as severe as --fail-on", "1": "at least one finding is as severe"},
    )
    add = add_project(parser)
    tests = "files and directories with test stories and NLU test data (default: tests, if it exists)"
    add("--tests", metavar="PATH", nargs="+", action="extend", help=tests)
    add = parser.add_argument_group("findings").add_argument
    history = "number of turns before an action that are compared to find conflicting stories (default: all)"
    add("--max-history", metavar="N", type=numbers.positive, help=history)
    examples = "minimum number of examples per intent (default: %(default)s)"
    add("--min-examples", metavar="N", type=numbers.positive, default=2, help=examples)
    ignore = "do not report findings with this code; may be repeated"
    add("--ignore", metavar="CODE", action="append", default=[], help=ignore)
    fail = "exit with 1 if there is a finding of this severity or worse: error, warning (default: %(default)s)"
    add("--fail-on", metavar="SEVERITY", choices=["error", "warning"], default="error", help=fail)
    level = "print findings of this severity or worse: error, warning, info (default: %(default)s)"
    add("--level", metavar="SEVERITY", choices=["error", "warning", "info"], default="warning", help=level)
    add_format(add, "text", "json", "sarif")
