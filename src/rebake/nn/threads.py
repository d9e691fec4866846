"""What this process lets TensorFlow do: threads, deterministic operations, graph rewriting.

TensorFlow takes thread counts only until it first computes something, and for the whole process. It has two: threads
that share out one operation, and threads that run independent operations side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import tensorflow as tf

from rebake.base.processors import processors

ROWS_PER_THREAD = 700  # with fewer, two threads take longer than one
_CHOSEN = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own, which counts unless something is set


class _Ours:
    """What this module has set in this process; whatever else is set is somebody's choice.

    Attributes:
        threads: that share out an operation; 0 = nothing was set.
        asked: the user's ``num_threads`` that led to this number, or of which a warning has said that it came too late.
        for_predictions: it was set for a model that was loaded.
    """

    threads = 0
    asked: int | None = None
    for_predictions = False


def for_training(num_threads: int | None, rows: float, *, at_a_time: int = 1, warn: Callable[[str], None]) -> None:
    """Set thread counts, deterministic operations and graph rewriting of this process; call it before anything else of
    TensorFlow runs.

    Args:
        num_threads: what the user asked for, shared by what is computed side by side. None (or 0) leaves a choice that
            was made in TensorFlow's own ways.
        rows: of a training step. Where a matrix has few, sharing it out among threads takes longer than its product.
            Independent operations run side by side all the same.
        at_a_time: into how many matrices, computed side by side, the rows are divided.
        warn: called once where ``num_threads`` comes too late, or where a loaded model has decided for one thread.
    """
    tf.config.experimental.enable_op_determinism()
    # Rewriting the graph of a step takes up to half a second of each training, and makes none of ours any faster.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    if num_threads:
        threads = max(num_threads // at_a_time, 1)
        try:
            _set(threads)
            tf.config.threading.set_inter_op_parallelism_threads(num_threads)
            _Ours.asked = num_threads
        except RuntimeError:
            # An earlier training with the same num_threads may have divided it otherwise, or have warned already.
            if _Ours.asked != num_threads and _in_force() != (threads, num_threads):
                warn("TensorFlow runs already, so num_threads has no effect on this training.")
                _Ours.asked = num_threads
    elif not _is_chosen():
        worth = max(min(int(rows / at_a_time / ROWS_PER_THREAD), processors() // at_a_time), 1)
        try:
            _set(worth)
        except RuntimeError:
            if _Ours.for_predictions and worth > _Ours.threads:
                warn(
                    "This process loaded a model before, so no operation of this training is split across "
                    f"threads. Train first or in a separate process: the training can use {worth} threads."
                )


def for_predictions() -> None:
    """Let no operation be shared out among threads, unless somebody chose how many; call it before weights are read.

    A text or a dialogue is too small for it, and many texts are parsed in threads already, whose operations would wait
    for each other. Independent operations run side by side all the same. Where TensorFlow runs already, nothing
    changes.
    """
    if not _is_chosen() and _Ours.threads != 1:
        with suppress(RuntimeError):
            _set(1)
            _Ours.for_predictions = True


def _is_chosen() -> bool:
    return _CHOSEN in os.environ or tf.config.threading.get_intra_op_parallelism_threads() not in (0, _Ours.threads)


def _set(threads: int) -> None:
    """How many share out an operation. Raises RuntimeError where TensorFlow runs with another number."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    if threads != _Ours.threads:
        _Ours.threads, _Ours.for_predictions = threads, False


def _in_force() -> tuple[int, int]:
    """Threads that share out an operation, and threads for operations side by side."""
    threading = tf.config.threading
    threads = threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
    return threads[0] or processors(), threads[1] or processors()
