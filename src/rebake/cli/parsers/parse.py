"""The arguments of ``rebake parse``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_format, add_trained_model

EXAMPLES = (
    'rebake parse "a flat white to go" "hello"',
    "rebake parse --model models/bot.tar.gz --format json < texts.txt",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "parse", "parse texts with a trained model", examples=EXAMPLES)
    texts = "text to parse (default: texts from standard input, one per line)"
    parser.add_argument("text", metavar="TEXT", nargs="*", help=texts)
    add_trained_model(parser.add_argument_group("the model").add_argument)
    add_format(parser.add_argument_group("output").add_argument, "text", "json")
