"""The transformer encoder of DIET and TED: pre-norm, optional relative attention (RASA36.md section 3.3).

Vaswani et al. 2017; relative positions after Shaw et al. 2018, "Self-Attention with Relative Position Representations".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from rebake.nn.layers import Dense, LayerNorm, gelu
from rebake.nn.noise import Noise, dropout
from rebake.nn.rows import Rows
from rebake.nn.weights import Weights, glorot_uniform

MASKED = -1e9


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes and rates; names of Rasa's options in brackets.

    Attributes:
        units: width of the encoder (transformer_size).
        layers: how many encoder layers (number_of_transformer_layers).
        heads: attention heads (number_of_attention_heads); must divide ``units``.
        rate: dropout (drop_rate).
        attention_rate: dropout on attention logits (drop_rate_attention).
        density: part of the connections that exist (connection_density).
        l2: regularisation; Rasa applies it to the input embedding alone (regularization_constant).
        unidirectional: a row attends to itself and earlier rows only (unidirectional_encoder).
        relative_keys, relative_values: relative attention (use_key_relative_attention, use_value_relative_attention).
        max_relative_position: distances beyond it count as it.
    """

    units: int
    layers: int
    heads: int
    rate: float
    attention_rate: float
    density: float
    l2: float
    unidirectional: bool = False
    relative_keys: bool = False
    relative_values: bool = False
    max_relative_position: int = 5

    @property
    def depth(self) -> int:
        """Width of one head."""
        return self.units // self.heads


class Transformer:
    """[N, inputs] -> [N, units] on packed rows, attention within a sequence. The caller applies the final gelu.

    With ``first_only`` the result is the first row of each sequence, [B, units]: the last layer computes no other.
    """

    def __init__(self, weights: Weights, path: str, inputs: int, config: TransformerConfig) -> None:
        self.config = config
        self.units = config.units
        self.embedding = Dense(
            weights, f"{path}/_embedding", inputs, config.units, density=config.density, l2=config.l2
        )
        self.layers = [EncoderLayer(weights, f"{path}/_enc_layers/{i}", config) for i in range(config.layers)]
        self.norm = LayerNorm(weights, f"{path}/_layer_norm", config.units)

    def __call__(self, x: tf.Tensor, rows: Rows, noise: Noise | None = None, *, first_only: bool = False) -> tf.Tensor:
        x = self.embedding(x) * np.float32(np.sqrt(self.units)) + positional_encoding(rows.positions, self.units)
        x = dropout(x, self.config.rate, noise)
        for layer in self.layers:
            x = layer(x, rows, noise, first_only=first_only and layer is self.layers[-1])
        return self.norm(x)


class EncoderLayer:
    """Self-attention and a feed-forward block of 4 · units, each normalised before and added to its input."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig) -> None:
        units, density = config.units, config.density
        self.rate = config.rate
        self.attention_norm = LayerNorm(weights, f"{path}/_layer_norm", units)
        self.attention = Attention(weights, f"{path}/_mha", config)
        self.norm = LayerNorm(weights, f"{path}/_ffn_layers/0", units)
        self.expand = Dense(weights, f"{path}/_ffn_layers/1", units, 4 * units, density=density, activation=gelu)
        self.contract = Dense(weights, f"{path}/_ffn_layers/3", 4 * units, units, density=density)

    def __call__(self, x: tf.Tensor, rows: Rows, noise: Noise | None, *, first_only: bool = False) -> tf.Tensor:
        """[N, units] -> [N, units], or [B, units] of the first row of each sequence."""
        attended = self.attention(self.attention_norm(x), rows, noise, first_only=first_only)
        x = tf.gather(x, rows.starts) if first_only else x
        x += dropout(attended, self.rate, noise)
        hidden = dropout(self.expand(self.norm(x)), self.rate, noise)
        return x + dropout(self.contract(hidden), self.rate, noise)


class Attention:
    """Multi-head self-attention."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig) -> None:
        self.config = config
        units, density = config.units, config.density
        self.query, self.key, self.value = (
            Dense(weights, f"{path}/_{name}_dense_layer", units, units, density=density, bias=False)
            for name in ("query", "key", "value")
        )
        self.output = Dense(weights, f"{path}/_output_dense_layer", units, units, density=density)
        distances = config.max_relative_position + 1
        if not config.unidirectional:
            distances += config.max_relative_position
        shape = (config.heads, distances, config.depth)
        self.relative_keys: tf.Variable | None = None
        self.relative_values: tf.Variable | None = None
        if config.relative_keys:
            self.relative_keys = weights.add(f"{path}/key_relative_embeddings", shape, glorot_uniform)
        if config.relative_values:
            self.relative_values = weights.add(f"{path}/value_relative_embeddings", shape, glorot_uniform)

    def __call__(self, x: tf.Tensor, rows: Rows, noise: Noise | None, *, first_only: bool = False) -> tf.Tensor:
        """[N, units] -> [N, units], or [B, units]: what the first row of each sequence attends to."""
        if first_only:
            (query,) = self._heads(self.query(tf.gather(x, rows.starts))[:, None, :], 1)  # [B, H, 1, depth]
            key, value = self._heads(rows.pad(tf.matmul(x, self._kernels(self.key, self.value))), 2)
        else:
            padded = rows.pad(tf.matmul(x, self._kernels(self.query, self.key, self.value)))
            query, key, value = self._heads(padded, 3)  # [B, H, T, depth] each
        logits = tf.matmul(query, key, transpose_b=True)  # [B, H, Q, T], Q = 1 or T
        table = self._relative_index(tf.shape(logits)[2], tf.shape(logits)[3])
        if self.relative_keys is not None:
            logits += _relative_logits(query, self.relative_keys, table)
        logits *= np.float32(1.0 / np.sqrt(self.config.depth))
        attention = tf.nn.softmax(self._hide(logits, rows, noise))
        out = tf.matmul(attention, value)
        if self.relative_values is not None:
            out += _relative_output(attention, self.relative_values, table)
        merged = tf.transpose(out, [0, 2, 1, 3])  # [B, Q, H, depth]
        merged = tf.reshape(merged, [tf.shape(merged)[0], tf.shape(merged)[1], self.config.units])
        return self.output(merged[:, 0] if first_only else rows.pack(merged))

    def _heads(self, padded: tf.Tensor, count: int) -> list[tf.Tensor]:
        """[B, T, count·units] -> count × [B, H, T, depth]"""
        shape = tf.shape(padded)
        split = tf.reshape(padded, [shape[0], shape[1], count, self.config.heads, self.config.depth])
        heads: list[tf.Tensor] = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]), num=count)
        return heads

    @staticmethod
    def _kernels(*layers: Dense) -> tf.Tensor:
        return tf.concat([layer.kernel for layer in layers], axis=1)

    def _hide(self, logits: tf.Tensor, rows: Rows, noise: Noise | None) -> tf.Tensor:
        """Push padding, the future and dropped logits [B, H, Q, T] out of the softmax."""
        logits += (1.0 - rows.mask[:, None, None, :]) * MASKED
        if self.config.unidirectional:
            logits += (1.0 - tf.linalg.band_part(tf.ones(tf.shape(logits)[2:]), -1, 0)) * MASKED
        if noise is not None and self.config.attention_rate > 0:
            logits = tf.where(noise.keep(tf.shape(logits), self.config.attention_rate), logits, logits + MASKED)
        return logits

    def _relative_index(self, queries: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """One-hot [Q, T, distances]: which row of the tables belongs to key j seen from query i; none for the future
        of a unidirectional encoder."""
        limit = self.config.max_relative_position
        distance = tf.range(time)[None, :] - tf.range(queries)[:, None]
        if self.config.unidirectional:
            index = tf.where(distance > 0, -1, tf.maximum(distance, -limit) + limit)
            return tf.one_hot(index, limit + 1)
        return tf.one_hot(tf.clip_by_value(distance, -limit, limit) + limit, 2 * limit + 1)


def _relative_logits(query: tf.Tensor, table: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """query [B, H, Q, depth] times the embedding of each key's distance -> [B, H, Q, T]"""
    by_distance = tf.einsum("bhid,hrd->bhir", query, table)
    return tf.einsum("bhir,ijr->bhij", by_distance, index)


def _relative_output(attention: tf.Tensor, table: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Attention [B, H, Q, T] over the embeddings of the distances -> [B, H, Q, depth]"""
    by_distance = tf.einsum("bhij,ijr->bhir", attention, index)
    return tf.einsum("bhir,hrd->bhid", by_distance, table)


def positional_encoding(positions: tf.Tensor, units: int) -> tf.Tensor:
    """int32 [N] -> [N, units]: sine in even columns, cosine in odd ones, wavelengths up to 10000 · 2π."""
    columns = np.arange(units)
    frequencies = (1.0 / np.power(10000.0, (2 * (columns // 2)) / units)).astype(np.float32)
    angles = tf.cast(positions, tf.float32)[:, None] * frequencies
    return tf.where(columns % 2 == 0, tf.sin(angles), tf.cos(angles))
