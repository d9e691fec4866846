"""What a person sees on stderr: notices, and how far long work has come.

A terminal gets a bar (drawn by rich, which honours NO_COLOR); anything else, such as a CI log, gets a line when a
task starts, then at most one every five seconds, and one when it ends.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TextIO

from rebake.base.location import Notice
from rebake.base.notice_kinds import Severity
from rebake.base.notices import shown
from rebake.base.progress import LineProgress, Progress, Silent, Task, format_figures
from rebake.base.visible import harmless, one_line
from rebake.report.text import notice_lines, paint

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID
    from rich.status import Status


MIN_WIDTH = 40  # columns; a tree needs some
WIDE = 100  # columns; with fewer, bars leave out what is not needed
LOADING_DATA = "Loading TensorFlow and the data"


@dataclass(frozen=True)
class Look:
    """How a command talks to a person: the options that every command has.

    Attributes:
        color: "auto", "always" or "never".
        quiet: nothing but errors and the result.
        verbose: every warning by itself, and what is read and compared.
    """

    color: str = "auto"
    quiet: bool = False
    verbose: bool = False


_DEFAULT = Look()
_look: ContextVar[Look] = ContextVar("look", default=_DEFAULT)


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """Print as the options say, as long as the context lasts."""
    before = _look.set(look)
    try:
        yield
    finally:
        _look.reset(before)


def say(message: str) -> None:
    """Print a message to stderr, unless that is not wanted (``--quiet``)."""
    if not _look.get().quiet:
        print(message, file=sys.stderr)


def say_more(message: str) -> None:
    """Print what only ``--verbose`` shows."""
    if _look.get().verbose and not _look.get().quiet:
        print(f"rebake: {message}", file=sys.stderr)


def use_color(stream: TextIO) -> bool:
    """Whether to colour what goes to ``stream``.

    By default a terminal, without NO_COLOR (https://no-color.org) and TERM=dumb; ``--color`` decides otherwise.
    """
    if (color := _look.get().color) != "auto":
        return color == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text_width(stream: TextIO) -> int | None:
    """Return the columns of a terminal (COLUMNS overrides them); None where lines have no limit, as in a file."""
    if os.environ.get("COLUMNS", "").isdecimal() or stream.isatty():
        return max(shutil.get_terminal_size().columns, MIN_WIDTH)
    return None


def can_draw(stream: TextIO) -> bool:
    """Return whether the stream's encoding has the lines of a tree."""
    try:
        "├└│─".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def make_progress(stream: TextIO | None = None, *, waiting: Waiting | None = None) -> Progress:
    """The progress that suits ``stream`` (stderr by default); its first bar takes the place of ``waiting``."""
    stream = stream or sys.stderr
    if _look.get().quiet:
        return Silent()
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return BarProgress(stream) if waiting is None else BarProgress(stream, waiting.stop)
    return LineProgress(partial(print, file=stream, flush=True))


def print_notices(notices: Iterable[Notice], *, has_report: bool = False) -> None:
    """Print warnings to stderr, many of a kind as one line, and their number where there are several.

    ``has_report`` says that the command has ``--report``.
    """
    look = _look.get()
    everything = list(notices)
    found = shown(everything)
    if look.quiet:
        return
    if look.verbose:
        lines = [
            ("info" if notice.severity is Severity.INFO else "warning", one_line(str(notice))) for notice in everything
        ]
    else:
        lines = [("warning", line) for line in notice_lines(found)]
    for label, line in lines:
        print(f"{paint(f'{label}:', label, use_color(sys.stderr))} {line}", file=sys.stderr)
    if len(found) > 1:
        how = "-v or --report FILE lists" if has_report else "-v lists"
        print(f"{len(found):,} warnings.{f' {how} every one.' if len(lines) < len(found) else ''}", file=sys.stderr)


_STYLES = {"bold": "1", "dim": "2"}


def paint_text(text: str, style: str, color: bool) -> str:
    """Return text in a style, or as it is without ``color``."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and text.strip() else text


def print_log(line: str) -> None:
    """Print a line of the user's own Rasa to stderr, so that it neither controls the terminal nor commands a runner."""
    print(f"rasa: {harmless(line)}", file=sys.stderr, flush=True)


class _BarTask:
    def __init__(self, progress: RichProgress, task: TaskID) -> None:
        self.progress, self.task = progress, task

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.progress.update(self.task, advance=steps)
        if figures:
            self.progress.update(self.task, figures=format_figures(figures))


class BarProgress:
    """Bars with figures and the time left, for terminals; tasks of several threads stand below each other."""

    def __init__(self, stream: TextIO, before_first: Callable[[], object] = lambda: None) -> None:
        self.stream = stream
        self._before_first = before_first
        self._bars: RichProgress | None = None
        self._open = 0
        self._lock = threading.Lock()

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        from rich.markup import escape

        with self._lock:
            self._before_first()
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
        from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        console = Console(file=self.stream, no_color=not use_color(self.stream))
        is_wide = console.width >= WIDE
        name = Column(no_wrap=True, overflow="ellipsis", max_width=None if is_wide else max(console.width - 36, 4))
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}", table_column=name),
            BarColumn(bar_width=28 if is_wide else 8),
            TextColumn("{task.completed:.0f}/{task.total:.0f}" + (" {task.fields[unit]}" if is_wide else "")),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
        ]
        if is_wide:
            columns.insert(3, TimeElapsedColumn())
        return RichProgress(*columns, console=console)


class Waiting:
    """A spinner with words, on a terminal alone, for work whose length nobody knows."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._running: tuple[Status, TextIO] | None = None

    def __enter__(self) -> Waiting:
        if _look.get().quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return self
        from rich.console import Console

        # A descriptor of its own: while TensorFlow is imported, that of stderr leads nowhere.
        stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding, errors="replace")
        console = Console(file=stream, no_color=not use_color(sys.stderr), force_terminal=True)
        status = console.status(self._words, spinner="dots" if can_draw(sys.stderr) else "line")
        status.start()
        self._running = status, stream
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the spinner, before anything else is drawn; it does not come back."""
        if self._running is not None:
            status, stream = self._running
            self._running = None
            status.stop()
            stream.close()


@contextmanager
def log_group(title: str) -> Iterator[None]:
    """Fold what is printed to stderr, where a job of GitHub Actions shows it; ``title`` is one line of ours."""
    if os.environ.get("GITHUB_ACTIONS") != "true" or sys.stderr.isatty() or _look.get().quiet:
        yield
        return
    print(f"::group::{title}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("::endgroup::", file=sys.stderr, flush=True)
