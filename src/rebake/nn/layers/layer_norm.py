"""Layer normalisation (Ba et al. 2016).

Shapes: N rows of all examples, packed; U units of a row.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.weights import Weights, ones, zeros


class LayerNorm:
    """Normalises each row to mean 0 and variance 1, then scales and shifts (Ba et al. 2016); epsilon as in Rasa."""

    EPSILON = 1e-6

    def __init__(self, weights: Weights, path: str, units: int) -> None:
        self.gamma = weights.add(f"{path}/gamma", (units,), ones)
        self.beta = weights.add(f"{path}/beta", (units,), zeros)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """[N, U] -> [N, U]"""
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
