"""``rebake train``: the path of the model is all that goes to stdout."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebake.archive.manifest import finetuned_parts
from rebake.archive.scratch import temporary_directory
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.build.workers.setting import workers_of
from rebake.cli.check import check
from rebake.cli.console import LOADING_DATA, Waiting, log_group, make_progress, print_log, say, use_color
from rebake.cli.outputs import note_new_directory
from rebake.cli.planning import plan_of, report_of, reporting, show, text_stream, write_report
from rebake.cli.stores import Stores
from rebake.errors import StorageError
from rebake.report.model import with_origins
from rebake.report.text import outcome_text, verdict_text

if TYPE_CHECKING:
    from rebake.build.workers.workers import Workers


def train(options: argparse.Namespace) -> int:
    """Train what is stale; with ``--dry-run`` only say what that is."""
    if options.dry_run:
        return check(options)
    workers = None
    if options.part != "core":  # which one process trains
        workers = workers_of(os.environ, gpus=options.gpus, saves=not options.no_cache)
    if workers is not None and workers.cluster is not None:
        say(f"This is {workers.cluster.name}, by TF_CONFIG.")
    if workers is not None and not workers.is_chief:
        return _assist(options, workers)
    with reporting(options, "train") as notices:
        if workers is None:
            return _train(options, notices, None)
        with workers.led():
            return _train(options, notices, workers)


def _assist(options: argparse.Namespace, workers: Workers) -> int:
    """Train as a worker that writes nothing: the chief compares with models, reports, and writes the model."""
    from rebake.build.workers.workers import assist

    notices, of_training = Notices(), Notices()
    plan = plan_of(options, notices, to_train=True)
    try:
        with log_group("Training"), Waiting("Waiting for the other workers") as waiting:
            model = assist(plan, workers, make_progress(waiting=waiting), of_training)
    finally:
        show(plan.request.assistant.silenced.without(of_training), notices)
    say("Worker 0 found nothing to train." if model is None else f"Worker 0 has written {model}")
    return 0


def _train(options: argparse.Namespace, notices: Notices, workers: Workers | None) -> int:
    from rebake.build.build import build  # a check does without the trainers, and without NumPy

    started = time.monotonic()
    note_new_directory(options.out)
    trouble = Notices()
    stores = Stores(options, trouble, with_cache=True)
    plan = plan_of(options, notices, to_train=True, store=stores.store)
    verdict = stores.judged(plan, report_of(plan))
    say(verdict_text(verdict, color=use_color(sys.stderr)))
    of_training = Notices()
    with temporary_directory() as name:
        scratch = Path(name)
        try:
            sources = [*stores.local_models(plan), *stores.fetched(plan, scratch)]
            with log_group("Training"), Waiting(LOADING_DATA) as waiting:
                result = build(
                    plan,
                    sources,
                    progress=make_progress(waiting=waiting),
                    single_parts=scratch if stores.is_any else None,
                    notices=of_training,
                    log=None if options.quiet else print_log,
                    workers=workers,
                )
        finally:
            show(plan.request.assistant.silenced.without(of_training), notices)
        try:
            stores.keep(plan, result, scratch)
        except StorageError:
            trouble.add(Notice(f"The model was written nevertheless: {result.model}"))
            raise
        finally:
            show(trouble, notices)
    if workers is not None:
        workers.finish(str(result.model))
    report = replace(
        verdict,
        seconds=time.monotonic() - started,
        mode="train",
        parts=with_origins(
            verdict.parts,
            trained=result.trained,
            reused=result.reused,
            rebuilt=result.rebuilt,
            seconds=result.seconds,
            saved=result.saved,
            finetuned=finetuned_parts(result.manifest),
        ),
        model_path=str(result.model),
        model_written=result.written,
        metrics=result.metrics,
        notices=tuple(notices),
    )
    say(outcome_text(report))
    write_report(options, report)
    if text_stream(options) is sys.stdout:  # otherwise the report says it
        print(result.model)
    return 0
