"""The arguments of ``rebake plan``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_env, add_format

EXAMPLES = (
    "rebake plan                            # every assistant below this directory",
    "rebake plan bots/pizza --format json   # the parts to train, for strategy.matrix on GitHub",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "plan", "list the stale parts of all assistants", examples=EXAMPLES)
    found = "directories of assistants (default: all below this one that have a configuration and data)"
    parser.add_argument("directory", metavar="DIR", nargs="*", help=found)
    out = "directory of models, relative to each assistant's directory (default: %(default)s)"
    parser.add_argument("--out", metavar="DIR", default="models", help=out)
    add_env(parser.add_argument)
    add_format(parser.add_argument, "text", "json")
    same = "the same as --format json"
    parser.add_argument("--json", dest="format", action="store_const", const="json", help=same)
