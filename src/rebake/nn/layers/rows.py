"""Sequences of different lengths packed into one matrix, row below row without padding.

Dense layers work on packed rows, so that no time goes into padding; attention and CRFs need the padded form. Both
directions are plain gathers, also in their gradients.

Shapes: B examples of a batch (sequences); T rows of the longest example; N rows of all examples, packed; K rows that
are chosen; H heads of the attention; D units of a row, or of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from rebake.nn.layers.gradients import custom_gradient


@dataclass(frozen=True)
class Rows:
    """Where the rows of each sequence are. B sequences, T rows in the longest, N rows together.

    Attributes:
        lengths: int32 [B]
        starts: int32 [B], first packed row of each sequence.
        positions: int32 [N], place of a packed row within its sequence.
        mask: float32 [B, T], 1 where a row exists.
        to_padded: int32 [B, T], the packed row of each cell; 0 at padding.
        to_packed: int32 [N], the cell (b·T + t) of each packed row.
    """

    lengths: tf.Tensor
    starts: tf.Tensor
    positions: tf.Tensor
    mask: tf.Tensor
    to_padded: tf.Tensor
    to_packed: tf.Tensor

    @staticmethod
    def of(lengths: tf.Tensor) -> Rows:
        """The layout of packed sequences of these lengths."""
        lengths = tf.cast(lengths, tf.int32)
        starts = tf.cumsum(lengths, exclusive=True)
        steps = tf.range(tf.maximum(tf.reduce_max(lengths), 1))  # [T]
        exists = steps[None, :] < lengths[:, None]
        to_padded = tf.where(exists, starts[:, None] + steps[None, :], 0)
        to_packed = tf.cast(tf.where(tf.reshape(exists, [-1]))[:, 0], tf.int32)
        positions = tf.math.floormod(to_packed, tf.shape(steps)[0])
        return Rows(lengths, starts, positions, tf.cast(exists, tf.float32), to_padded, to_packed)

    @property
    def last(self) -> tf.Tensor:
        """int32 [B]: the last packed row of each sequence (of an empty one: the row where it would start)."""
        return self.starts + tf.maximum(self.lengths - 1, 0)

    def halves(self) -> tuple[tuple[Rows, Rows], tf.Tensor]:
        """The layouts of the first and the other half of the sequences, and int32 [2]: how many rows each has."""
        first = tf.shape(self.lengths)[0] // 2
        here, there = self.lengths[:first], self.lengths[first:]
        return (Rows.of(here), Rows.of(there)), tf.stack([tf.reduce_sum(here), tf.reduce_sum(there)])

    def pad(self, x: tf.Tensor) -> tf.Tensor:
        """[N, D] -> [B, T, D]. Padding repeats the first row of the batch and passes no gradient: mask what you use."""

        @custom_gradient
        def gather(packed: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                flat = tf.reshape(upstream, tf.concat([[-1], tf.shape(upstream)[2:]], axis=0))
                return tf.gather(flat, self.to_packed)

            return tf.gather(packed, self.to_padded), gradient

        return gather(x)

    def take(self, x: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
        """Packed rows [N, D] at ``chosen`` (int32 [K], each row at most once) -> [K, D]."""

        @custom_gradient
        def gather(packed: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                return tf.scatter_nd(chosen[:, None], upstream, tf.shape(packed))

            return tf.gather(packed, chosen), gradient

        return gather(x)

    def pack(self, x: tf.Tensor) -> tf.Tensor:
        """[B, T, D] -> [N, D], dropping the padding."""

        @custom_gradient
        def gather(padded: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                return tf.gather(upstream, self.to_padded) * self.mask[:, :, None]

            flat = tf.reshape(padded, tf.concat([[-1], tf.shape(padded)[2:]], axis=0))
            return tf.gather(flat, self.to_packed), gradient

        return gather(x)

    def pad_heads(self, x: tf.Tensor, layers: int, heads: int) -> tf.Tensor:
        """[N, layers · H · D] -> [layers, B, H, T, D], in one copy; padding as in :meth:`pad`."""
        depth = x.shape[1] // (layers * heads)
        part = tf.reshape(tf.range(layers * heads), [layers, 1, heads, 1])

        @custom_gradient
        def gather(packed: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                cells = self._cells(heads)[:, None, :]  # [N, 1, H]
                layer = tf.range(layers)[:, None] * (tf.size(self.to_padded) * heads)
                picked = tf.gather(tf.reshape(upstream, [-1, depth]), cells + layer)
                return tf.reshape(picked, [-1, layers * heads * depth])

            here = self.to_padded[None, :, None, :] * (layers * heads) + part
            return tf.gather(tf.reshape(packed, [-1, depth]), here), gradient

        return gather(x)

    def pack_heads(self, x: tf.Tensor) -> tf.Tensor:
        """[B, H, T, D] -> [N, H · D], dropping the padding, in one copy."""
        heads, depth = x.shape[1], x.shape[3]

        @custom_gradient
        def gather(padded: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                here = self.to_padded[:, None, :] * heads + tf.range(heads)[None, :, None]
                return tf.gather(tf.reshape(upstream, [-1, depth]), here) * self.mask[:, None, :, None]

            picked = tf.gather(tf.reshape(padded, [-1, depth]), self._cells(heads))
            return tf.reshape(picked, [-1, heads * depth]), gradient

        return gather(x)

    def _cells(self, heads: int) -> tf.Tensor:
        """int32 [N, H]: where each packed row is in [B, H, T]."""
        time = tf.shape(self.to_padded)[1]
        first = (self.to_packed - self.positions) * heads + self.positions
        return first[:, None] + tf.range(heads) * time


@custom_gradient
def permute(x: tf.Tensor, order: tf.Tensor, inverse: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], object]]:
    """The rows of x [N, D] in another order (``inverse`` undoes ``order``, both int32 [N])."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None, None]:
        return tf.gather(upstream, inverse), None, None

    return tf.gather(x, order), gradient
