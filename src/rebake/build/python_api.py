"""How :mod:`rebake.model_training` carries out a request: beside the event loop, with messages to a logger."""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rebake.assistant.files import AnyPath
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Notice
from rebake.base.notice_kinds import Severity
from rebake.base.notices import Notices
from rebake.base.progress import Silent
from rebake.build.build import build, build_into
from rebake.build.plan import NO_BASELINE, Baseline, make_plan
from rebake.build.request import Finetune, Request
from rebake.build.workers.setting import workers_of
from rebake.build.workers.workers import assist
from rebake.errors import UsageError
from rebake.registry.training_arguments import CORE_ARGUMENTS, NLU_ARGUMENTS
from rebake.staleness.dry_run import comparison_of, dry_run_result
from rebake.store.directory import model_to_finetune as find_model_to_finetune
from rebake.store.directory import models, newest_model

logger = logging.getLogger("rebake")


def log_dry_run(request: Request) -> int:
    """Log what is stale, and return the code of a dry run. Raises RebakeError as a training does."""
    plan = make_plan(request, Baseline.of_model(newest_model(request.output)))
    _log(plan.notices)
    code, texts = dry_run_result(comparison_of(plan.verdict))
    for text in texts:
        logger.log(logging.WARNING if code else logging.INFO, text)
    return code


async def build_model(request: Request, *, train_path: AnyPath | None = None, compare: bool = False) -> str | None:
    """Build in a thread of its own, so that the caller's event loop goes on.

    Args:
        request: what is asked for.
        train_path: a directory to fill in place of an archive; None = an archive is written.
        compare: whether a model that is fresh already is returned as it is.

    Returns:
        The archive or the directory; None in a worker that does not write the model (``TF_CONFIG``).

    Raises:
        RebakeError: as of :func:`rebake.build.build.build`.
    """
    workers = workers_of(os.environ) if "nlu" in request.parts else None
    baseline = Baseline.of_model(newest_model(request.output)) if compare else NO_BASELINE
    plan = make_plan(request, baseline)
    _log(plan.notices)
    sources = models(request.output)
    notices = Notices()
    try:
        if workers is not None and not workers.is_chief:
            await asyncio.to_thread(assist, plan, workers, Silent(), notices)
            return None
        with nullcontext() if workers is None else workers.led():
            if train_path is not None:
                await asyncio.to_thread(build_into, plan, Path(train_path), sources, notices=notices, workers=workers)
                written = os.fspath(train_path)
            else:
                result = await asyncio.to_thread(build, plan, sources, notices=notices, workers=workers)
                written = str(result.model)
        if workers is not None:
            workers.finish(written)
        return written
    finally:
        _log(notices)


def augmentation_of(arguments: Mapping[str, Any] | None, parameter: str) -> int | None:
    """The augmentation factor among additional arguments. Raises UsageError for unknown keys."""
    return _only(arguments, CORE_ARGUMENTS, parameter).get("augmentation_factor")


def threads_of(arguments: Mapping[str, Any] | None, parameter: str) -> int | None:
    """The number of threads among additional arguments. Raises UsageError for unknown keys."""
    return _only(arguments, NLU_ARGUMENTS, parameter).get("num_threads")


def finetune_of(model_to_finetune: AnyPath | None, fraction: float) -> Finetune | None:
    """What is to be fine-tuned, and for how long. Raises UsageError, and StorageError where there is no model."""
    if not 0 < fraction < math.inf:
        raise UsageError(f"finetuning_epoch_fraction is {fraction}.", fix="Give a number above 0.")
    if model_to_finetune is None:
        if fraction != 1.0:
            logger.warning("finetuning_epoch_fraction has no effect without model_to_finetune.")
        return None
    return Finetune((find_model_to_finetune(Path(model_to_finetune)),), fraction)


def _log(notices: Iterable[Notice]) -> None:
    for notice in notices:
        logger.log(logging.INFO if notice.severity is Severity.INFO else logging.WARNING, "%s", notice)


def _only(arguments: Mapping[str, Any] | None, known: frozenset[str], parameter: str) -> Mapping[str, Any]:
    """Return the arguments. Raises UsageError for those that would change nothing."""
    given = arguments or {}
    for key in given:
        if key not in known:
            fix = f"Known are {', '.join(sorted(known))}."
            raise UsageError(f"{parameter} has no key '{key}'.{did_you_mean(str(key), known)}", fix=fix)
    return given
