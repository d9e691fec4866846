"""The small layers of DIET and TED, each with its variables at a path of Rasa's checkpoint.

Inputs are packed: rows of all sequences below each other without padding, shape [rows, units].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from rebake.base.sparse_rows import SparseRows
from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.noise import Noise, dropout, sparse_dropout
from rebake.nn.weights import Weights, glorot_uniform, ones, zeros

Activation = Callable[[tf.Tensor], tf.Tensor]


@custom_gradient
def gelu(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """x · Φ(x) with the exact normal distribution function (Hendrycks & Gimpel 2016), not the tanh approximation."""
    cdf = 0.5 + 0.5 * tf.math.erf(x * np.float32(np.sqrt(0.5)))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        density = tf.exp(-0.5 * x * x) * np.float32(1.0 / np.sqrt(2.0 * np.pi))
        return upstream * (cdf + x * density)

    return x * cdf, gradient


def bias_add(x: tf.Tensor, bias: tf.Variable) -> tf.Tensor:
    """x [rows, units] + bias [units]. (Not by tf.nn, whose import brings an old Keras: half a second.)"""
    return tf.raw_ops.BiasAdd(value=x, bias=tf.convert_to_tensor(bias))


def softmax(x: tf.Tensor) -> tf.Tensor:
    """Shares that add up to 1 along the last axis."""
    return tf.raw_ops.Softmax(logits=x)


class Dense:
    """x·kernel + bias. Rasa's plain ``Dense``; with ``density`` below 1 its ``RandomlyConnectedDense``.

    A kernel with a mask is stored masked, and training masks it again after every optimiser step; Rasa masks it before
    every use, which comes to the same.
    """

    def __init__(
        self,
        weights: Weights,
        path: str,
        inputs: int,
        units: int,
        *,
        density: float = 1.0,
        bias: bool = True,
        activation: Activation | None = None,
        l2: float = 0.0,
    ) -> None:
        self.units = units
        self.activation = activation
        self.kernel = weights.add(f"{path}/kernel", (inputs, units), glorot_uniform, l2=l2)
        self.bias = weights.add(f"{path}/bias", (units,), zeros) if bias else None
        if density < 1.0:
            weights.mask_kernel(f"{path}/kernel", density)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """[rows, inputs] -> [rows, units]"""
        y = tf.matmul(x, self.kernel)
        if self.bias is not None:
            y = bias_add(y, self.bias)
        return y if self.activation is None else self.activation(y)


class SparseToDense:
    """A dense layer on sparse rows, with Rasa's two dropouts around it: on the entries, then on the result."""

    def __init__(self, weights: Weights, path: str, inputs: int, units: int, *, l2: float) -> None:
        self.units = units
        self.kernel = weights.add(f"{path}/kernel", (inputs, units), glorot_uniform, l2=l2)
        self.bias = weights.add(f"{path}/bias", (units,), zeros)

    def __call__(
        self, x: tf.SparseTensor, noise: Noise | None = None, *, sparse_rate: float = 0.0, dense_rate: float = 0.0
    ) -> tf.Tensor:
        """Sparse [rows, inputs] -> [rows, units]"""
        y = bias_add(sparse_product(sparse_dropout(x, sparse_rate, noise), self.kernel), self.bias)
        return dropout(y, dense_rate, noise)


def sparse_product(x: tf.SparseTensor, kernel: tf.Variable) -> tf.Tensor:
    """x·kernel by compressed rows, several times as fast as TensorFlow's product with a SparseTensor.

    Args:
        x: [rows, inputs], its entries sorted by row.
        kernel: [inputs, units]
    """
    compressed = tf.raw_ops.SparseTensorToCSRSparseMatrix(indices=x.indices, values=x.values, dense_shape=x.dense_shape)

    @custom_gradient
    def product(kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            # Transposing inside of the product adds up in an order that changes from run to run, and takes longer.
            turned = tf.raw_ops.SparseMatrixTranspose(input=compressed, type=tf.float32)
            return tf.raw_ops.SparseMatrixMatMul(a=turned, b=upstream)

        return tf.raw_ops.SparseMatrixMatMul(a=compressed, b=kernel), gradient

    result = product(tf.convert_to_tensor(kernel))
    return tf.ensure_shape(result, [None, kernel.shape[1]])


class Ffnn:
    """Hidden layers: each randomly connected with gelu, followed by dropout. Odd list items are the dropouts."""

    def __init__(
        self, weights: Weights, path: str, inputs: int, sizes: Sequence[int], *, density: float, l2: float, rate: float
    ) -> None:
        self.rate = rate
        self.layers: list[Dense] = []
        self.units = inputs
        for index, size in enumerate(sizes):
            layer_path = f"{path}/_ffn_layers/{2 * index}"
            layer = Dense(weights, layer_path, self.units, size, density=density, activation=gelu, l2=l2)
            self.layers.append(layer)
            self.units = size

    def __call__(self, x: tf.Tensor, noise: Noise | None = None) -> tf.Tensor:
        """[rows, inputs] -> [rows, sizes[-1]], or x itself without hidden layers."""
        for layer in self.layers:
            x = dropout(layer(x), self.rate, noise)
        return x


class LayerNorm:
    """Normalises each row to mean 0 and variance 1, then scales and shifts (Ba et al. 2016); epsilon as in Rasa."""

    EPSILON = 1e-6

    def __init__(self, weights: Weights, path: str, units: int) -> None:
        self.gamma = weights.add(f"{path}/gamma", (units,), ones)
        self.beta = weights.add(f"{path}/beta", (units,), zeros)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """[rows, units] -> [rows, units]"""
        return _layer_norm(x, tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta))


@custom_gradient
def _layer_norm(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]]:
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    scale = tf.math.rsqrt(tf.reduce_mean(centred * centred, axis=-1, keepdims=True) + LayerNorm.EPSILON)
    y = centred * scale

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        scaled = upstream * gamma
        mean = tf.reduce_mean(scaled, axis=-1, keepdims=True)
        along = tf.reduce_mean(scaled * y, axis=-1, keepdims=True)
        return scale * (scaled - mean - y * along), tf.reduce_sum(upstream * y, axis=0), tf.reduce_sum(upstream, axis=0)

    return y * gamma + beta, gradient


def embed(weights: Weights, name: str, inputs: int, units: int, *, l2: float) -> Dense:
    """Rasa's ``embed.<name>``: a linear layer into the space where similarities are measured."""
    return Dense(weights, f"embed.{name}/_dense", inputs, units, l2=l2)


def sparse_tensor(rows: SparseRows) -> tf.SparseTensor:
    """What :class:`SparseToDense` takes, from CSR rows."""
    indices = np.stack([rows.row_indices(), rows.indices], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, rows.data, (rows.n_rows, rows.n_columns))
