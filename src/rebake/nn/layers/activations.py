"""Activation functions of tensors of any shape, element by element or along the last axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from rebake.nn.layers.gradients import custom_gradient

Activation = Callable[[tf.Tensor], tf.Tensor]


@custom_gradient
def gelu(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """x · Φ(x) with the exact normal distribution function (Hendrycks & Gimpel 2016), not the tanh approximation."""
    cdf = 0.5 + 0.5 * tf.math.erf(x * np.float32(np.sqrt(0.5)))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        density = tf.exp(-0.5 * x * x) * np.float32(1.0 / np.sqrt(2.0 * np.pi))
        return upstream * (cdf + x * density)

    return x * cdf, gradient


def softmax(x: tf.Tensor) -> tf.Tensor:
    """Shares that add up to 1 along the last axis."""
    return tf.raw_ops.Softmax(logits=x)
