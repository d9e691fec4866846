"""The arguments of ``rebake parse``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command

EXAMPLES = (
    'rebake parse models "a flat white to go"',
    "rebake parse models/bot.tar.gz - < texts.txt",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands, "parse", "parse texts with a trained model: one JSON object per line", examples=EXAMPLES
    )
    parser.add_argument("model", metavar="MODEL", help="model archive (.tar.gz), or a directory: its newest model")
    texts = "text to parse; `-`: read texts from standard input, one per line"
    parser.add_argument("text", metavar="TEXT", nargs="+", help=texts)
