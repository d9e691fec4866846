"""What this process lets TensorFlow do: threads, deterministic operations, graph rewriting.

TensorFlow takes thread counts only until it first computes something, and for the whole process. It has two: threads
that share out one operation, and threads that run independent operations side by side.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress

import tensorflow as tf

from rebake.processors import processors

logger = logging.getLogger("rebake")

ROWS_PER_THREAD = 700  # with fewer, two threads take longer than one
_CHOSEN = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own, which counts unless something is set


def for_training(num_threads: int | None, rows: float, *, at_a_time: int = 1) -> None:
    """Set thread counts, deterministic operations and graph rewriting of this process; call it before anything else of
    TensorFlow runs.

    Args:
        num_threads: what the user asked for. Where it comes too late, a warning says so.
        rows: of all matrices of a training step that are computed side by side. Where one has few, sharing it out
            among threads takes longer than its product. Independent operations run side by side all the same.
        at_a_time: how many such matrices there are, which leaves each its part of the processors.
    """
    worth = max(min(int(rows / at_a_time / ROWS_PER_THREAD), processors() // at_a_time), 1)
    tf.config.experimental.enable_op_determinism()
    # Rewriting the graph of a step takes up to half a second of each training, and makes none of ours any faster.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        if num_threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(num_threads)
            tf.config.threading.set_inter_op_parallelism_threads(num_threads)
        elif worth < processors():
            tf.config.threading.set_intra_op_parallelism_threads(worth)
    except RuntimeError:
        if num_threads is not None:
            logger.warning("TensorFlow runs already, so num_threads has no effect on this training.")


def for_predictions() -> None:
    """Let no operation be shared out among threads, unless somebody chose how many; call it before weights are read.

    A single text is too small for it, and many are parsed by threads of their own, whose operations would wait for each
    other. Where TensorFlow runs already, it stays as it is.
    """
    if tf.config.threading.get_intra_op_parallelism_threads() == 0 and _CHOSEN not in os.environ:
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
