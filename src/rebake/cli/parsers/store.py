"""The arguments of ``rebake store``."""

from __future__ import annotations

from rebake.cli import numbers
from rebake.cli.options import Commands, Parser, add_command, add_format

EXAMPLES = (
    "rebake store list --repository acme/bot",
    "rebake store prune --repository acme/bot --unused-for 90         # only says what would go",
    "rebake store prune --repository acme/bot --unused-for 90 --yes   # removes it",
    "rebake store verify --repository acme/bot --verify-key KEY",
    "rebake store verify --model bot-v1.0.tar.gz --verify-key KEY",
    "rebake store keygen signing-key.pem                              # makes a key that signs parts",
)
FOUND = {"0": "every part is whole, and signed where --verify-key is given", "1": "some are not"}


def add(commands: Commands) -> None:
    """Add the command with its actions."""
    summary = "look after the store of trained parts in a repository's releases"
    parser = add_command(commands, "store", summary, examples=EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_prune(actions)
    _add_verify(actions)
    _add_keygen(actions)


def _add_list(actions: Commands) -> None:
    summary = "list what the store keeps, and when it was last used"
    parser = add_command(actions, "list", summary, examples=EXAMPLES[:1])
    _add_repository(parser)


def _add_prune(actions: Commands) -> None:
    summary = "remove what was not used for long, and what neither a model nor a pull request needs"
    parser = add_command(actions, "prune", summary, examples=EXAMPLES[1:3])
    _add_repository(parser)
    days = "remove what was last used more than N days ago (default: %(default)s)"
    parser.add_argument("--unused-for", metavar="N", type=numbers.positive, default=90, help=days)
    parser.add_argument("--yes", action="store_true", help="remove it (default: only say what would go)")


def _add_verify(actions: Commands) -> None:
    summary = "download every part and check it: its files, and its signature; or check a released model"
    parser = add_command(actions, "verify", summary, examples=EXAMPLES[3:5], exit_codes=FOUND)
    _add_repository(parser)
    model = "check this model by the signed provenance beside it, instead of a store"
    parser.add_argument("--model", metavar="PATH", help=model)
    key = "public key that must have signed, in base64, or a file with keys; may be repeated"
    parser.add_argument("--verify-key", metavar="KEY", action="append", default=[], help=key)


def _add_keygen(actions: Commands) -> None:
    summary = "make a key that signs parts: write the private key to FILE, and print the public key"
    parser = add_command(actions, "keygen", summary, examples=EXAMPLES[5:])
    parser.add_argument("file", metavar="FILE", help="file of the private key, which must not exist")


def _add_repository(parser: Parser) -> None:
    add = parser.add_argument_group("the store").add_argument
    repository = "repository on GitHub (default: the remote called origin); the variable GITHUB_TOKEN has the token"
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)
    tag = "tag of the prerelease that is the store (default: %(default)s)"
    add("--store-tag", metavar="TAG", default="rebake-models", help=tag)
    add_format(add, "text", "json")
