"""The arguments of ``rebake migrate``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_files

EXAMPLES = (
    "rebake migrate           # show the diff",
    "rebake migrate --write   # change the files",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "migrate",
        "show how the files of a Rasa 2 project change for Rasa 3, or change them",
        examples=EXAMPLES,
        exit_codes={
            "0": "there is nothing to migrate, or everything was written",
            "1": "without --write: files would change",
        },
    )
    add_files(parser)
    add = parser.add_argument_group("changes").add_argument
    add("--write", action="store_true", help="change the files (default: print the diff and write nothing)")
