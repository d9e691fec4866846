"""The networks. TensorFlow is imported in this package alone, and only when something is trained or predicted."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rebake.progress import STDERR


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """File descriptor 2 leads nowhere inside; Python's own exceptions still get out."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr to silence
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# TensorFlow tells on stderr which instructions and drivers it found, some of it before its own log level counts; a
# person who trains a bot has no use for that. Who sets the variable wants to see it.
with STDERR, nullcontext() if "TF_CPP_MIN_LOG_LEVEL" in os.environ else _silenced_stderr():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow  # noqa: F401
