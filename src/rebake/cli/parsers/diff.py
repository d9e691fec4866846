"""The arguments of ``rebake diff``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_format, add_project

EXAMPLES = (
    "rebake diff                      # what you have not committed yet",
    "rebake diff main...HEAD          # what this branch changes",
    "rebake diff v1.0..v1.1 --format markdown",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "diff",
        "show what differs between two states of the assistant, in the words of its domain",
        examples=EXAMPLES,
    )
    revisions = (
        "BASE..HEAD compares two commits; BASE...HEAD compares HEAD with the commit where it left BASE, as a pull\n"
        "request does; BASE alone compares the working directory with it (default: %(default)s)"
    )
    parser.add_argument("revisions", metavar="BASE[..HEAD]", nargs="?", default="HEAD", help=revisions)
    add_project(parser)
    add_format(parser.add_argument_group("output").add_argument, "text", "markdown", "json")
