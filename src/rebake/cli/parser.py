"""The commands of the command line with their options; README lists the same, and a test compares the two."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from rebake.base.version import __version__
from rebake.errors import EXIT_USAGE

DESCRIPTION = "Keep the trained model of a Rasa assistant fresh."
EPILOG = """\
exit codes of `check` and `train --dry-run`:
  0 nothing is stale; 1 Core, 2 NLU, 4 responses (the bits of stale parts are added); 8 training was forced
exit codes of `validate`:
  0 no finding is as severe as --fail-on; 1 there are findings
exit codes of `migrate`:
  0 nothing is to be migrated, or everything is written; 1 files would change
exit codes of `test`:
  0 the tests ran; 1 a test story failed, with --fail-on-prediction-errors, or a metric is worse, with --fail-on-worse
errors of every command:
  64 usage, 65 bad data or model, 70 internal error, 74 input/output
"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose usage errors exit with 64 (argparse's own 2 means "NLU is stale" here)."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; a test compares README's tables with it."""
    raw = argparse.RawTextHelpFormatter
    parser = Parser(prog="rebake", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"rebake {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an internal error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    summary = "say which parts of the model are stale, and why"
    check = commands.add_parser("check", help=summary, epilog=EPILOG, formatter_class=raw)
    _add_project(check)
    _add_comparison(check)
    _add_training(check)
    explain = "explain the verdict: what changed, and where, component by component"
    check.add_argument("--explain", action="store_true", help=explain)

    summary = "train what is stale and write the model"
    train = commands.add_parser("train", help=summary, epilog=EPILOG, formatter_class=raw)
    train.add_argument("part", nargs="?", choices=["core", "nlu"], help="train this part alone (default: both)")
    _add_project(train)
    _add_comparison(train)
    _add_training(train)
    train.add_argument("--dry-run", action="store_true", help="only say what is stale, as `rebake check` does")
    train.add_argument("--fixed-model-name", metavar="NAME", help="name of the archive (default: time and content)")
    train.add_argument("--persist-nlu-data", action="store_true", help="put the NLU training data into the archive")
    train.add_argument("--quiet", action="store_true", help="no progress and no report, only errors and the path")

    summary = "find mistakes and oddities in the assistant's files, without training"
    validate = commands.add_parser("validate", help=summary, epilog=EPILOG, formatter_class=raw)
    _add_validation(validate)

    parse = commands.add_parser("parse", help="parse texts with a trained model: one JSON object per line")
    parse.add_argument("model", metavar="MODEL", help="model archive (.tar.gz), or a directory: its newest model")
    texts = "text to parse; `-`: read texts from standard input, one per line"
    parse.add_argument("text", metavar="TEXT", nargs="+", help=texts)

    summary = "test a model on NLU examples and on stories"
    test = commands.add_parser("test", help=summary, epilog=EPILOG, formatter_class=raw)
    _add_test(test)

    summary = "split NLU data into a part to train on and a part to test on"
    _add_split(commands.add_parser("split", help=summary, epilog=EPILOG, formatter_class=raw))

    summary = "show what differs between two states of the assistant, in the words of its domain"
    diff = commands.add_parser("diff", help=summary, epilog=EPILOG, formatter_class=raw)
    revisions = (
        "BASE..HEAD compares two commits; BASE...HEAD compares HEAD with the commit where it left BASE, as a pull\n"
        "request does; BASE alone compares the working directory with it (default: %(default)s)"
    )
    diff.add_argument("revisions", metavar="BASE[..HEAD]", nargs="?", default="HEAD", help=revisions)
    _add_project(diff)
    formats = "what is printed (default: %(default)s)"
    diff.add_argument("--format", choices=["text", "markdown", "json"], default="text", help=formats)

    summary = "show how the files of a Rasa 2 project change for Rasa 3, or change them"
    migrate = commands.add_parser("migrate", help=summary, epilog=EPILOG, formatter_class=raw)
    _add_files(migrate)
    migrate.add_argument("--write", action="store_true", help="change the files (default: only print the diff)")
    return parser


def _add_project(parser: argparse.ArgumentParser) -> Callable[..., argparse.Action]:
    add = _add_files(parser)
    env = "allow ${NAME} in the assistant's files to be replaced by the environment's value"
    add("--env", metavar="NAME", action="append", default=[], help=env)
    return add


def _add_validation(parser: argparse.ArgumentParser) -> None:
    add = _add_project(parser)
    tests = "files and directories with test stories and NLU test data (default: tests, if it is there)"
    add("--tests", metavar="PATH", nargs="+", action="extend", help=tests)
    findings = parser.add_argument_group("findings")
    history = "how many turns before an action decide about conflicts of stories (default: all)"
    findings.add_argument("--max-history", metavar="N", type=_positive, help=history)
    examples = "how many examples each intent should have (default: %(default)s)"
    findings.add_argument("--min-examples", metavar="N", type=_positive, default=2, help=examples)
    ignore = "leave out findings with this code; may be repeated"
    findings.add_argument("--ignore", metavar="CODE", action="append", default=[], help=ignore)
    fail = "exit with 1 if there is a finding of this severity or worse: error, warning (default: %(default)s)"
    findings.add_argument("--fail-on", metavar="SEVERITY", choices=["error", "warning"], default="error", help=fail)
    level = "print findings of this severity or worse: error, warning, info (default: %(default)s)"
    levels = ["error", "warning", "info"]
    findings.add_argument("--level", metavar="SEVERITY", choices=levels, default="warning", help=level)
    how = "print them as text, json or sarif (default: %(default)s)"
    findings.add_argument("--format", metavar="NAME", choices=["text", "json", "sarif"], default="text", help=how)


def _add_files(parser: argparse.ArgumentParser) -> Callable[..., argparse.Action]:
    """Add the options that name the assistant's files, and return what adds more to their group."""
    add = parser.add_argument_group("the assistant").add_argument
    add("--config", "-c", metavar="FILE", default="config.yml", help="default: %(default)s")
    domain = "domain file, or directory of domain files (default: domain.yml, if there is one)"
    add("--domain", "-d", metavar="PATH", help=domain)
    data = "files and directories with NLU data, stories and rules (default: data)"
    add("--data", metavar="PATH", nargs="+", action="extend", help=data)
    return add


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    models = parser.add_argument_group("models")
    models.add_argument("--out", metavar="DIR", default="models", help="directory of models (default: %(default)s)")
    models.add_argument("--model", metavar="PATH", help="compare with this model (default: the newest in --out)")
    models.add_argument("--report", metavar="FILE", help="write verdict and report as JSON")


def _add_training(parser: argparse.ArgumentParser) -> None:
    training = parser.add_argument_group("training")
    training.add_argument("--force", action="store_true", help="train every part, stale or not")
    augmentation = "how many longer stories are generated by concatenating others (default: 50)"
    training.add_argument("--augmentation", metavar="N", type=_count, help=augmentation)
    rasa = (
        "environment with Rasa 3.6.21 (its directory, bin/python or bin/rasa) that trains a part with components\n"
        "rebake does not train, such as your own classes; your code runs then (default: no code of yours runs)"
    )
    training.add_argument("--rasa", metavar="PATH", help=rasa)
    threads = "threads for training, which change no result (default: as many as there are processors)"
    training.add_argument("--num-threads", metavar="N", type=_positive, help=threads)


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("part", nargs="?", choices=["core", "nlu"], help="test this part alone (default: both)")
    add = parser.add_argument_group("what is tested").add_argument
    model = "model archive, or a directory: its newest model (default: %(default)s)"
    add("--model", "-m", metavar="PATH", default="models", help=model)
    add("--nlu", "-u", metavar="PATH", nargs="+", help="files and directories with NLU examples (default: data)")
    stories = (
        "files and directories with stories (default: tests): those of files named test_* are tested end to end;\n"
        "where there are none, the others are tested by their intents"
    )
    add("--stories", "-s", metavar="PATH", nargs="+", help=stories)
    add("--end-to-end", action="store_true", help="test the stories of files named test_* alone")
    env = "allow ${NAME} in these files to be replaced by the environment's value"
    add("--env", metavar="NAME", action="append", default=[], help=env)
    add = parser.add_argument_group("cross-validation").add_argument
    cross = "train the pipeline on shares of the NLU examples and test it on the rest; no model is needed"
    add("--cross-validation", action="store_true", help=cross)
    add("--folds", "-f", metavar="N", type=_several, default=5, help="how many shares (default: %(default)s)")
    seed = "decides which example is in which share (default: %(default)s)"
    add("--seed", metavar="N", type=_count, default=42, help=seed)
    processes = (
        "how many models are trained at a time, which changes no result\n"
        "(default: one per processor, as far as the memory goes)"
    )
    add("--processes", metavar="N", type=_positive, help=processes)
    config = "configuration (default: config.yml); several, or a directory of them, are compared with each other"
    add("--config", "-c", metavar="FILE", nargs="+", default=["config.yml"], help=config)
    domain = "domain file, or directory of domain files (default: domain.yml, if there is one)"
    add("--domain", "-d", metavar="PATH", help=domain)
    add = parser.add_argument_group("comparison of several --config").add_argument
    percentages = "how much of the training data is left out, in percent (default: 0 25 50 75)"
    add("--percentages", "-p", metavar="N", nargs="+", type=_percentage, default=[0, 25, 50, 75], help=percentages)
    runs = "how many times each is trained, every time on another split of the data (default: %(default)s)"
    add("--runs", "-r", metavar="N", type=_positive, default=3, help=runs)
    add = parser.add_argument_group("results").add_argument
    add("--out", metavar="DIR", default="results", help="directory that files are written to (default: %(default)s)")
    add("--format", choices=["text", "json"], default="text", help="what is printed (default: %(default)s)")
    add("--successes", action="store_true", help="write the right predictions as well")
    add("--no-errors", action="store_true", help="do not write the wrong predictions")
    add("--fail-on-prediction-errors", action="store_true", help="exit with 1 if a test story fails")
    add = parser.add_argument_group("comparison with another test or model").add_argument
    against = (
        "JSON that `rebake test --format json` wrote; or a model archive, or a directory: its newest model,\n"
        "which is tested on the same data"
    )
    add("--against", metavar="PATH", help=against)
    worse = (
        "exit with 1 if a metric is worse than that of --against by more than noise, and dropped by more than\n"
        "MAX_DROP, such as 0.02 (default: 0)"
    )
    add("--fail-on-worse", metavar="MAX_DROP", nargs="?", type=_drop, const=0.0, help=worse)


def _add_split(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--nlu", "-u", metavar="PATH", nargs="+", help="files and directories with NLU examples (default: data)")
    fraction = "how much of the examples is to train on, between 0 and 1 (default: %(default)s)"
    add("--training-fraction", metavar="F", type=_fraction, default=0.8, help=fraction)
    add("--random-seed", metavar="N", type=_count, default=42, help="decides which examples (default: %(default)s)")
    add("--out", metavar="DIR", default="train_test_split", help="directory of the files (default: %(default)s)")
    env = "allow ${NAME} in the files to be replaced by the environment's value"
    add("--env", metavar="NAME", action="append", default=[], help=env)


def _fraction(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return number


def _drop(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to below 1")
    return number


def _percentage(text: str) -> int:
    number = _count(text)
    if number >= 100:
        raise argparse.ArgumentTypeError("must be less than 100")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _positive(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _several(text: str) -> int:
    number = _count(text)
    if number < 2:
        raise argparse.ArgumentTypeError("must be 2 or more")
    return number
