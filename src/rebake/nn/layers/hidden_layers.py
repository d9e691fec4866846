"""Hidden layers between the features of a text and its transformer.

Shapes: N rows of all examples, packed; I inputs of the first layer; U units of the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from rebake.nn.layers.activations import gelu
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.noise import Noise
from rebake.nn.weights import Weights


class HiddenLayers:
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
        """[N, I] -> [N, U], or x itself without hidden layers."""
        for layer in self.layers:
            x = dropout(layer(x), self.rate, noise)
        return x
