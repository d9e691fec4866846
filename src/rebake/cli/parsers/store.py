"""The arguments of ``rebake store``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command

EXAMPLES = ("rebake store keygen signing-key.pem   # make a key that signs parts",)


def add(commands: Commands) -> None:
    """Add the command with its actions."""
    summary = "look after the store of trained parts in a repository's releases"
    parser = add_command(commands, "store", summary, examples=EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_keygen(actions)


def _add_keygen(actions: Commands) -> None:
    summary = "make a key that signs parts: write the private key to FILE, and print the public key"
    keygen = add_command(actions, "keygen", summary, examples=EXAMPLES)
    keygen.add_argument("file", metavar="FILE", help="file of the private key, which must not exist")
