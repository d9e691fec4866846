"""What keeps the store tidy: each run records what it uses, and those of the default branch remove what nobody does.

Neither ever fails a run: what cannot be recorded is at worst trained again, what cannot be removed stays.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rebake.action.event import Event
from rebake.action.run_plan import RunPlan
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.base.location import Notice
from rebake.errors import RebakeError, StorageError
from rebake.store.github_uses import GitHubUses, find_spare, remove
from rebake.store.uses import Use, record_use

logger = logging.getLogger("rebake")

MOST_REMOVED = 100  # entries in one run: GitHub slows down programs that change a lot in a short time


def record(
    services: Services, event: Event, run_plan: RunPlan, manifest_name: str, names: Iterable[str], directory: Path
) -> None:
    """Record that the pull request, tag or branch of this run uses entries of the store.

    Args:
        services: the store.
        event: of the run.
        run_plan: what it is for.
        manifest_name: which assistant it is about.
        names: of the entries.
        directory: for a file, which must stay until the store is finished.
    """
    if run_plan.pull_request is not None:
        use = Use.of("pull", str(run_plan.pull_request), manifest_name, names)
    elif run_plan.tag is not None:
        use = Use.of("tag", run_plan.tag, manifest_name, names)
    elif event.ref.startswith("refs/heads/") and event.name != "merge_group":  # each of its branches is new
        use = Use.of("branch", event.ref.removeprefix("refs/heads/"), manifest_name, names)
    else:
        return
    try:
        if not services.store.refuses_deletion and services.store.entries():
            record_use(services.store, use, {"ref": event.ref, "run": event.run_url}, directory, datetime.now(UTC))
    except StorageError as error:
        logger.info("What this run uses could not be recorded: %s", error)


def prune(services: Services, event: Event, settings: Settings, retention_days: int) -> list[Notice]:
    """Remove what was not used for so many days, and what nothing needs; returns what did not work.

    The pull requests and releases of this run's repository decide what is needed, so the store of another one stays.
    """
    now = datetime.now(UTC)
    store = services.store
    other = re.fullmatch(r"github://([^#]*)(?:#.*)?", settings.store)
    try:
        if other is not None and other[1].lower() != event.repository.lower():
            return [Notice("The store is not pruned, since it is another repository's: prune it there.")]
        if store.refuses_deletion:
            return [Notice(f"The store is not pruned, since {store.refuses_deletion}.")]
        uses = GitHubUses(store, services.releases, settings.store_tag, now)
        spare = find_spare(store, uses, now, now - timedelta(days=retention_days), kept=store.used)[:MOST_REMOVED]
        remove(store, spare)
    except RebakeError as error:
        return [Notice(f"The store could not be pruned. {error}")]
    except Exception as error:
        logger.exception("internal error while pruning the store")
        return [Notice(f"Internal error while pruning the store: {type(error).__name__}.")]
    if spare:
        logger.info("Removed from the store: %s.", ", ".join(each.file.name for each in spare))
    return []
