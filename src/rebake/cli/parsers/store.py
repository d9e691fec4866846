"""The arguments of ``rebake store``."""

from __future__ import annotations

from rebake.cli import numbers
from rebake.cli.options import Commands, Parser, add_command, add_format

EXAMPLES = (
    "rebake store list --repository acme/bot",
    "rebake store list --store oci://ghcr.io/acme/bot",
    "rebake store prune --repository acme/bot --unused-for 90         # list what would be removed",
    "rebake store prune --repository acme/bot --unused-for 90 --yes   # remove it",
    "rebake store prune --store s3://bucket/bot --repository acme/bot --yes",
    "rebake store verify --repository acme/bot --verify-key KEY",
    "rebake store verify --model bot-v1.0.tar.gz --verify-key KEY",
    "rebake store keygen signing-key.pem                              # make a key that signs parts",
)
STORE_TAG = "rebake-models"
FOUND = {"0": "every part is complete, and signed if --verify-key is given", "1": "some are not"}


def add(commands: Commands) -> None:
    """Add the command with its actions."""
    summary = "list, prune or verify a store of trained parts"
    parser = add_command(commands, "store", summary, examples=EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_prune(actions)
    _add_verify(actions)
    _add_keygen(actions)


def _add_list(actions: Commands) -> None:
    summary = "list the parts in the store, and when each was last used"
    parser = add_command(actions, "list", summary, examples=EXAMPLES[:2])
    _add_repository(parser)


def _add_prune(actions: Commands) -> None:
    summary = "remove parts that were not used for a long time and that no model and no pull request needs"
    parser = add_command(actions, "prune", summary, examples=EXAMPLES[2:5])
    _add_repository(parser)
    days = "remove parts that were last used more than N days ago (default: %(default)s)"
    parser.add_argument("--unused-for", metavar="N", type=numbers.positive, default=90, help=days)
    parser.add_argument("--yes", action="store_true", help="remove them (default: only list them)")


def _add_verify(actions: Commands) -> None:
    summary = "download every part and verify its files and its signature; or verify a released model"
    parser = add_command(actions, "verify", summary, examples=EXAMPLES[5:7], exit_codes=FOUND)
    _add_repository(parser)
    model = "verify this model with the signed provenance next to it, instead of a store"
    parser.add_argument("--model", metavar="PATH", help=model)
    key = "public key in base64, or a file with keys, one of which must have signed; may be repeated"
    parser.add_argument("--verify-key", metavar="KEY", action="append", default=[], help=key)


def _add_keygen(actions: Commands) -> None:
    summary = "make a key that signs parts: write the private key to FILE, and print the public key"
    parser = add_command(actions, "keygen", summary, examples=EXAMPLES[7:])
    parser.add_argument("file", metavar="FILE", help="file for the private key; it must not exist yet")


def _add_repository(parser: Parser) -> None:
    add = parser.add_argument_group("the store").add_argument
    store = "store elsewhere: a URL as of `rebake train --store`, or a directory (default: the repository's releases)"
    add("--store", metavar="URL", help=store)
    repository = (
        "repository on GitHub (default: the one of the remote origin); `prune --yes` of a store elsewhere needs it,\n"
        "as what this repository uses stays; the environment variable GITHUB_TOKEN has the token"
    )
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)
    tag = "tag of the prerelease that is the store (default: %(default)s)"
    add("--store-tag", metavar="TAG", default=STORE_TAG, help=tag)
    add_format(add, "text", "json")
