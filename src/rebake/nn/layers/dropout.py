"""Dropout (Srivastava et al. 2014) on tensors of any shape.

A layer is called with a Noise while training and with None at prediction.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.noise import Noise, rounded


def dropout(x: tf.Tensor, rate: float, noise: Noise | None) -> tf.Tensor:
    """Zeroes a part ``rate`` of the elements and scales the others by 1 / (1 - rate)."""
    if noise is None or not noise.drops or rate <= 0:
        return x
    factors = tf.where(noise.keep(x, rate), np.float32(1.0 / (1.0 - rounded(rate))), np.float32(0.0))
    return _times(x, factors)


@custom_gradient
def _times(x: tf.Tensor, factors: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, None]]]:
    """x · factors of the same shape, without the operations that a gradient of unknown shapes needs."""
    return x * factors, lambda upstream: (upstream * factors, None)


def sparse_dropout(x: tf.SparseTensor, rate: float, noise: Noise | None) -> tf.SparseTensor:
    """Zeroes a part ``rate`` of the stored entries; the others keep their size (Rasa's SparseDropout)."""
    if noise is None or not noise.drops or rate <= 0:
        return x
    return x.with_values(tf.where(noise.keep(x.values, rate), x.values, 0.0))
