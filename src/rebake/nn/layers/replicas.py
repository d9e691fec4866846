"""Where a layer needs the whole batch of a step of which several replicas compute a share each.

A replica is a device with a copy of the network. Its share of the batch goes through the encoder there. What compares
examples with each other (negatives of a loss, a mean over the batch) is computed by every replica for the whole batch,
from gathered vectors: it is little work, and so the loss is that of one process with the same batch.

The gradients of all replicas are added up afterwards. So a gathered vector hands its gradient to the replica that it is
from, and what every replica computes alike has its gradient divided by their number.

Where there is one replica, all functions return what they are given, and add nothing to the graph.

Shapes: R replicas; K columns of a sparse feature that the batch has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import tensorflow as tf
from tensorflow.python.distribute.distribute_lib import ReplicaContext, get_replica_context

from rebake.nn.layers.gradients import custom_gradient


@dataclass(frozen=True)
class Sharing:
    """How a batch is shared out.

    Attributes:
        examples: int32 [R], how many each replica has.
        rows: path of a kernel of sparse features -> int32 [K], the features that any example of the whole batch has;
            the gradient of all others is 0.
    """

    examples: tf.Tensor
    rows: Mapping[str, tf.Tensor]


_sharing: ContextVar[Sharing] = ContextVar("sharing")


@contextmanager
def sharing(how: Sharing) -> Iterator[None]:
    """Operations of a replica that are recorded inside are for a share of a batch."""
    token = _sharing.set(how)
    try:
        yield
    finally:
        _sharing.reset(token)


def sparse_rows() -> Mapping[str, tf.Tensor]:
    """``rows`` of the batch whose step is recorded."""
    return _sharing.get().rows


def replica_number() -> int:
    """Which of the replicas it is whose operations are being recorded, counted from 0."""
    return int(tf.get_static_value(get_replica_context().replica_id_in_sync_group))


def _replica() -> ReplicaContext | None:
    context = get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def counts_of(x: tf.Tensor) -> tf.Tensor | None:
    """int32 [R]: how many rows each replica has, where those are no examples; None where there is one replica."""
    context = _replica()
    if context is None:
        return None
    own = tf.one_hot(replica_number(), context.num_replicas_in_sync) * tf.cast(tf.shape(x)[0], "float")
    return tf.cast(context.all_reduce("sum", own), tf.int32)


def whole(x: tf.Tensor, counts: tf.Tensor | None = None) -> tf.Tensor:
    """The rows of all replicas, in their order.

    Args:
        x: floats, or integers below 2^24.
        counts: int32 [R], rows of each replica; by default there is one for each example.
    """
    context = _replica()
    if context is None:
        return x
    counts = _sharing.get().examples if counts is None else counts
    start, total = tf.reduce_sum(counts[: replica_number()]), tf.reduce_sum(counts)

    @custom_gradient
    def gathered(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        count = tf.shape(x)[0]
        around = tf.concat([[[start, total - start - count]], tf.zeros([x.shape.rank - 1, 2], tf.int32)], axis=0)
        # One round, while a gathering would first exchange the shapes.
        found = context.all_reduce("sum", tf.pad(x, around))
        return found, lambda upstream: upstream[start : start + count]

    if x.dtype.is_integer:
        return tf.cast(gathered(tf.cast(x, tf.float32)), x.dtype)
    return gathered(x)


def alike(x: tf.Tensor) -> tf.Tensor:
    """x, which every replica computes from the same numbers; of its gradient each adds its share."""
    context = _replica()
    if context is None:
        return x
    share = 1.0 / context.num_replicas_in_sync

    @custom_gradient
    def same(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(x), lambda upstream: upstream * share

    return same(x)
