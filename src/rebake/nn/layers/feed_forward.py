"""The feed-forward block of a transformer's layer (Vaswani et al. 2017, section 3.3), with gelu for relu.

Shapes: N rows of all examples, packed; U units of the encoder.
"""

from __future__ import annotations

import tensorflow as tf

from rebake.nn.layers.activations import gelu
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.weights import Weights


class FeedForward:
    """units -> 4 · units, gelu, dropout -> units."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig) -> None:
        units, density = config.units, config.density
        self.expand = Dense(weights, f"{path}/1", units, 4 * units, density=density, activation=gelu)
        self.contract = Dense(weights, f"{path}/3", 4 * units, units, density=density)

    def __call__(self, x: tf.Tensor, rate: float, noise: Noise | None) -> tf.Tensor:
        """[N, U] -> [N, U]"""
        return self.contract(dropout(self.expand(x), rate, noise))
