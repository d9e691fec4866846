"""The arguments of ``rebake plan``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command

EXAMPLES = (
    "rebake plan                     # every assistant below this directory",
    "rebake plan bots/pizza --json   # a matrix of jobs for GitHub",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "plan", "list the stale parts of all assistants", examples=EXAMPLES)
    found = "directories of assistants (default: those below this one whose config.yml has a pipeline or policies)"
    parser.add_argument("directory", metavar="DIR", nargs="*", help=found)
    parser.add_argument("--json", action="store_true", help="print the parts to train as a matrix for strategy.matrix")
    out = "directory of models in each assistant's (default: %(default)s)"
    parser.add_argument("--out", "-o", metavar="DIR", default="models", help=out)
    env = "allow ${NAME} in the assistants' files to be replaced by the environment's value; may be repeated"
    parser.add_argument("--env", metavar="NAME", action="append", default=[], help=env)
