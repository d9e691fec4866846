"""The arguments of ``rebake init``."""

from __future__ import annotations

from rebake.cli.options import Commands, add_command
from rebake.cli.workflow import DEFAULT_REF

EXAMPLES = (
    "rebake init                # write .github/workflows/model.yml for the assistants of this repository",
    "rebake init --dry-run      # print it and write nothing",
    "rebake init --force        # replace an existing one",
)
WORKFLOW = ".github/workflows/model.yml"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "init",
        "write the GitHub workflow that keeps the models of this repository up to date",
        examples=EXAMPLES,
    )
    add = parser.add_argument_group("the workflow").add_argument
    out = f"file to write, relative to the root of the repository (default: {WORKFLOW})"
    add("--out", metavar="FILE", default=WORKFLOW, help=out)
    ref = "commit, tag or branch of the action (default: %(default)s)"
    add("--ref", metavar="REF", default=DEFAULT_REF, help=ref)
    add("--dry-run", action="store_true", help="print the workflow and write nothing")
    add("--force", action="store_true", help="replace an existing file")
