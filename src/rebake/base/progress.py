"""How long work reports where it is: an interface that trainers call, so that no network knows of terminals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

STDERR = threading.RLock()
"""Held while file descriptor 2 leads nowhere; who reports from another thread waits for it, or nobody would see it."""

LINE_INTERVAL = 5.0  # seconds between the lines of one task in a log


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


class _LineTask:
    def __init__(self, name: str, total: int, unit: str, write: Callable[[str], object]) -> None:
        self.name, self.total, self.unit, self.write = name, total, unit, write
        self.done = 0
        self.figures: Mapping[str, float] = {}
        self.started = self.last_line = time.monotonic()

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.done += steps
        self.figures = figures or self.figures
        if self.done < self.total and time.monotonic() - self.last_line >= LINE_INTERVAL:
            self.line(f"{self.unit} {self.done}/{self.total}")

    def line(self, what: str) -> None:
        self.last_line = time.monotonic()
        figures = f", {format_figures(self.figures)}" if self.figures else ""
        self.write(f"{self.name}: {what}{figures}, {self.last_line - self.started:.0f} s")


class LineProgress:
    """For logs: a line when a task starts, then at most one every five seconds, and one when it ends."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        self.write(f"{name}: {total} {unit}{'' if total == 1 else 's'}")
        task = _LineTask(name, total, unit, self.write)
        yield task
        task.line("done")


_WORDS = {  # of figures between 0 and 1 that say how much is right
    "accuracy": "actions",
    "intent_accuracy": "intents",
    "response_accuracy": "responses",
    "entity_f1": "entities",
    "entities_f1": "entities",
    "role_f1": "roles",
    "group_f1": "groups",
}
_HELD_OUT = "val_"


def format_figures(figures: Mapping[str, float]) -> str:
    """Format figures for people: "intents 0.97, entities 0.93" where it is known how much is right, else the loss.

    Those of held-out examples come before those of the training data, and are named as what they are.
    """
    for prefix, of_what in ((_HELD_OUT, "held out: "), ("", "")):
        known = [(word, figures[prefix + name]) for name, word in _WORDS.items() if prefix + name in figures]
        if known:
            return of_what + ", ".join(f"{word} {value:.2f}" for word, value in known)
    if "loss" in figures:
        return f"loss {figures['loss']:.3g}"
    return ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in figures.items())


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
