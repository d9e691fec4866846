"""The arguments of ``rebake check``."""

from __future__ import annotations

from rebake.cli.options import VERDICTS, Commands, add_command, add_comparison, add_project, add_report, add_training

EXAMPLES = (
    "rebake check",
    "rebake check --explain                   # component by component",
    "rebake check -c bot/config.yml -d bot/domain.yml --data bot/data --out bot/models",
    "rebake check --model production.tar.gz   # compare with this model",
    "rebake check --format json | jq .code",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "check",
        "report which parts of the model are stale, and why",
        examples=EXAMPLES,
        exit_codes=VERDICTS,
    )
    add_project(parser)
    add_comparison(parser)
    add_training(parser)
    add = add_report(parser)
    explain = "explain the verdict: what changed, and where, component by component"
    add("--explain", action="store_true", help=explain)
