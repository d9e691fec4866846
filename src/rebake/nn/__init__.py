"""The networks. TensorFlow is imported in this package alone, and only when something is trained or predicted."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec

from rebake.base.garbage_collection import no_garbage_collection
from rebake.base.progress import STDERR
from rebake.nn.deferred import deferred_interface


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


@contextmanager
def _without_keras() -> Iterator[None]:
    """Importing TensorFlow inside leaves Keras out, which takes a third of the time and nothing here uses.

    Where TF_USE_LEGACY_KERAS asks for a Keras (2) that is not installed, TensorFlow imports none. It reads the variable
    again at the first use of ``tf.keras``, which is therefore what it would have been.
    """
    name = "TF_USE_LEGACY_KERAS"
    if name in os.environ or find_spec("tf_keras") is not None:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]


# TensorFlow prints to stderr which instructions and drivers it found, partly before its own log level counts. Nobody
# who trains an assistant needs that; another level than this one, errors alone, shows it.
ERRORS_ALONE = "3"
quiet = _silenced_stderr() if os.environ.get("TF_CPP_MIN_LOG_LEVEL", ERRORS_ALONE) == ERRORS_ALONE else nullcontext()
with STDERR, quiet, _without_keras(), no_garbage_collection(), deferred_interface():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", ERRORS_ALONE)
    # Memory of a step is kept for the next one; giving it back to the system each time takes a tenth of a training.
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    # Core trains in a process beside NLU: without this, the first of them would take all memory of a GPU.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    import tensorflow as tf

    # What networks use is loaded now: two threads may find a deferred module half loaded (CPython's issue 114763).
    for name in ("config", "errors", "linalg", "math", "random", "raw_ops"):
        dir(getattr(tf, name))

    gc.freeze()  # TensorFlow stays: the first collection, still to come, need not look through all of it
