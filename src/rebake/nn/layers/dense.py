"""Dense layers: x·kernel + bias, fully or randomly connected.

Shapes: N rows of all examples, packed; I inputs of a layer; U units that it gives out.
"""

from __future__ import annotations

import tensorflow as tf

from rebake.nn.layers.activations import Activation
from rebake.nn.weights import Weights, glorot_uniform, zeros


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
        """[N, I] -> [N, U]"""
        y = tf.matmul(x, self.kernel)
        if self.bias is not None:
            y = bias_add(y, self.bias)
        return y if self.activation is None else self.activation(y)


def bias_add(x: tf.Tensor, bias: tf.Variable) -> tf.Tensor:
    """x [N, U] + bias [units]. (Not by tf.nn, whose import brings an old Keras: half a second.)"""
    return tf.raw_ops.BiasAdd(value=x, bias=tf.convert_to_tensor(bias))


def embed(weights: Weights, name: str, inputs: int, units: int, *, l2: float) -> Dense:
    """Rasa's ``embed.<name>``: a linear layer into the space where similarities are measured."""
    return Dense(weights, f"embed.{name}/_dense", inputs, units, l2=l2)
