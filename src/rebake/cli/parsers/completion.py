"""The arguments of ``rebake completion``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command

SHELLS = ("bash", "zsh", "fish")
EXAMPLES = (
    'eval "$(rebake completion bash)"                                  # in ~/.bashrc',
    'eval "$(rebake completion zsh)"                                   # in ~/.zshrc, after compinit',
    "rebake completion fish > ~/.config/fish/completions/rebake.fish",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands, "completion", "print a script that completes commands and options in a shell", examples=EXAMPLES
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
