"""Run Python code of one thread at a time while the others compute or wait outside of the interpreter.

By default the interpreter switches threads every few milliseconds. Two threads that each prepare a batch are then ready
at the same time, compute at the same time, and nothing overlaps. With the lock, one prepares while others compute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_mine = threading.local()


@contextmanager
def interpreter_held(lock: threading.Lock) -> Iterator[None]:
    """Acquire the lock: one of the threads that share it runs at a time, except in :func:`interpreter_released`."""
    with lock, _holding(lock):
        yield


@contextmanager
def interpreter_released() -> Iterator[None]:
    """Release the lock during work that takes a while and hardly needs the interpreter.

    Does nothing in a thread without the lock.
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
    """Note the lock that this thread has acquired; restore the earlier one afterwards."""
    before, _mine.lock = getattr(_mine, "lock", None), lock
    try:
        yield
    finally:
        _mine.lock = before
