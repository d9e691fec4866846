"""Multi-head self-attention on packed rows (Vaswani et al. 2017, "Attention Is All You Need", section 3.2), with
relative positions of keys and values where they are asked for (Shaw et al. 2018, "Self-Attention with Relative Position
Representations", section 3).

Shapes: B examples of a batch (sequences); T rows of the longest example; N rows of all examples, packed; Q rows that
ask: T, or 1 of each example; H heads; D units of a head; U units of the encoder, H · D.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from rebake.nn.layers.activations import softmax
from rebake.nn.layers.blocks import BlockDense, BlockHeads, Groups
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.weights import Weights, glorot_uniform

MASKED = -1e9


class Heads:
    """Queries, keys or values of all heads, without bias."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig) -> None:
        self.kernel = Dense(weights, path, config.units, config.units, density=config.density, bias=False).kernel

    @staticmethod
    def project(x: tf.Tensor, layers: Sequence[Heads]) -> tf.Tensor:
        """[N, U] -> [N, layers · U], layer beside layer"""
        return tf.matmul(x, tf.concat([layer.kernel for layer in layers], axis=1))


class Attention:
    """Multi-head self-attention."""

    def __init__(self, weights: Weights, path: str, config: TransformerConfig, groups: Groups | None) -> None:
        self.config = config
        units = config.units
        places = [f"{path}/_{name}_dense_layer" for name in ("query", "key", "value")]
        place = f"{path}/_output_dense_layer"
        self.project: Callable[[tf.Tensor, Any], tf.Tensor]
        self.query: Heads | BlockHeads
        self.key: Heads | BlockHeads
        self.value: Heads | BlockHeads
        self.output: Dense | BlockDense
        if groups is None:
            self.query, self.key, self.value = (Heads(weights, name, config) for name in places)
            self.project = Heads.project
            self.output = Dense(weights, place, units, units, density=config.density)
        else:
            self.query, self.key, self.value = (BlockHeads(weights, name, groups) for name in places)
            self.project = BlockHeads.project
            self.output = BlockDense(weights, place, groups, units, read=units // groups.count)
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

    def __call__(self, x: tf.Tensor, rows: Rows, noise: Noise | None, only: tf.Tensor | None = None) -> tf.Tensor:
        """[N, U] -> [N, U], or [B, U]: what the rows in ``only`` attend to."""
        return self.output(self._of_all(x, rows, noise) if only is None else self._of_one(x, rows, noise, only))

    def _of_all(self, x: tf.Tensor, rows: Rows, noise: Noise | None) -> tf.Tensor:
        """[N, U]: what each row attends to, head beside head."""
        query, key, value = self._heads(x, rows, self.query, self.key, self.value)  # [B, H, T, D] each
        places = tf.range(tf.shape(rows.mask)[1])
        distance = (places[None, :] - places[:, None])[None]  # [1, T, T]
        attention = self._shares(tf.matmul(query, key, transpose_b=True), query, rows, distance, noise)
        out = tf.matmul(attention, value)
        if self.relative_values is not None:
            out += _relative_output(attention, self.relative_values, self._relative_index(distance))
        return rows.pack_heads(tf.ensure_shape(out, [None, self.config.heads, None, self.config.depth]))

    def _of_one(self, x: tf.Tensor, rows: Rows, noise: Noise | None, only: tf.Tensor) -> tf.Tensor:
        """[B, U]: what one row of each sequence attends to. Matrix products of one row each would take three times
        as long as products of elements and their sums."""
        heads, depth = self.config.heads, self.config.depth
        padded = rows.pad(self.project(x, [self.key, self.value]))
        shape = [tf.shape(padded)[0], tf.shape(padded)[1], heads, depth]
        key, value = (tf.reshape(part, shape) for part in tf.split(padded, 2, axis=2))  # [B, T, H, D] each
        query = tf.reshape(self.project(rows.take(x, only), [self.query]), [-1, 1, heads, depth])
        distance = tf.range(shape[1])[None, None, :] - (only - rows.starts)[:, None, None]  # [B, 1, T]
        logits = tf.transpose(_similarity(query, key), [0, 2, 1])[:, :, None]  # [B, H, 1, T]
        attention = self._shares(logits, tf.reshape(query, [-1, heads, 1, depth]), rows, distance, noise)
        out = _mixture(tf.transpose(attention[:, :, 0], [0, 2, 1]), value)  # [B, H, D]
        if self.relative_values is not None:
            out += _relative_output(attention, self.relative_values, self._relative_index(distance))[:, :, 0]
        return tf.reshape(out, [-1, self.config.units])

    def _shares(
        self, logits: tf.Tensor, query: tf.Tensor, rows: Rows, distance: tf.Tensor, noise: Noise | None
    ) -> tf.Tensor:
        """[B, H, Q, T]: how much of each row a row attends to; from query · key, and [B or 1, Q, T] distances."""
        if self.relative_keys is not None:
            logits += _relative_logits(query, self.relative_keys, self._relative_index(distance))
        logits *= np.float32(1.0 / np.sqrt(self.config.depth))
        return softmax(self._hide(logits, rows, distance, noise))

    def _heads(self, x: tf.Tensor, rows: Rows, *layers: Heads | BlockHeads) -> list[tf.Tensor]:
        """What each of the layers makes of the rows, padded and split into heads: [B, H, T, D] each."""
        padded = rows.pad_heads(self.project(x, layers), len(layers), self.config.heads)
        heads: list[tf.Tensor] = tf.unstack(padded, num=len(layers))
        return heads

    def _hide(self, logits: tf.Tensor, rows: Rows, distance: tf.Tensor, noise: Noise | None) -> tf.Tensor:
        """Push padding, the future and dropped logits [B, H, Q, T] out of the softmax."""
        logits += (1.0 - rows.mask[:, None, None, :]) * MASKED
        if self.config.unidirectional:
            logits += tf.where(distance > 0, MASKED, 0.0)[:, None]
        if noise is not None and self.config.attention_rate > 0:
            logits = tf.where(noise.keep(logits, self.config.attention_rate), logits, logits + MASKED)
        return logits

    def _relative_index(self, distance: tf.Tensor) -> tf.Tensor:
        """One-hot [B or 1, Q, T, distances]: which row of the tables belongs to a key at that distance; none for the
        future of a unidirectional encoder."""
        limit = self.config.max_relative_position
        if self.config.unidirectional:
            return tf.one_hot(tf.where(distance > 0, -1, tf.maximum(distance, -limit) + limit), limit + 1)
        return tf.one_hot(tf.clip_by_value(distance, -limit, limit) + limit, 2 * limit + 1)


@custom_gradient
def _similarity(query: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    """query [B, 1, H, D] times keys [B, T, H, D] -> [B, T, H]"""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        upstream = upstream[..., None]
        return tf.reduce_sum(upstream * key, axis=1, keepdims=True), upstream * query

    return tf.reduce_sum(query * key, axis=3), gradient


@custom_gradient
def _mixture(shares: tf.Tensor, value: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    """Shares [B, T, H] of values [B, T, H, D] -> [B, H, D]"""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        upstream = upstream[:, None]
        return tf.reduce_sum(upstream * value, axis=3), shares[..., None] * upstream

    return tf.reduce_sum(shares[..., None] * value, axis=1), gradient


def _relative_logits(query: tf.Tensor, table: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """query [B, H, Q, D] times the embedding of each key's distance -> [B, H, Q, T]"""
    by_distance = tf.transpose(tf.matmul(query, table, transpose_b=True), [0, 2, 1, 3])  # [B, Q, H, distances]
    return tf.transpose(tf.matmul(by_distance, index, transpose_b=True), [0, 2, 1, 3])


def _relative_output(attention: tf.Tensor, table: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Attention [B, H, Q, T] over the embeddings of the distances -> [B, H, Q, D]"""
    by_distance = tf.matmul(tf.transpose(attention, [0, 2, 1, 3]), index)  # [B, Q, H, distances]
    return tf.matmul(tf.transpose(by_distance, [0, 2, 1, 3]), table)
