"""Randomly connected layers whose connections come in blocks, so that training multiplies only what exists.

Rasa draws each connection of a kernel by itself; four fifths of the products in its encoders are then with zeros. A
kernel of blocks has about as many connections: the inputs are dealt out to G groups, and each group of outputs sees one
group of inputs. The groups of one layer cut across those of the layer before, so that after two layers everything is
connected with everything (the structure of Dao et al. 2022, "Monarch: Expressive Structured Matrices for Efficient and
Accurate Training"). The checkpoint holds the whole kernel with its mask, as for any other connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.layers import gelu
from rebake.nn.noise import Noise, dropout
from rebake.nn.weights import Blocks, Source, Weights, glorot_uniform, zeros


@dataclass(frozen=True)
class Groups:
    """How the units of an encoder are dealt out.

    Attributes:
        count: G, number of groups; the density of a kernel is 1 / G.
        units: of the encoder.
        heads: of the attention.
    """

    count: int
    units: int
    heads: int

    @staticmethod
    def of(density: float, inputs: int, units: int, heads: int) -> Groups | None:
        """The most groups that keep at least ``density`` of the connections and into which all layers divide; None if
        that is only one."""
        most = int(1.0 / density + 1e-9) if density > 0 else units
        fitting = [
            count
            for count in range(2, most + 1)
            if inputs % count == 0 and (units // heads) % count == 0 and (4 * units) % (count * count) == 0
        ]
        return Groups(fitting[-1], units, heads) if fitting else None

    def fit(self, source: Source, path: str, inputs: int) -> bool:
        """Whether an encoder with this source of weights is one in blocks: a new one is, and one whose first layer, at
        ``path``, was trained so; Rasa's connections are spread over the whole kernel."""
        if source.new:
            return True
        mask = self.embedding(inputs).mask((inputs, self.units))
        return bool(np.array_equal(source.value(f"{path}/kernel_mask", mask.shape, zeros), mask))

    def embedding(self, inputs: int) -> Blocks:
        """The connections of the layer in front of the encoder, and of its output layers."""
        return Blocks(self.strided(inputs), self.segments(self.units))

    def strided(self, size: int) -> NDArray[np.int64]:
        """[G, size / G]: unit i is in group i mod G."""
        return np.arange(size).reshape(-1, self.count).T

    def segments(self, size: int) -> NDArray[np.int64]:
        """[G, size / G]: each group is a run of neighbours."""
        return np.arange(size).reshape(self.count, -1)

    def deal(self, x: tf.Tensor) -> tf.Tensor:
        """[N, size] -> [G, N, size / G] as :meth:`strided` says"""
        return tf.transpose(tf.reshape(x, [-1, x.shape[1] // self.count, self.count]), [2, 0, 1])

    def join(self, x: tf.Tensor) -> tf.Tensor:
        """[G, N, size / G] -> [N, size] as :meth:`segments` says"""
        return tf.reshape(tf.transpose(x, [1, 0, 2]), [-1, self.count * x.shape[2]])


class BlockDense:
    """A linear layer in blocks."""

    def __init__(self, weights: Weights, path: str, groups: Groups, inputs: int, *, l2: float = 0.0) -> None:
        self.groups = groups
        shape = inputs, groups.units
        self.kernel = weights.add_blocks(f"{path}/kernel", shape, groups.embedding(inputs), glorot_uniform, l2=l2)
        self.bias = weights.add(f"{path}/bias", (groups.units,), zeros)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """[N, inputs] -> [N, units]"""
        return tf.nn.bias_add(self.groups.join(tf.matmul(self.groups.deal(x), self.kernel)), self.bias)


class BlockHeads:
    """Queries, keys or values of all heads, without bias: every group of inputs has its share of every head."""

    def __init__(self, weights: Weights, path: str, groups: Groups) -> None:
        units, depth = groups.units, groups.units // groups.heads
        share = np.arange(units).reshape(groups.heads, groups.count, depth // groups.count)
        blocks = Blocks(groups.strided(units), share.transpose(1, 0, 2).reshape(groups.count, -1))
        self.groups = groups
        self.kernel = weights.add_blocks(f"{path}/kernel", (units, units), blocks, glorot_uniform)

    @staticmethod
    def project(x: tf.Tensor, layers: Sequence[BlockHeads]) -> tf.Tensor:
        """[N, units] -> [N, layers · units], layer beside layer"""
        groups = layers[0].groups
        y = tf.matmul(groups.deal(x), tf.concat([layer.kernel for layer in layers], axis=2))
        share = groups.units // groups.heads // groups.count
        y = tf.reshape(y, [groups.count, -1, len(layers) * groups.heads, share])
        return tf.reshape(tf.transpose(y, [1, 2, 0, 3]), [-1, len(layers) * groups.units])


class BlockFeedForward:
    """The encoder's feed-forward block: units -> 4 · units, gelu, dropout -> units."""

    def __init__(self, weights: Weights, path: str, groups: Groups) -> None:
        units, count = groups.units, groups.count
        self.groups = groups
        expand = Blocks(groups.strided(units), groups.segments(4 * units))
        part = np.arange(4 * units).reshape(count, count, -1)  # [from group, to group, ...]
        contract = Blocks(part.transpose(1, 0, 2).reshape(count, -1), groups.segments(units))
        self.expand = weights.add_blocks(f"{path}/1/kernel", (units, 4 * units), expand, glorot_uniform)
        self.expand_bias = weights.add(f"{path}/1/bias", (4 * units,), zeros)
        self.contract = weights.add_blocks(f"{path}/3/kernel", (4 * units, units), contract, glorot_uniform)
        self.contract_bias = weights.add(f"{path}/3/bias", (units,), zeros)

    def __call__(self, x: tf.Tensor, rate: float, noise: Noise | None) -> tf.Tensor:
        """[N, units] -> [N, units]"""
        count, part = self.groups.count, 4 * self.groups.units // self.groups.count
        hidden = tf.matmul(self.groups.deal(x), self.expand)  # [G, N, 4 · units / G]
        hidden = dropout(gelu(hidden + tf.reshape(self.expand_bias, [count, 1, part])), rate, noise)
        parts = tf.transpose(tf.reshape(hidden, [count, -1, count, part // count]), [2, 1, 0, 3])
        mixed = tf.reshape(parts, [count, -1, part])
        return tf.nn.bias_add(self.groups.join(tf.matmul(mixed, self.contract)), self.contract_bias)
