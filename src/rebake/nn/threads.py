"""What this process lets TensorFlow do: threads, deterministic operations, graph rewriting.

TensorFlow takes thread counts only until it first computes something, and for the whole process. It has two. Threads
that run independent operations side by side change no result. Threads that share out one operation do: the sum over a
whole tensor, and a product with a long inner dimension, are added up in as many pieces as there are threads. So here no
operation is shared out, and the same training gives the same model whatever the machine has.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import tensorflow as tf

from rebake.base.processors import processors

_CHOSEN = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own, which counts unless something is set


class _Ours:
    """What this module has said in this process.

    Attributes:
        asked: the user's ``num_threads`` that was set, or of which a warning has said that it came too late.
        warned: a warning has said that somebody's choice shares out operations.
    """

    asked: int | None = None
    warned = False


def for_training(num_threads: int | None, *, warn: Callable[[str], None]) -> int | None:
    """Set thread counts, deterministic operations and graph rewriting of this process; call it before anything else of
    TensorFlow runs.

    Args:
        num_threads: what the user asked for: how many operations run side by side. None (or 0) = as many as there are
            processors; then a choice that was made in TensorFlow's own ways stays.
        warn: called once where ``num_threads`` comes too late, and once where operations are shared out.

    Returns:
        How many threads share out an operation, if somebody chose that: the weights are those of this number alone.
        None where no operation is shared out.
    """
    tf.config.experimental.enable_op_determinism()
    # Rewriting the graph of a step takes up to half a second of each training, and makes none of ours any faster.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    if num_threads or not _is_chosen():
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
    if num_threads:
        try:
            tf.config.threading.set_inter_op_parallelism_threads(num_threads)
            _Ours.asked = num_threads
        except RuntimeError:
            if _Ours.asked != num_threads and _side_by_side() != num_threads:
                warn("TensorFlow runs already, so num_threads has no effect on this training.")
                _Ours.asked = num_threads
    sharing = _sharing()
    if sharing == 1:
        return None
    if not _Ours.warned:
        warn(
            f"This process lets {sharing} threads share each operation of TensorFlow, so the weights differ a little "
            f"from those of a training elsewhere. Unset {_CHOSEN}, and train before anything else uses TensorFlow."
        )
        _Ours.warned = True
    return sharing


def for_predictions() -> None:
    """Let no operation be shared out among threads, unless somebody chose how many; call it before weights are read.

    A text or a dialogue is too small for it, and many texts are parsed in threads already, whose operations would wait
    for each other. Independent operations run side by side all the same. Where TensorFlow runs already, nothing
    changes.
    """
    if not _is_chosen():
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)


def _is_chosen() -> bool:
    return _CHOSEN in os.environ or tf.config.threading.get_intra_op_parallelism_threads() not in (0, 1)


def _sharing() -> int:
    """How many threads share out an operation."""
    chosen = os.environ.get(_CHOSEN, "")
    by_default = int(chosen) if chosen.isdecimal() and int(chosen) else processors()
    return tf.config.threading.get_intra_op_parallelism_threads() or by_default


def _side_by_side() -> int:
    """How many threads run operations side by side."""
    return tf.config.threading.get_inter_op_parallelism_threads() or processors()
