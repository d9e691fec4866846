"""A job that is cancelled: GitHub sends SIGINT, some seconds later SIGTERM, and then ends the container."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CancelledError(BaseException):
    """The job was cancelled. No ``except Exception`` on the way takes it for an error of what it interrupts."""


class Cancellation:
    """Turns the first signal into CancelledError in the main thread, and ignores those that follow.

    A container's first process ignores signals that it has no handler for.

    Attributes:
        signal: that came; None as long as there was none. Libraries may turn the exception into one of theirs.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def watch(self) -> None:
        """Watch for signals from here on."""
        for number in SIGNALS:
            signal.signal(number, self._cancel)

    @property
    def exit_code(self) -> int:
        """As shells report a program that a signal ended."""
        return 128 + (self.signal or signal.SIGTERM)

    def _cancel(self, number: int, _frame: FrameType | None) -> NoReturn:
        for known in SIGNALS:
            signal.signal(known, signal.SIG_IGN)
        self.signal = number
        raise CancelledError
