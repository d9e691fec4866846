"""The arguments of ``rebake train``."""

from __future__ import annotations

from rebake.cli.numbers import positive, share
from rebake.cli.options import (
    VERDICTS,
    Commands,
    Parser,
    add_command,
    add_comparison,
    add_project,
    add_report,
    add_training,
)

EXAMPLES = (
    "rebake train",
    "rebake train nlu                         # only NLU",
    "rebake train nlu --nlu data/nlu.yml",
    "rebake train core --stories data/stories.yml data/rules.yml",
    "rebake train --store s3://bucket/bot     # take trained parts from a store, and add new ones",
    "rebake train --store s3://bucket/bot --verify-key KEY    # take only parts that this key has signed",
    "rebake train --dry-run                   # report what would be trained",
    "rebake train --finetune --epoch-fraction 0.2",
    "rebake train --out builds --fixed-model-name bot.tar.gz",
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "train",
        "train the stale parts and write the model",
        examples=EXAMPLES,
        exit_codes={
            "0": "the model is there; with --dry-run: nothing is stale",
            **{code: f"with --dry-run: {meaning}" for code, meaning in VERDICTS.items() if code != "0"},
        },
    )
    parser.add_argument("part", nargs="?", choices=["core", "nlu"], help="train only this part (default: both)")
    _add_data(parser)
    add_comparison(parser)
    add = add_training(parser)
    add("--no-cache", action="store_true", help="do not use this machine's cache of trained parts")
    gpus = "number of GPUs of this machine that train NLU together; with TF_CONFIG, of each worker (default: 1)"
    add("--gpus", metavar="N", type=positive, default=1, help=gpus)
    add("--dry-run", action="store_true", help="only report what is stale, as `rebake check` does")
    add("--fixed-model-name", metavar="NAME", help="name of the archive (default: made from the time and the content)")
    add("--persist-nlu-data", action="store_true", help="put the NLU training data into the archive")
    finetuning = parser.add_argument_group("fine-tuning")
    finetune = (
        "fine-tune the stale parts of this model instead of training from scratch: an archive, or a directory whose\n"
        "newest model is used (without PATH: the newest in --out)"
    )
    finetuning.add_argument("--finetune", metavar="PATH", nargs="?", const="", help=finetune)
    fraction = "fraction of the configured epochs for fine-tuning, above 0 (default: 1)"
    finetuning.add_argument("--epoch-fraction", metavar="F", type=share, help=fraction)
    add_report(parser)


def _add_data(parser: Parser) -> None:
    """The files, also by the names that `rasa train nlu` and `rasa train core` have for them."""
    add = add_project(parser)
    nlu = "files and directories with NLU data, instead of --data"
    add("--nlu", "-u", metavar="PATH", nargs="+", action="extend", help=nlu)
    stories = "files and directories with stories and rules, instead of --data"
    add("--stories", "-s", metavar="PATH", nargs="+", action="extend", help=stories)
