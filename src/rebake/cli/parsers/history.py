"""The arguments of ``rebake history``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_format

EXAMPLES = (
    "rebake history                           # of the repository that this clone is from",
    "rebake history --repository acme/bot --format json",
)


def add(commands: Commands) -> None:
    """Add the command."""
    summary = "show how good the models of a repository were, from what the action keeps on GitHub"
    parser = add_command(commands, "history", summary, examples=EXAMPLES)
    add = parser.add_argument
    repository = (
        "repository on GitHub (default: the remote called origin); the variable GITHUB_TOKEN has the token, which a\n"
        "private one needs"
    )
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)
    add("--name", metavar="NAME", default="", help="assistant, where there are several: its directory, or input name")
    tag = "release that the action keeps it in (default: %(default)s)"
    add("--store-tag", metavar="TAG", default="rebake-models", help=tag)
    add_format(add, "text", "json")
