"""The arguments of ``rebake history``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_format

EXAMPLES = (
    "rebake history                           # the repository that this clone is of",
    "rebake history --repository acme/bot --format json",
)


def add(commands: Commands) -> None:
    """Add the command."""
    summary = "show how good the models of a repository were, as the action recorded it"
    parser = add_command(commands, "history", summary, examples=EXAMPLES)
    add = parser.add_argument
    repository = (
        "repository on GitHub (default: the one of the remote origin); a private repository needs a token in the\n"
        "environment variable GITHUB_TOKEN"
    )
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)
    add(
        "--name",
        metavar="NAME",
        default="",
        help="which assistant, if there are several: its directory or its input `name`",
    )
    tag = "release in which the action keeps the history (default: %(default)s)"
    add("--store-tag", metavar="TAG", default="rebake-models", help=tag)
    add_format(add, "text", "json")
