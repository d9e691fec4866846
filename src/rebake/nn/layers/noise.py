"""Random numbers of one training step, as tensors of any shape.

Stateless random operations: the same seed and step give the same numbers whatever ran before. A layer is called with
a Noise while training and with None at prediction.
"""

from __future__ import annotations

import tensorflow as tf

_BETWEEN_REPLICAS = 15_485_863  # seeds from one replica's stream to the next one's


def grain(rate: float) -> tf.DType:
    """The smallest unsigned integers among which a part ``rate``, to 2 %, is below some threshold: the fewer bits
    decide on an element, the fewer random numbers are needed."""
    return tf.uint8 if abs(round(rate * 256) / 256 - rate) <= 0.02 * rate else tf.uint16


def rounded(rate: float) -> float:
    """Return the nearest rate that :meth:`Noise.keep` can draw."""
    steps = int(grain(rate).max) + 1
    return min(round(rate * steps), steps - 1) / steps


class Noise:
    """A stream of random tensors; every call draws from a different part of it.

    Args:
        seed: of the training.
        step: int tensor [], number of the optimiser step.
        drops: False switches dropout off and leaves the sampling of negatives, as the losses of held-out examples are
            measured.
        replica: which share of the batch the numbers are for, where several replicas have one each.

    Attributes:
        whole: the stream for what concerns the whole batch, the same in every replica.
    """

    def __init__(self, seed: int, step: tf.Tensor, *, drops: bool = True, replica: int | None = None) -> None:
        self.drops = drops
        self.whole = self
        if replica is not None:
            self.whole = Noise(seed, step, drops=drops)
            seed += (replica + 1) * _BETWEEN_REPLICAS
        seeds = tf.stack([tf.constant((seed * 1_000_003) % 2**31, tf.int32), tf.cast(step, tf.int32)])
        self._key, self._counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seeds)
        self._algorithm = tf.constant(tf.random.Algorithm.PHILOX.value)
        self._draws = 0

    def _next(self) -> dict[str, tf.Tensor]:
        """Where the generator goes on: its counter is of 128 bits, of which the lower half counts within a draw."""
        self._draws += 1
        counter = self._counter + tf.constant([0, self._draws], tf.uint64)
        return {"key": self._key, "counter": counter, "alg": self._algorithm}

    def keep(self, x: tf.Tensor, rate: float) -> tf.Tensor:
        """bool of the shape of ``x``: True with probability 1 - ``rate``, :func:`rounded`."""
        x = tf.convert_to_tensor(x)
        if not self.drops:
            return tf.ones_like(x, tf.bool)
        kind = grain(rate)
        each = 4 // kind.size
        fits = x.shape.rank is not None and x.shape[-1] is not None and x.shape[-1] % each == 0
        count = tf.size(x)
        words = tf.reshape((count if fits else count + (each - 1)) // each, [1])
        drawn = tf.raw_ops.StatelessRandomUniformFullIntV2(shape=words, dtype=tf.int32, **self._next())
        steps = tf.bitcast(drawn, kind)
        if not fits:
            steps = tf.reshape(steps, [-1])[:count]
        threshold = tf.constant(round(rounded(rate) * (int(kind.max) + 1)), kind)
        return tf.reshape(steps, tf.shape(x)) >= threshold

    def uniform(self, shape: tf.Tensor) -> tf.Tensor:
        """float32 of ``shape``, uniform in [0, 1)."""
        return tf.raw_ops.StatelessRandomUniformV2(shape=shape, **self._next())

    def permutation(self, count: tf.Tensor) -> tf.Tensor:
        """int32 [count]: the numbers 0 .. count - 1 in random order."""
        return tf.argsort(self.uniform(tf.stack([count])))

    def integers(self, shape: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
        """int32 of ``shape``, uniform in [0, below)."""
        return tf.raw_ops.StatelessRandomUniformIntV2(shape=shape, minval=0, maxval=below, **self._next())
