"""What the commands of the command line do; verdicts and results go to stdout, messages to stderr."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import Path

from rebake.archive.manifest import PARTS, Part
from rebake.assistant.importer import load_assistant
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.build.plan import Baseline, Plan, explain_plan, make_plan
from rebake.build.request import Request
from rebake.cli.console import can_draw, make_progress, print_log, print_notices, text_width, use_color
from rebake.cli.files import files_of
from rebake.errors import RebakeError, StorageError, UsageError
from rebake.own_rasa.environment import OwnRasa, find_environment
from rebake.report.explanation import explanation_text
from rebake.report.json import write_json
from rebake.report.model import Failure, Mode, Report, parts_of_verdict, with_explanations
from rebake.report.text import outcome_text, verdict_text
from rebake.staleness.dry_run import comparison_of, dry_run_result
from rebake.store.directory import models, newest_model

OF_THEIR_OWN = ("test", "split", "migrate", "validate", "diff")  # modules with a function of that name; loaded when run
PARSE_BATCH = 1024  # texts parsed at a time, enough for all threads; a longer input streams


def run(options: argparse.Namespace) -> int:
    """Run the command that the parsed options name and return its exit code."""
    logging.basicConfig(format="rebake: %(message)s", level=logging.WARNING, stream=sys.stderr)
    if options.command in OF_THEIR_OWN:
        command: Callable[[argparse.Namespace], int]
        command = getattr(import_module(f"rebake.cli.{options.command}"), options.command)
        return command(options)
    if options.command == "parse":
        return parse(options)
    dry = options.command == "check" or options.dry_run
    started = time.monotonic()
    notices = Notices()
    try:
        return check(options, started, notices) if dry else train(options, started, notices)
    except RebakeError as error:
        mode: Mode = "check" if dry else "train"
        _write_report(options, Report(mode=mode, notices=tuple(notices), failure=Failure.of(error)))
        raise


def check(options: argparse.Namespace, started: float, notices: Notices) -> int:
    """Print the verdict; the exit code is its bit code. ``notices`` collects what was printed."""
    plan = _plan(options, notices, to_train=False)
    report = replace(_report(plan, time.monotonic() - started), model_path=_fresh_model(plan))
    if getattr(options, "explain", False):
        report = with_explanations(report, explain_plan(plan))
        print(
            explanation_text(
                report, color=use_color(sys.stdout), width=text_width(sys.stdout), lines=can_draw(sys.stdout)
            )
        )
    else:
        print(verdict_text(report, color=use_color(sys.stdout)))
    _, texts = dry_run_result(comparison_of(plan.verdict))
    print("\n".join(texts))
    _write_report(options, report)
    return plan.verdict.code


def train(options: argparse.Namespace, started: float, notices: Notices) -> int:
    """Train what is stale; the path of the model is all that goes to stdout. ``notices`` collects what was printed."""
    from rebake.build.build import build  # a check does without the trainers, and without NumPy

    plan = _plan(options, notices, to_train=True)
    if not options.quiet:
        print(verdict_text(_report(plan), color=use_color(sys.stderr)), file=sys.stderr)
    of_training = Notices()
    try:
        progress = make_progress(quiet=options.quiet)
        log = None if options.quiet else print_log
        result = build(plan, models(plan.request.output), progress=progress, notices=of_training, log=log)
    finally:
        _show(plan.request.assistant.silenced.without(of_training), notices, options)
    report = replace(
        _report(plan, time.monotonic() - started),
        mode="train",
        parts=parts_of_verdict(
            plan.verdict,
            trained=result.trained,
            reused=result.reused,
            rebuilt=result.rebuilt,
            seconds=result.seconds,
        ),
        model_path=str(result.model),
        model_written=result.written,
        metrics=result.metrics,
        notices=tuple(notices),
    )
    if not options.quiet:
        print(outcome_text(report), file=sys.stderr)
    _write_report(options, report)
    print(result.model)
    return 0


def parse(options: argparse.Namespace) -> int:
    """Print one JSON object for each text."""
    from rebake.model import load_model

    path = Path(options.model)
    if path.is_dir():
        newest = newest_model(path)
        if newest is None:
            raise StorageError(f"{path} contains no model.", fix="Train one: rebake train --out " + str(path))
        path = newest
    if "-" in options.text and len(options.text) > 1:
        raise UsageError("`-` (texts from standard input) cannot be mixed with texts on the command line.")
    with load_model(path) as model:
        for texts in _batches(_stdin_lines() if options.text == ["-"] else options.text):
            for result in model.parse_all(texts):
                print(json.dumps(result, ensure_ascii=False))
    return 0


def _stdin_lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, PARSE_BATCH)):
        yield batch


def _plan(options: argparse.Namespace, notices: Notices, *, to_train: bool) -> Plan:
    """Read the assistant and make the plan; prints its notices.

    A domain or data that only a default names may be missing.
    """
    domain, data = files_of(options)
    env = frozenset(options.env)
    rasa = None
    if options.rasa is not None:
        rasa = OwnRasa(find_environment(options.rasa), options.config, domain, tuple(data), env)
    found = Notices()
    try:
        request = Request(
            assistant=load_assistant(options.config, domain, data, env=env, notices=found),
            to_train=to_train,
            parts=_parts(options),
            force=options.force,
            output=Path(options.out),
            model_name=getattr(options, "fixed_model_name", None),
            augmentation_factor=options.augmentation,
            num_threads=options.num_threads,
            persist_nlu_data=getattr(options, "persist_nlu_data", False),
            rasa=rasa,
        )
        return make_plan(request, Baseline.of_model(_old_model(options)), notices=found)
    finally:  # before an error, which a warning may explain
        _show(found, notices, options)


def _show(new: Iterable[Notice], notices: Notices, options: argparse.Namespace) -> None:
    """Print new notices, and collect them for the report."""
    found = tuple(new)
    if not getattr(options, "quiet", False):
        print_notices(found, has_report=True)
    for notice in found:
        notices.add(notice)


def _old_model(options: argparse.Namespace) -> Path | None:
    if options.model is None:
        return newest_model(Path(options.out))
    path = Path(options.model)
    if not path.is_file():
        raise StorageError(f"{path} is not a model archive.", fix="Give --model the path of a .tar.gz.")
    return path


def _parts(options: argparse.Namespace) -> frozenset[Part]:
    part = getattr(options, "part", None)
    if part is None:
        return frozenset(PARTS)
    return frozenset({"nlu"}) if part == "nlu" else frozenset({"core", "nlg"})


def _report(plan: Plan, seconds: float | None = None) -> Report:
    """The report of a check; a training adds what it did."""
    old = plan.baseline.path
    return Report(
        mode="check",
        parts=parts_of_verdict(plan.verdict),
        code=plan.verdict.code,
        forced=plan.request.force,
        compared_with=str(old) if old else None,
        seconds=seconds,
        notices=plan.notices,
    )


def _fresh_model(plan: Plan) -> str | None:
    old = plan.baseline.path
    return str(old) if old is not None and plan.verdict.is_fresh else None


def _write_report(options: argparse.Namespace, report: Report) -> None:
    if options.report:
        write_json(report, Path(options.report))
