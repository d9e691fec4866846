"""Let threads take turns at Python where each also computes or waits outside of the interpreter.

Left to itself the interpreter goes from thread to thread every few milliseconds. Two that prepare a batch each are then
ready at the same time, and compute at the same time, and nothing overlaps. In turns, one prepares while others compute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_mine = threading.local()


@contextmanager
def interpreter_held(lock: threading.Lock) -> Iterator[None]:
    """Hold the interpreter: of the threads that share a lock, one at a time is inside, except in
    :func:`interpreter_released`.
    """
    with lock, _holding(lock):
        yield


@contextmanager
def interpreter_released() -> Iterator[None]:
    """Let another thread have the interpreter during work that takes a while and hardly needs it.

    Does nothing in a thread that does not hold the interpreter.
    """
    lock: threading.Lock | None = getattr(_mine, "lock", None)
    if lock is None:
        yield
        return
    with _holding(None):
        lock.release()
        try:
            yield
        finally:
            lock.acquire()


@contextmanager
def _holding(lock: threading.Lock | None) -> Iterator[None]:
    """Note the lock by which this thread holds the interpreter; restore the earlier one afterwards."""
    before, _mine.lock = getattr(_mine, "lock", None), lock
    try:
        yield
    finally:
        _mine.lock = before
