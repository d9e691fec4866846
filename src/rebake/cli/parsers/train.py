"""The arguments of ``rebake train``."""

from __future__ import annotations

from rebake.cli.numbers import share
from rebake.cli.options import VERDICTS, Commands, add_command, add_comparison, add_project, add_training

EXAMPLES = (
    "rebake train",
    "rebake train nlu                         # NLU alone",
    "rebake train --dry-run                   # what would be trained",
    "rebake train --finetune --epoch-fraction 0.2",
    "rebake train --out builds --fixed-model-name bot.tar.gz",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "train",
        "train what is stale and write the model",
        examples=EXAMPLES,
        exit_codes={
            "0": "the model is there; with --dry-run: nothing is stale",
            **{code: f"with --dry-run: {meaning}" for code, meaning in VERDICTS.items() if code != "0"},
        },
    )
    parser.add_argument("part", nargs="?", choices=["core", "nlu"], help="train this part alone (default: both)")
    add_project(parser)
    add_comparison(parser)
    add_training(parser)
    finetuning = parser.add_argument_group("fine-tuning")
    finetune = (
        "train stale parts on from this model instead of from scratch: an archive, or a directory: its newest model\n"
        "(PATH left out: the newest in --out)"
    )
    finetuning.add_argument("--finetune", metavar="PATH", nargs="?", const="", help=finetune)
    fraction = "how much of the configured epochs fine-tuning takes, above 0 (default: 1)"
    finetuning.add_argument("--epoch-fraction", metavar="F", type=share, help=fraction)
    parser.add_argument("--dry-run", action="store_true", help="only say what is stale, as `rebake check` does")
    name = "name of the archive (default: time and content)"
    parser.add_argument("--fixed-model-name", metavar="NAME", help=name)
    persist = "put the NLU training data into the archive"
    parser.add_argument("--persist-nlu-data", action="store_true", help=persist)
    quiet = "no progress and no report, only errors and the path"
    parser.add_argument("--quiet", action="store_true", help=quiet)
