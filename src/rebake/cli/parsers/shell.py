"""The arguments of ``rebake shell``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command, add_format, add_trained_model

EXAMPLES = (
    "rebake shell                       # the newest model; press Ctrl-D to end",
    "rebake shell --model bot.tar.gz",
    "rebake shell < conversation.txt    # a text or /intent{...} per line",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "shell", "talk to a trained model in the terminal", examples=EXAMPLES)
    add_trained_model(parser.add_argument_group("the model").add_argument)
    add_format(parser.add_argument_group("output").add_argument, "text", "json")
