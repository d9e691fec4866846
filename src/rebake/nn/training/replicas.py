"""A training on several devices at a time: those of this machine, and with a cluster those of other machines.

Every replica has the same variables. In a step each computes the gradient of its share of the batch (see
:mod:`rebake.nn.layers.replicas`); their sum goes into every copy of the variables alike.

Shapes: B examples of a batch; R replicas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.distribute.distribute_lib import get_replica_context

from rebake.base.names import named
from rebake.errors import DataError
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.replicas import Sharing, replica_number, sharing, sparse_rows
from rebake.nn.training.unfinished import Unfinished

Step = Callable[[Any, tf.Tensor, tf.Tensor], Mapping[str, tf.Tensor]]  # (batch, number, bound) -> losses


class LostWorkerError(Exception):
    """Another process of the training ended, or gave no sign of life.

    Attributes:
        number: which one it was; None if that is not known.
        reason: what TensorFlow says of it, a clause.
    """

    def __init__(self, number: int | None, reason: str) -> None:
        super().__init__(reason)
        self.number = number
        self.reason = reason

    @classmethod
    def of(cls, error: tf.errors.OpError) -> Self:
        """Read what TensorFlow says."""
        text = str(error.message)
        found = re.search(r"unhealthy[^/]*/job:\w+/replica:\d+/task:(\d+)", text, re.DOTALL)
        found = found or re.search(r"/job:\w+(?:/replica:\d+)?/task:(\d+)", text)
        known = re.search(r"heartbeat|Connection \w+(?: by peer)?|Deadline Exceeded|Socket closed", text)
        reason = "TensorFlow has no connection to it" if known is None else known.group()
        if reason == "heartbeat":
            reason = "it gave no sign of life"
        return cls(None if found is None else int(found.group(1)), reason)


@dataclass(frozen=True)
class Replicas:
    """The replicas of a training, as one of its processes sees them.

    Attributes:
        strategy: TensorFlow's, which mirrors variables and adds up gradients.
        count: R
        first: number of the first replica of this process.
        local: L
        unfinished: what earlier runs left, and where this one saves.
    """

    strategy: Any
    count: int
    first: int
    local: int
    unfinished: Unfinished = field(default_factory=Unfinished)

    @classmethod
    def of(cls, strategy: Any, worker: int = 0, unfinished: Unfinished | None = None) -> Self:
        """Those of a strategy; ``worker`` is the number of this process, of which each has as many replicas."""
        local = len(strategy.extended.worker_devices)
        return cls(strategy, strategy.num_replicas_in_sync, worker * local, local, unfinished or Unfinished())

    def variables(self) -> AbstractContextManager[Any]:
        """Variables that are made inside are mirrored; they get the first values that worker 0 has for them."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope

    @contextmanager
    def losing_workers(self) -> Iterator[None]:
        """Raise LostWorkerError where TensorFlow cannot reach another process."""
        try:
            yield
        except tf.errors.OpError as error:
            if re.search("[Cc]ollective|/job:", str(error.message)) is None:
                raise
            raise LostWorkerError.of(error) from error

    def of_first(self, arrays: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """The arrays of the first replica's process; the others give some of the same shapes."""

        def exchanged(given: list[tf.Tensor]) -> Any:
            def replica() -> list[tf.Tensor]:
                here = given if replica_number() == 0 else [tf.zeros_like(array) for array in given]
                sums: list[tf.Tensor] = get_replica_context().all_reduce("sum", [tf.identity(array) for array in here])
                return sums

            return [self.strategy.experimental_local_results(array)[0] for array in self.strategy.run(replica)]

        traced = tf.function(exchanged, autograph=False)
        return [array.numpy() for array in traced([tf.constant(array) for array in arrays])]

    def require_shares(self, node: str, batch: int) -> None:
        """Raise DataError where the smallest batches of a network have no example for each replica."""
        if batch < self.count:
            raise DataError(
                f"{named(node)} is trained in batches of {batch}, which {self.count} replicas cannot share.",
                fix="Increase batch_size, or train with fewer workers.",
            )

    def joined(self, batches: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
        """The batches of an epoch; a last one that has not an example for each replica belongs to the one before."""
        if len(batches) > 1 and len(batches[-1]) < self.count:
            return [*batches[:-2], np.concatenate(batches[-2:])]
        return list(batches)

    def shares(self, batch: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], NDArray[np.int32]]:
        """The examples of a batch [B] that are for each replica of this process, and how many each of all has [R]."""
        shares = np.array_split(batch, self.count)
        return shares[self.first : self.first + self.local], np.array([len(share) for share in shares], np.int32)

    def signature(self, of_batch: Any, sparse: Iterable[str] = ()) -> Any:
        """That of a batch as :meth:`run` takes it: the shares of this process, int32 [R], and rows of the kernels of
        these paths."""
        rows = {path: tf.TensorSpec([None], tf.int32) for path in sparse}
        return (of_batch,) * self.local, tf.TensorSpec([self.count], tf.int32), rows

    def run(self, step: Step) -> Step:
        """The step of all replicas of this process, in place of that of one."""

        def together(batch: Any, number: tf.Tensor, bound: tf.Tensor) -> Mapping[str, tf.Tensor]:
            shares, examples, rows = batch

            def replica() -> Mapping[str, tf.Tensor]:
                with sharing(Sharing(examples, rows)):
                    share = shares[replica_number() - self.first]
                    return step(share, number, bound)

            found: Mapping[str, Any] = self.strategy.run(replica)
            return {name: self.strategy.experimental_local_results(loss)[0] for name, loss in found.items()}

        return together

    @staticmethod
    def noise(seed: int, number: tf.Tensor) -> Noise:
        """The random numbers of the replica whose step is recorded."""
        return Noise(seed, number, replica=replica_number())

    @staticmethod
    def sum(gradients: Mapping[str, tf.Tensor | None]) -> list[tf.Tensor | None]:
        """The gradients of all replicas, added up in one exchange; None where a variable has none.

        Of a kernel of sparse features goes over the network what is not 0: of 18,700 features a batch of 256 short
        texts has 4,100.
        """
        rows = sparse_rows()
        there = {path: tf.convert_to_tensor(gradient) for path, gradient in gradients.items() if gradient is not None}
        given = [tf.gather(gradient, rows[path]) if path in rows else gradient for path, gradient in there.items()]
        sums = dict(zip(there, get_replica_context().all_reduce("sum", given), strict=True))
        for path in rows.keys() & there.keys():
            empty = tf.zeros_like(there[path])
            sums[path] = tf.tensor_scatter_nd_update(empty, rows[path][:, None], sums[path])
        return [sums.get(path) for path in gradients]
