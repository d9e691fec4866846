"""The arguments of ``rebake split``."""

from __future__ import annotations

from rebake.cli import numbers
from rebake.cli.options import Commands, add_command, add_env

EXAMPLES = (
    "rebake split",
    "rebake split --nlu data/nlu.yml --training-fraction 0.9 --out split",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands, "split", "split NLU data into a part to train on and a part to test on", examples=EXAMPLES
    )
    add = parser.add_argument_group("the split").add_argument
    nlu = "files and directories with NLU examples (default: data)"
    add("--nlu", "-u", metavar="PATH", nargs="+", action="extend", help=nlu)
    fraction = "fraction of the examples to train on, between 0 and 1 (default: %(default)s)"
    add("--training-fraction", metavar="F", type=numbers.fraction, default=0.8, help=fraction)
    seed = "seed that decides which examples go where (default: %(default)s)"
    add("--random-seed", metavar="N", type=numbers.count, default=42, help=seed)
    add("--out", metavar="DIR", default="train_test_split", help="directory to write to (default: %(default)s)")
    add_env(add)
