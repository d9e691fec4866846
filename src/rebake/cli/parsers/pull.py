"""The arguments of ``rebake pull``."""

from __future__ import annotations

from rebake.cli import numbers
from rebake.cli.options import Commands, add_command, add_format, add_project

EXAMPLES = (
    "rebake pull                      # the model of the files in the working directory",
    "rebake pull main                 # of the last commit on main",
    "rebake pull v1.0                 # the model on the release of the tag v1.0",
    "rebake pull v1.0 --repository acme/bot --verify-key key.pub",
    "rebake pull --store s3://bucket/bot",
)


def add(commands: Commands) -> None:
    """Add the command."""
    summary = "get a model that CI has trained, without training"
    parser = add_command(commands, "pull", summary, examples=EXAMPLES, exit_codes={"0": "the model is in --out"})
    ref = (
        "a tag, to download the model of its release; or a commit or branch of this clone, to assemble its model\n"
        "from the parts in the store (default: the files in the working directory)"
    )
    parser.add_argument("ref", metavar="REF", nargs="?", help=ref)
    add = add_project(parser)
    augmentation = "number of longer stories that the training generates by concatenating others (default: 50)"
    add("--augmentation", metavar="N", type=numbers.count, help=augmentation)
    add = parser.add_argument_group("models").add_argument
    add("--out", metavar="DIR", default="models", help="directory of models (default: %(default)s)")
    store = (
        "store of trained parts: an s3://, gs:// or abfs:// URL, oci://ghcr.io/owner/name, github://owner/name (its\n"
        "releases), or a directory (default: the releases of the repository)"
    )
    add("--store", metavar="URL", help=store)
    repository = (
        "repository on GitHub (default: the one of the remote origin); a private repository needs a token in the\n"
        "environment variable GITHUB_TOKEN"
    )
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)
    name = "which assistant, if the release has several: its directory or its input `name` (default: its directory)"
    add("--name", metavar="NAME", help=name)
    key = (
        "public key in base64, or a file with keys: take only a released model or parts that one of them signed, and\n"
        "no parts of other models in --out; may be repeated"
    )
    add("--verify-key", metavar="KEY", action="append", default=[], help=key)
    add_format(parser.add_argument_group("output").add_argument, "text", "json")
