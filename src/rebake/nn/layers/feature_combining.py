"""From the sparse and dense features of texts to one row per token and one for the whole text (Bunk et al. 2020,
"Featurization").

Shapes: B examples of a batch (texts); N rows of all examples, packed; U units that the layer gives out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from rebake.nn.layers.hidden_layers import HiddenLayers
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows, permute
from rebake.nn.layers.sparse import SparseToDense
from rebake.nn.layers.text_data import Batch, Level, TextData, Widths
from rebake.nn.weights import Weights


@dataclass(frozen=True)
class CombineConfig:
    """Names of Rasa's options in brackets. Widths are numbers of units.

    Attributes:
        dense_units: width into which sparse features, which may be tens of thousands, are projected (dense_dimension).
        concat_units: width to which rows of tokens and of whole texts are brought if theirs differ, as both go through
            the same layers from there on (concat_dimension).
        rate: dropout, the share of elements that become 0 (drop_rate).
        sparse_dropout: apply it to the entries of sparse features, so that no single word decides
            (use_sparse_input_dropout).
        dense_dropout: apply it to what they are projected to (use_dense_input_dropout).
        density: share of the connections that exist in randomly connected layers (connection_density).
        l2: weight of the sum of squares of kernels in the loss (regularization_constant).
    """

    dense_units: int
    concat_units: int
    rate: float
    sparse_dropout: bool
    dense_dropout: bool
    density: float
    l2: float


class FeatureCombining:
    """Sparse and dense, token and sentence features -> packed rows [N, U]."""

    def __init__(self, weights: Weights, path: str, widths: Widths, config: CombineConfig) -> None:
        self.config = config
        self.projections: dict[Level, SparseToDense] = {}
        self.unify: dict[Level, HiddenLayers] = {}
        units: dict[Level, int] = {}
        levels: tuple[Level, Level] = ("sequence", "sentence")
        for level in levels:
            sparse, dense = widths.of(level)
            if sparse:
                place = f"{path}/_tf_layers/sparse_dense.{level}/_tf_layers/sparse_to_dense"
                self.projections[level] = SparseToDense(weights, place, sparse, config.dense_units, l2=config.l2)
            if sparse or dense:
                units[level] = dense + (config.dense_units if sparse else 0)
        self.levels = tuple(units)
        self.units = units[self.levels[0]]
        if len(set(units.values())) > 1:
            self.units = config.concat_units
            for level in levels:
                place = f"{path}/_tf_layers/unify_dims_before_seq_sent_concat.{level}"
                self.unify[level] = HiddenLayers(
                    weights,
                    place,
                    units[level],
                    [config.concat_units],
                    density=config.density,
                    l2=config.l2,
                    rate=config.rate,
                )

    def clear_unread(self, texts: Sequence[TextData], *, reads_tokens: bool) -> None:
        """Set the weights that no training text has a use for to zero, as a model must have them all the same.

        A vocabulary is made of all texts, and a network may be trained with a few of them. First values, which are
        random, would speak for words that it never saw, and 27 MB of them do not compress. Nothing else changes: such
        weights get no gradient, and L2 leaves zeros alone.

        Args:
            texts: all that the network is trained with.
            reads_tokens: whether it reads the features of tokens at all.
        """
        for level, projection in self.projections.items():
            if level == "sentence" or reads_tokens:
                projection.clear_unseen([rows for text in texts if (rows := text.sparse(level)) is not None])
            else:
                projection.clear_unseen([])

    def texts(self, batch: Batch, noise: Noise | None = None) -> tf.Tensor:
        """[B, U]: the rows of whole texts alone, where there are sentence features; reads no others."""
        return self._level("sentence", batch, noise)

    def __call__(self, batch: Batch, noise: Noise | None = None) -> tuple[tf.Tensor, Rows]:
        """The rows, message after message, and where they are."""
        parts = [self._level(level, batch, noise) for level in self.levels]
        lengths = batch["lengths"]
        if len(parts) == 1:
            return parts[0], Rows.of(lengths if self.levels[0] == "sequence" else tf.ones_like(lengths))
        rows = Rows.of(lengths + 1)
        tokens = tf.shape(parts[0])[0]
        message = tf.math.floordiv(rows.to_packed, tf.shape(rows.mask)[1])
        here = tf.range(tf.shape(message)[0])
        order = tf.where(rows.positions == tf.gather(lengths, message), tokens + message, here - message)
        return permute(tf.concat(parts, axis=0), order, tf.math.invert_permutation(order)), rows

    def _level(self, level: Level, batch: Batch, noise: Noise | None) -> tf.Tensor:
        parts = []
        if level in self.projections:
            rate = self.config.rate
            projected = self.projections[level](
                batch[f"{level}_sparse"],
                noise,
                sparse_rate=rate if self.config.sparse_dropout else 0.0,
                dense_rate=rate if self.config.dense_dropout else 0.0,
            )
            parts.append(projected)
        if f"{level}_dense" in batch:
            parts.append(batch[f"{level}_dense"])
        x = parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)
        return self.unify[level](x, noise) if level in self.unify else x
