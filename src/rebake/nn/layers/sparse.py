"""The layer that makes dense rows of sparse features, and its product.

Shapes: N rows of all examples, packed; I inputs of a layer; U units that it gives out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from rebake.base.sparse_rows import SparseRows
from rebake.nn.layers.dense import bias_add
from rebake.nn.layers.dropout import dropout, sparse_dropout
from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.noise import Noise
from rebake.nn.weights import Weights, glorot_uniform, zeros


class SparseToDense:
    """A dense layer on sparse rows, with Rasa's two dropouts around it: on the entries, then on the result."""

    def __init__(self, weights: Weights, path: str, inputs: int, units: int, *, l2: float) -> None:
        self.units = units
        self.kernel = weights.add(f"{path}/kernel", (inputs, units), glorot_uniform, l2=l2)
        self.bias = weights.add(f"{path}/bias", (units,), zeros)

    def __call__(
        self, x: tf.SparseTensor, noise: Noise | None = None, *, sparse_rate: float = 0.0, dense_rate: float = 0.0
    ) -> tf.Tensor:
        """Sparse [N, I] -> [N, U]"""
        y = bias_add(sparse_product(sparse_dropout(x, sparse_rate, noise), self.kernel), self.bias)
        return dropout(y, dense_rate, noise)

    def clear_unseen(self, data: Sequence[SparseRows]) -> None:
        """Set the rows of the kernel to zero whose input is 0 in all of ``data``."""
        seen = np.zeros(self.kernel.shape[0], np.float32)
        for rows in data:
            seen[rows.indices] = 1.0
        self.kernel.assign(self.kernel * seen[:, np.newaxis])


def sparse_product(x: tf.SparseTensor, kernel: tf.Variable) -> tf.Tensor:
    """x·kernel by compressed rows, several times as fast as TensorFlow's product with a SparseTensor.

    Args:
        x: [N, I], its entries sorted by row.
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


def sparse_tensor(rows: SparseRows) -> tf.SparseTensor:
    """What :class:`SparseToDense` takes, from CSR rows."""
    indices = np.stack([rows.row_indices(), rows.indices], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, rows.data, (rows.n_rows, rows.n_columns))
