"""The plan that ``rebake check`` and ``rebake train`` make, and the report that both write."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rebake.archive.manifest import PARTS, Part
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.model import Assistant
from rebake.base.garbage_collection import no_garbage_collection
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.build.plan import Baseline, Plan, make_plan
from rebake.build.request import Finetune, Request
from rebake.build.snapshot.recall import CheckMemory
from rebake.cli.console import print_notices, say_more
from rebake.cli.files import files_of, named_model, require_assistant
from rebake.cli.outputs import STDOUT, is_stdout, require_writable, write
from rebake.cli.page import require_page, write_page
from rebake.cli.stores import newest_of_store
from rebake.errors import RebakeError, StorageError, UsageError
from rebake.own_rasa.environment import OwnRasa, find_environment
from rebake.report.json import render_json
from rebake.report.model import Failure, Mode, Report, parts_of_verdict
from rebake.store.directory import model_to_finetune, newest_model
from rebake.store.protocol import Store


@contextmanager
def reporting(options: argparse.Namespace, mode: Mode) -> Iterator[Notices]:
    """Collect the notices that are printed in the context; an error in it is written to the report as well.

    Raises StorageError before anything else if the report cannot be written.
    """
    notices = Notices()
    if options.report is not None:
        require_writable(options.report, "--report")
    require_page(options)
    try:
        yield notices
    except RebakeError as error:
        try:
            write_report(options, Report(mode=mode, notices=tuple(notices), failure=Failure.of(error)))
        except StorageError as second:
            print(f"rebake: {second}", file=sys.stderr)
        raise


@no_garbage_collection()
def plan_of(
    options: argparse.Namespace,
    notices: Notices,
    *,
    to_train: bool,
    store: Store | None = None,
    may_recall: bool = False,
) -> Plan:
    """Read the assistant and make the plan; prints its notices.

    A domain or data that only a default names may be missing. Where there is no model, the newest of the store is
    compared with, if there is a store.

    With ``may_recall``, a large assistant may be read in part (:mod:`rebake.build.snapshot.recall`): the plan then has
    the verdict and its reasons, but not the assistant's data and items.
    """
    require_assistant(options)
    domain, data = files_of(options)
    env = frozenset(options.env)
    rasa = None
    if options.rasa is not None:
        rasa = OwnRasa(find_environment(options.rasa), options.config, domain, tuple(data), env)
    found = Notices()
    importer = ProjectImporter(options.config, domain, data, env=env, use_cache=True)

    def request_for(assistant: Assistant) -> Request:
        return Request(
            assistant=assistant,
            to_train=to_train,
            parts=_parts(options),
            force=options.force,
            output=Path(options.out),
            model_name=getattr(options, "fixed_model_name", None),
            follow_links=True,
            augmentation_factor=options.augmentation,
            num_threads=options.num_threads,
            persist_nlu_data=getattr(options, "persist_nlu_data", False),
            rasa=rasa,
            finetune=_finetune(options),
        )

    try:
        memory = None
        if may_recall and not to_train and rasa is None and store is None:
            memory = CheckMemory.of(importer, _parts(options), options.augmentation)
        if memory is not None and (plan := _recalled(memory, request_for, options)) is not None:
            for notice in plan.notices:
                found.add(notice)
            return plan
        try:
            request = request_for(importer.load())
        finally:
            for notice in importer.notices:
                found.add(notice)
        old = _old_model(options)
        _say_compared(old, options)
        baseline = newest_of_store(options, store) if old is None and store is not None else Baseline.of_model(old)
        plan = make_plan(request, baseline, notices=found)
        if memory is not None:
            memory.remember(importer, plan)
        return plan
    finally:  # before an error, which a warning may explain
        show(found, notices)


def _recalled(
    memory: CheckMemory, request_for: Callable[[Assistant], Request], options: argparse.Namespace
) -> Plan | None:
    """The plan from what the last check found; None where everything has to be read, also to say what is wrong."""
    try:
        old = _old_model(options)
        plan = memory.plan(request_for, old)
    except RebakeError:
        return None
    if plan is not None:
        _say_compared(old, options)
    return plan


def _say_compared(old: Path | None, options: argparse.Namespace) -> None:
    say_more(f"compared with {old}" if old is not None else f"no model in {options.out} to compare with")


def _finetune(options: argparse.Namespace) -> Finetune | None:
    """The model that `rebake train --finetune` continues from; None if training starts from scratch."""
    path, fraction = getattr(options, "finetune", None), getattr(options, "epoch_fraction", None)
    if path is None:
        if fraction is not None:
            raise UsageError("--epoch-fraction is the share of epochs of a fine-tuning.", fix="Add --finetune.")
        return None
    if path in ("nlu", "core") and not Path(path).exists():
        raise UsageError(
            "--finetune takes the path of a model, not a part.", fix=f"Write `rebake train {path} --finetune`."
        )
    return Finetune((model_to_finetune(Path(path or options.out)),), 1.0 if fraction is None else fraction)


def show(new: Iterable[Notice], notices: Notices) -> None:
    """Print new notices, and collect them for the report."""
    found = tuple(new)
    print_notices(found, has_report=True)
    for notice in found:
        notices.add(notice)


def _old_model(options: argparse.Namespace) -> Path | None:
    """The model to compare with; with a key none that is here, as nobody has signed it."""
    if options.model is not None:
        return named_model(options.model, "--model")
    return None if options.verify_key else newest_model(Path(options.out))


def _parts(options: argparse.Namespace) -> frozenset[Part]:
    part = getattr(options, "part", None)
    if part is None:
        return frozenset(PARTS)
    return frozenset({"nlu"}) if part == "nlu" else frozenset({"core", "nlg"})


def report_of(plan: Plan, seconds: float | None = None) -> Report:
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


def write_report(options: argparse.Namespace, report: Report) -> None:
    """Write the report where ``--report``, ``--html`` or ``--format json`` asks for one."""
    if options.report is not None:
        write(options.report, render_json(report), "--report")
    write_page(options, report)
    if options.format == "json" and (options.report is None or not is_stdout(options.report)):
        write(STDOUT, render_json(report), "--format")


def text_stream(options: argparse.Namespace) -> TextIO:
    """Return where text for people goes: to stderr if a report goes to stdout, which is then that alone."""
    reports = (options.report, options.html)
    is_report = options.format == "json" or any(path is not None and is_stdout(path) for path in reports)
    return sys.stderr if is_report else sys.stdout
