"""The transformer encoder of DIET and TED (Vaswani et al. 2017, section 3.1). Each block is normalised before it, not
after it (Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture").

Shapes: B examples of a batch (sequences); N rows of all examples, packed; I inputs of the encoder; U units of the
encoder.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from rebake.nn.layers.attention import Attention
from rebake.nn.layers.blocks import BlockDense, BlockFeedForward, Groups
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.feed_forward import FeedForward
from rebake.nn.layers.layer_norm import LayerNorm
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.weights import Weights


class Transformer:
    """[N, I] -> [N, U] on packed rows, attention within a sequence. The caller applies the final gelu.

    Where one row of each sequence is all that is read (the text's class token, the last turn of a dialogue), say which:
    the last layer then computes its queries and its feed-forward block, most of its work, for those rows alone.
    """

    def __init__(self, weights: Weights, path: str, inputs: int, config: TransformerConfig) -> None:
        self.config = config
        self.units = config.units
        groups = Groups.of(config.density, inputs, config.units, config.heads) if config.density < 1.0 else None
        if groups is not None and not groups.fit(weights.source, path, inputs, config.layers):
            groups = None
        self.embedding: Dense | BlockDense
        if groups is None:
            self.embedding = Dense(
                weights, f"{path}/_embedding", inputs, config.units, density=config.density, l2=config.l2
            )
        else:
            read = groups.run(inputs)
            self.embedding = BlockDense(weights, f"{path}/_embedding", groups, inputs, read=read, l2=config.l2)
        self.layers = [EncoderLayer(weights, f"{path}/_enc_layers/{i}", config, groups) for i in range(config.layers)]
        self.norm = LayerNorm(weights, f"{path}/_layer_norm", config.units)

    def __call__(
        self, x: tf.Tensor, rows: Rows, noise: Noise | None = None, *, only: tf.Tensor | None = None
    ) -> tf.Tensor:
        """``only``, int32 [B], is one packed row per sequence and makes the result [B, U]."""
        places = positional_encoding(tf.range(tf.shape(rows.mask)[1]), self.units)
        x = self.embedding(x) * np.float32(np.sqrt(self.units)) + tf.gather(places, rows.positions)
        x = dropout(x, self.config.rate, noise)
        for layer in self.layers:
            x = layer(x, rows, noise, only if layer is self.layers[-1] else None)
        return self.norm(x)


class EncoderLayer:
    """Self-attention and a feed-forward block of 4 · units, each normalised before and added to its input."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig, groups: Groups | None) -> None:
        self.rate = config.rate
        self.attention_norm = LayerNorm(weights, f"{path}/_layer_norm", config.units)
        self.attention = Attention(weights, f"{path}/_mha", config, groups)
        self.norm = LayerNorm(weights, f"{path}/_ffn_layers/0", config.units)
        self.feed_forward: FeedForward | BlockFeedForward
        if groups is None:
            self.feed_forward = FeedForward(weights, f"{path}/_ffn_layers", config)
        else:
            self.feed_forward = BlockFeedForward(weights, f"{path}/_ffn_layers", groups)

    def __call__(self, x: tf.Tensor, rows: Rows, noise: Noise | None, only: tf.Tensor | None) -> tf.Tensor:
        """[N, U] -> [N, U], or [B, U] of the rows in ``only``."""
        attended = dropout(self.attention(self.attention_norm(x), rows, noise, only), self.rate, noise)
        x = attended + (x if only is None else rows.take(x, only))
        return x + dropout(self.feed_forward(self.norm(x), self.rate, noise), self.rate, noise)


def positional_encoding(positions: tf.Tensor, units: int) -> tf.Tensor:
    """int32 [N] -> [N, U]: sine in even columns, cosine in odd ones, wavelengths up to 10000 · 2π."""
    columns = np.arange(units)
    frequencies = (1.0 / np.power(10000.0, (2 * (columns // 2)) / units)).astype(np.float32)
    angles = tf.cast(positions, tf.float32)[:, None] * frequencies
    return tf.where(columns % 2 == 0, tf.sin(angles), tf.cos(angles))
