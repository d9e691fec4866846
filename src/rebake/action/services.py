"""The services that a run uses, in one value, so that a test can replace them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rebake.action.cancellation import Cancellation
from rebake.action.pull_request import PullRequests
from rebake.action.runner import Runner
from rebake.base.progress import Progress
from rebake.staleness.git.history import Remote
from rebake.store.protocol import Store
from rebake.store.releases import Releases


@dataclass(frozen=True)
class Services:
    """The store and the releases of the repository, its pull requests, the runner, and what else a run needs.

    Attributes:
        run_word: a word of this run alone, for temporary names.
        remote: where git fetches missing history from.
        cancellation: whether the job was cancelled.
        remote_storage: the bucket that Rasa's server takes models of tags from; None where there is none.
        clock: seconds, for durations.
    """

    store: Store
    releases: Releases
    pull_requests: PullRequests
    runner: Runner
    progress: Progress
    run_word: str
    remote: Remote | None
    cancellation: Cancellation = field(default_factory=Cancellation)
    remote_storage: Store | None = None
    clock: Callable[[], float] = time.monotonic
