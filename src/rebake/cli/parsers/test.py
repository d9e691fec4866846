"""The arguments of ``rebake test``."""

from __future__ import annotations

import argparse

from rebake.cli import numbers
from rebake.cli.options import HTML, Commands, Parser, add_command, add_env, add_format, add_trained_model

EXAMPLES = (
    "rebake test                                  # the newest model, on data/ and tests/",
    "rebake test nlu --nlu tests/test_nlu.yml",
    "rebake test core --stories tests --fail-on-prediction-errors",
    "rebake test nlu --cross-validation --folds 10",
    "rebake test nlu --cross-validation --fold 2 --out folds     # one of the folds, in a job of a matrix",
    "rebake test nlu --cross-validation --join folds             # all of them, in the last job",
    "rebake test --against main.tar.gz --fail-on worse,stories --max-drop 0.02 --html report.html",
)
FOLDS, SEED, PERCENTAGES, RUNS = 5, 42, (0, 25, 50, 75), 3  # defaults


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "test",
        "test a model on NLU examples and on stories",
        examples=EXAMPLES,
        exit_codes={
            "0": "the tests ran",
            "1": "a condition is not met, such as --fail-on stories or --min-intent-f1",
        },
    )
    parser.add_argument("part", nargs="?", choices=["core", "nlu"], help="test only this part (default: both)")
    _add_subject(parser)
    _add_cross_validation(parser)
    _add_results(parser)
    _add_comparison(parser)
    _add_conditions(parser)


def _add_subject(parser: Parser) -> None:
    add = parser.add_argument_group("what is tested").add_argument
    add_trained_model(add)
    nlu = "files and directories with NLU examples (default: data)"
    add("--nlu", "-u", metavar="PATH", nargs="+", action="extend", help=nlu)
    stories = (
        "files and directories with stories (default: tests): stories in files named test_* are tested end to end;\n"
        "if there are no such files, the other stories are tested by their intents"
    )
    add("--stories", "-s", metavar="PATH", nargs="+", action="extend", help=stories)
    add("--end-to-end", "--e2e", action="store_true", help="test only the stories in files named test_*")
    add_env(add)


def _add_cross_validation(parser: Parser) -> None:
    add = parser.add_argument_group("cross-validation").add_argument
    cross = "train the pipeline once per fold on the other NLU examples, and test it on the fold; needs no model"
    add("--cross-validation", action="store_true", help=cross)
    add(
        "--folds", "-f", metavar="N", type=numbers.several, default=FOLDS, help="number of folds (default: %(default)s)"
    )
    fold = "train and test only this fold, counted from 1, and write it to --out for --join: jobs can share the folds"
    add("--fold", metavar="N", type=numbers.positive, help=fold)
    joined = "train nothing: join these files that --fold wrote, or those in directories, into the whole result"
    add("--join", metavar="PATH", nargs="+", action="extend", help=joined)
    seed = "seed that decides which example is in which fold (default: %(default)s)"
    add("--seed", metavar="N", type=numbers.count, default=SEED, help=seed)
    processes = (
        "number of models to train at the same time; the result does not depend on it\n"
        "(default: one per processor, fewer if there is not enough memory)"
    )
    add("--processes", metavar="N", type=numbers.positive, help=processes)
    config = "configuration (default: config.yml); several, or a directory of them, to compare them with each other"
    add("--config", "-c", metavar="FILE", nargs="+", default=["config.yml"], help=config)
    domain = "domain file, or directory of domain files (default: domain.yml, if there is one)"
    add("--domain", "-d", metavar="PATH", help=domain)
    add = parser.add_argument_group("comparison of several --config").add_argument
    left_out = "percentages of the training data to leave out (default: 0 25 50 75)"
    default = list(PERCENTAGES)
    add("--percentages", "-p", metavar="N", nargs="+", type=numbers.percentage, default=default, help=left_out)
    runs = "how often to train each, on a different split of the data (default: %(default)s)"
    add("--runs", "-r", metavar="N", type=numbers.positive, default=RUNS, help=runs)


def _add_results(parser: Parser) -> None:
    add = parser.add_argument_group("results").add_argument
    add("--out", metavar="DIR", default="results", help="directory to write the files to (default: %(default)s)")
    add_format(add, "text", "json")
    add("--html", metavar="FILE", help=HTML)
    add("--successes", action="store_true", help="also write the right predictions")
    add("--no-errors", action="store_true", help="do not write the wrong predictions")
    add("--fail-on-prediction-errors", action="store_true", help="exit with 1 if a test story fails")


def _add_comparison(parser: Parser) -> None:
    add = parser.add_argument_group("comparison with another test or model").add_argument
    against = (
        "what to compare with: a file that `rebake test --format json` wrote, a model archive, or a directory whose\n"
        "newest model is used; a model is tested on the same data"
    )
    add("--against", metavar="PATH", help=against)
    worse = (
        "exit with 1 if a metric is worse than in --against by more than noise and by more than MAX_DROP\n(default: 0)"
    )
    add("--fail-on-worse", metavar="MAX_DROP", nargs="?", type=numbers.drop, const=0.0, help=worse)


def _add_conditions(parser: Parser) -> None:
    add = parser.add_argument_group("conditions: exit with 1 if one is not met").add_argument
    why = "`stories` (a test story fails), `worse` (the same as --fail-on-worse), or both, separated by a comma"
    add("--fail-on", metavar="REASONS", type=_reasons, default=(), help=why)
    add(
        "--max-drop",
        metavar="F",
        type=numbers.drop,
        help="with --fail-on worse: the same as MAX_DROP above (default: 0)",
    )
    for figure, title in (
        ("intent-f1", "weighted F1 of the intents"),
        ("entity-f1", "F1 of the entities, by exact span"),
        ("response-f1", "weighted F1 of the selected responses"),
        ("story-accuracy", "fraction of test stories that are right"),
    ):
        add(f"--min-{figure}", metavar="F", type=numbers.part_of_one, help=f"minimum {title}, from 0 to 1")


def _reasons(text: str) -> tuple[str, ...]:
    """Read the reasons of --fail-on."""
    reasons = tuple(text.replace(",", " ").split())
    if not reasons or not {"stories", "worse"}.issuperset(reasons):
        raise argparse.ArgumentTypeError(f"'{text}' is neither stories nor worse, nor both with a comma")
    return reasons
