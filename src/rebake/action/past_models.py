"""The history of the assistant's models in the store; runs of the default branch and of releases enter theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rebake.action.run_plan import RunPlan
from rebake.base.location import Notice
from rebake.errors import RebakeError, StorageError
from rebake.evaluation.figures import figures
from rebake.report.model import Report
from rebake.report.quality import PastQuality, Quality
from rebake.staleness.git.checkout import commit_time
from rebake.store.model_history import add_model, find_history, history_name
from rebake.store.protocol import Store


def with_history(quality: Quality, store: Store, slug: str, note: Callable[[Notice], None]) -> Quality:
    """Add the earlier models to what is known of this one; ``note`` is called if they cannot be read."""
    try:
        return replace(quality, history=find_history(store, history_name(slug)))
    except RebakeError as error:
        note(Notice(f"The history of models cannot be read. {error}"))
        return quality


def recorded(
    report: Report, run_plan: RunPlan, store: Store, slug: str, directory: Path, note: Callable[[Notice], None]
) -> Quality | None:
    """Enter the model of a run in the history, if it is the default branch's or was released, and finish the store.

    Args:
        report: of the run, once everything is published.
        run_plan: which commit it is of, and which tag.
        store: that keeps the history.
        slug: of the assistant.
        directory: for a file that must be there until the store is finished.
        note: is called if the history cannot be read or kept.

    Returns:
        what is known of the model, with the history; None where it was not tested.
    """
    quality = report.quality
    if quality is None:
        return None
    is_released = run_plan.tag is None or report.release is not None
    if run_plan.can_write and run_plan.is_newest and is_released:
        quality = _entered(quality, run_plan, store, slug, directory, note)
    else:
        quality = with_history(quality, store, slug, note)
    try:
        store.finish()
    except StorageError as error:
        note(Notice(f"The test of the model could not be kept. {error}"))
    return quality


def _entered(
    quality: Quality,
    run_plan: RunPlan,
    store: Store,
    slug: str,
    directory: Path,
    note: Callable[[Notice], None],
) -> Quality:
    time = commit_time(Path(), run_plan.commit)
    if time is None:
        note(Notice("This model is not in the history, because git does not know when its commit was made."))
        return with_history(quality, store, slug, note)
    model = PastQuality(run_plan.commit, time, run_plan.tag or "", figures(quality.test))
    try:
        return replace(quality, history=add_model(store, history_name(slug), model, directory))
    except RebakeError as error:
        note(Notice(f"This model is not in the history of models. {error}"))
        return quality
