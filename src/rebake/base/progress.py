"""How long work reports where it is: an interface that trainers call, so that no network knows of terminals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

STDERR = threading.RLock()
"""Held while file descriptor 2 leads nowhere; who reports from another thread waits for it, or nobody would see it."""


class Task(Protocol):
    """One running piece of work of a known length."""

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Say that ``steps`` more of the total are done; ``figures`` (``loss=1.2``) are shown beside the bar."""


class Progress(Protocol):
    """Receives the tasks of one run."""

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        """Open a task; it closes with the context."""


class _SilentTask:
    def advance(self, steps: int = 1, **figures: float) -> None:
        pass


class Silent:
    """A progress that shows nothing; the default of the Python API."""

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:  # noqa: ARG002
        yield _SilentTask()
