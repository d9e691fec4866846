"""Randomly connected layers whose connections come in blocks, so that training multiplies only what exists.

Rasa draws each connection of a kernel by itself; four fifths of the products in its encoders are then with zeros. A
kernel of blocks has about as many connections: the inputs are dealt out to G groups, and each group of outputs sees one
group of inputs. The groups of one layer cut across those of the layer before, so that after two layers everything is
connected with everything (the structure of Dao et al. 2022, "Monarch: Expressive Structured Matrices for Efficient and
Accurate Training"). The checkpoint contains the whole kernel with its mask, as for any other connections.

Shapes: N rows of all examples, packed; G groups; I inputs of a layer; U units that it gives out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.layers.activations import gelu
from rebake.nn.layers.dense import bias_add
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.noise import Noise
from rebake.nn.weights import Blocks, Weights, WeightSource, glorot_uniform, zeros

QUERIES = "_enc_layers/0/_mha/_query_dense_layer"  # where those of the first layer are below a transformer


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

    def fit(self, source: WeightSource, path: str, inputs: int, layers: int) -> bool:
        """Whether the encoder at ``path`` of this source of weights is one in blocks: a new one is, and one whose first
        layers were trained so. Rasa's connections are spread over the whole kernel, and earlier versions of rebake
        dealt units out in other ways."""
        if source.new:
            return True
        masks = {"_embedding": self.embedding(inputs).mask((inputs, self.units))}
        if layers > 0:
            masks[QUERIES] = self.queries.mask((self.units, self.units))
        return all(
            np.array_equal(source.value(f"{path}/{name}/kernel_mask", mask.shape, zeros), mask)
            for name, mask in masks.items()
        )

    def embedding(self, inputs: int) -> Blocks:
        """Return the connections of the layer in front of the encoder."""
        return Blocks(self.dealt(inputs, self.run(inputs)), self.segments(self.units))

    @property
    def queries(self) -> Blocks:
        """The connections of queries, keys and values."""
        units = self.units
        return Blocks(self.dealt(units, self.run(units)), self.dealt(units, self.run(units, units // self.heads)))

    def run(self, size: int, part: int = 0) -> int:
        """How many neighbours a group takes at a time where ``size`` units are dealt out: as many as there can be if
        every segment of them, and every part of ``part`` units, is to be dealt out to all groups."""
        each = (part or size) // self.count
        most = max(size // self.count**2, 1)
        return max(run for run in range(1, min(each, most) + 1) if each % run == 0)

    def dealt(self, size: int, run: int) -> NDArray[np.int64]:
        """[G, size / G]: runs of units are dealt out to one group after the other, again and again."""
        return np.arange(size).reshape(-1, self.count, run).transpose(1, 0, 2).reshape(self.count, -1)

    def segments(self, size: int) -> NDArray[np.int64]:
        """[G, size / G]: each group is one run of neighbours."""
        return self.dealt(size, size // self.count)


def product(x: tf.Tensor, kernel: tf.Tensor, read: int, write: int) -> tf.Tensor:
    """Every group of x times its block: [N, I] -> [N, U].

    A product for each group takes two thirds of the time of one batched product, and TensorFlow runs them side by side.
    Taking groups out of rows and putting them in is one copy each, by runs; single units take three times as long.

    Args:
        kernel: [G, I / G, U / G]
        read, write: the runs in which inputs and outputs are dealt out, see :meth:`Groups.dealt`.
    """
    count, inputs, outputs = kernel.shape

    def groups(rows: tf.Tensor, run: int, width: int) -> list[tf.Tensor]:
        if run == width:
            return list(tf.split(rows, count, axis=1))
        shape = tf.constant([-1, width])
        return [tf.reshape(part, shape) for part in tf.split(tf.reshape(rows, [-1, count, run]), count, axis=1)]

    def rows(groups: Sequence[tf.Tensor], run: int, width: int) -> tf.Tensor:
        if run == width:
            return tf.concat(groups, axis=1)
        shape = tf.constant([-1, 1, run])
        return tf.reshape(tf.concat([tf.reshape(group, shape) for group in groups], axis=1), [-1, count * width])

    @custom_gradient
    def multiply(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        xs, blocks = groups(x, read, inputs), tf.unstack(kernel, num=count)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            ups = groups(upstream, write, outputs)
            to_x = [tf.matmul(up, block, transpose_b=True) for up, block in zip(ups, blocks, strict=True)]
            to_kernel = [tf.matmul(part, up, transpose_a=True) for part, up in zip(xs, ups, strict=True)]
            return rows(to_x, read, inputs), tf.stack(to_kernel)

        products = [tf.matmul(part, block) for part, block in zip(xs, blocks, strict=True)]
        return rows(products, write, outputs), gradient

    return multiply(x, kernel)


class BlockDense:
    """A linear layer in blocks, its outputs in segments.

    Args:
        read: runs in which its inputs are dealt out.
    """

    def __init__(self, weights: Weights, path: str, groups: Groups, inputs: int, *, read: int, l2: float = 0.0) -> None:
        shape = inputs, groups.units
        self.read, self.write = read, groups.units // groups.count
        blocks = Blocks(groups.dealt(inputs, read), groups.segments(groups.units))
        self.kernel = weights.add_blocks(f"{path}/kernel", shape, blocks, glorot_uniform, l2=l2)
        self.bias = weights.add(f"{path}/bias", (groups.units,), zeros)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """[N, I] -> [N, U]"""
        return bias_add(product(x, tf.convert_to_tensor(self.kernel), self.read, self.write), self.bias)


class BlockHeads:
    """Queries, keys or values of all heads, without bias: every group of inputs has its share of every head, and of
    every segment of the heads, which the output layer reads."""

    def __init__(self, weights: Weights, path: str, groups: Groups) -> None:
        units = groups.units
        self.read, self.write = groups.run(units), groups.run(units, units // groups.heads)
        self.kernel = weights.add_blocks(f"{path}/kernel", (units, units), groups.queries, glorot_uniform)

    @staticmethod
    def project(x: tf.Tensor, layers: Sequence[BlockHeads]) -> tf.Tensor:
        """[N, U] -> [N, layers · U], layer beside layer"""
        first = layers[0]
        return product(x, tf.concat([layer.kernel for layer in layers], axis=2), first.read, first.write)


class BlockFeedForward:
    """The encoder's feed-forward block: units -> 4 · units, gelu, dropout -> units."""

    def __init__(self, weights: Weights, path: str, groups: Groups) -> None:
        units, inner = groups.units, 4 * groups.units
        self.groups = groups
        self.reads = groups.run(units), groups.run(inner)
        expand = Blocks(groups.dealt(units, self.reads[0]), groups.segments(inner))
        contract = Blocks(groups.dealt(inner, self.reads[1]), groups.segments(units))
        self.expand = weights.add_blocks(f"{path}/1/kernel", (units, inner), expand, glorot_uniform)
        self.expand_bias = weights.add(f"{path}/1/bias", (inner,), zeros)
        self.contract = weights.add_blocks(f"{path}/3/kernel", (inner, units), contract, glorot_uniform)
        self.contract_bias = weights.add(f"{path}/3/bias", (units,), zeros)

    def __call__(self, x: tf.Tensor, rate: float, noise: Noise | None) -> tf.Tensor:
        """[N, U] -> [N, U]"""
        segment = self.groups.units // self.groups.count
        expand, contract = tf.convert_to_tensor(self.expand), tf.convert_to_tensor(self.contract)
        hidden = gelu(bias_add(product(x, expand, self.reads[0], 4 * segment), self.expand_bias))
        hidden = dropout(hidden, rate, noise)
        return bias_add(product(hidden, contract, self.reads[1], segment), self.contract_bias)
