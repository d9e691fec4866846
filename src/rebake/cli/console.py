"""What a person sees on stderr: notices, and how far long work has come.

A terminal gets a bar (drawn by rich, which honours NO_COLOR); anything else, such as a CI log, gets a line when a
task starts, then at most one every ten seconds, and one when it ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rebake.base.location import Notice
from rebake.base.progress import Progress, Silent, Task
from rebake.report.text import notice_lines

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LINE_INTERVAL = 10.0  # seconds between the lines of one task in a log


def use_color(stream: TextIO) -> bool:
    """Whether to colour what goes to ``stream``: a terminal, no NO_COLOR (https://no-color.org), not TERM=dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def make_progress(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """The progress that suits ``stream`` (stderr by default)."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return BarProgress(stream)
    return LineProgress(stream)


def print_notices(notices: Iterable[Notice]) -> None:
    """Print warnings to stderr, many of a kind as one line."""
    found = tuple(notices)
    lines = notice_lines(found)
    for line in lines:
        print(f"warning: {line}", file=sys.stderr)
    if len(lines) < len(found):
        print("Use --report FILE to get every warning with its line.", file=sys.stderr)


def format_figures(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in figures.items())


class _LineTask:
    def __init__(self, name: str, total: int, unit: str, stream: TextIO) -> None:
        self.name, self.total, self.unit, self.stream = name, total, unit, stream
        self.done = 0
        self.figures: dict[str, float] = {}
        self.started = self.last_line = time.monotonic()

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.done += steps
        self.figures = figures or self.figures
        if self.done < self.total and time.monotonic() - self.last_line >= LINE_INTERVAL:
            self.write(f"{self.unit} {self.done}/{self.total}")

    def write(self, what: str) -> None:
        self.last_line = time.monotonic()
        figures = f", {format_figures(self.figures)}" if self.figures else ""
        self.stream.write(f"{self.name}: {what}{figures}, {self.last_line - self.started:.0f} s\n")
        self.stream.flush()


class LineProgress:
    """Sparse lines, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        self.stream.write(f"{name}: {total} {unit}{'' if total == 1 else 's'}\n")
        self.stream.flush()
        task = _LineTask(name, total, unit, self.stream)
        yield task
        task.write("done")


class _BarTask:
    def __init__(self, progress: RichProgress, task: TaskID) -> None:
        self.progress, self.task = progress, task

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.progress.update(self.task, advance=steps)
        if figures:
            self.progress.update(self.task, figures=format_figures(figures))


class BarProgress:
    """Bars with figures and the time left, for terminals; tasks of several threads stand below each other."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._bars: RichProgress | None = None
        self._open = 0
        self._lock = threading.Lock()

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        from rich.markup import escape

        with self._lock:
            if self._bars is None:
                self._bars = self._new_bars()
                self._bars.start()
            self._open += 1
            bars = self._bars
        try:
            yield _BarTask(bars, bars.add_task(escape(name), total=total, unit=escape(f"{unit}s"), figures=""))
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    bars.stop()
                    self._bars = None

    def _new_bars(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        return RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(file=self.stream, no_color=not use_color(self.stream)),
        )
