"""Garbage collection paused for a while."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Pause garbage collection for work that makes hundreds of thousands of lasting objects: an import, a graph, or the
    values of a large assistant.

    Looking through them again and again would take from a sixth to a quarter of its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
