"""From the features of a text to one vector per token and one for the whole text.

A text of n tokens becomes n + 1 packed rows: its tokens, then its sentence features, which play the part of BERT's
class token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from rebake.nn.layers.basic import Ffnn, SparseToDense, gelu
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows, permute
from rebake.nn.layers.transformer import Transformer, TransformerConfig
from rebake.nn.weights import Weights

Level = Literal["sequence", "sentence"]
Batch = Mapping[str, Any]
"""Tensors of a batch: "lengths" int32 [B] (tokens per text), and of "sequence_sparse" (a tf.SparseTensor),
"sequence_dense" [all tokens, width], "sentence_sparse" and "sentence_dense" [B, width] those that exist."""


@dataclass(frozen=True)
class Widths:
    """How many features there are of each kind; 0 = none."""

    sequence_sparse: int = 0
    sequence_dense: int = 0
    sentence_sparse: int = 0
    sentence_dense: int = 0

    def of(self, level: Level) -> tuple[int, int]:
        """(sparse, dense)"""
        if level == "sequence":
            return self.sequence_sparse, self.sequence_dense
        return self.sentence_sparse, self.sentence_dense

    @property
    def sentences(self) -> Widths:
        """Those of whole texts alone."""
        return Widths(sentence_sparse=self.sentence_sparse, sentence_dense=self.sentence_dense)

    def signature(self) -> dict[str, tf.TypeSpec]:
        """The tensors of a :data:`Batch` with these widths."""
        specs: dict[str, tf.TypeSpec] = {"lengths": tf.TensorSpec([None], tf.int32)}
        for level in ("sequence", "sentence"):
            sparse, dense = self.of(level)
            if sparse:
                specs[f"{level}_sparse"] = tf.SparseTensorSpec([None, sparse], tf.float32)
            if dense:
                specs[f"{level}_dense"] = tf.TensorSpec([None, dense], tf.float32)
        return specs


@dataclass(frozen=True)
class CombineConfig:
    """Names of Rasa's options in brackets.

    Attributes:
        dense_units: width into which sparse features are projected (dense_dimension).
        concat_units: width to which tokens and sentence are brought if theirs differ (concat_dimension).
        rate: dropout (drop_rate).
        sparse_dropout: drop entries of sparse features (use_sparse_input_dropout).
        dense_dropout: drop projected sparse features (use_dense_input_dropout).
        density: of randomly connected layers (connection_density).
        l2: regularization_constant.
    """

    dense_units: int
    concat_units: int
    rate: float
    sparse_dropout: bool
    dense_dropout: bool
    density: float
    l2: float


class FeatureCombining:
    """Sparse and dense, token and sentence features -> packed rows [N, units]."""

    def __init__(self, weights: Weights, path: str, widths: Widths, config: CombineConfig) -> None:
        self.config = config
        self.projections: dict[Level, SparseToDense] = {}
        self.unify: dict[Level, Ffnn] = {}
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
                self.unify[level] = Ffnn(
                    weights,
                    place,
                    units[level],
                    [config.concat_units],
                    density=config.density,
                    l2=config.l2,
                    rate=config.rate,
                )

    def texts(self, batch: Batch, noise: Noise | None = None) -> tf.Tensor:
        """[B, units]: the rows of whole texts alone, where there are sentence features; reads no others."""
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


class SequenceLayer:
    """Rasa's ``sequence_layer.<attribute>``: features -> hidden layers -> transformer -> gelu.

    Attributes:
        in_halves: in training, encode each half of a batch by itself. TensorFlow then computes both at a time, which
            uses two cores better than sharing out every product; but there are twice as many operations to trace.
    """

    def __init__(
        self,
        weights: Weights,
        attribute: str,
        widths: Widths,
        combine: CombineConfig,
        hidden: list[int],
        transformer: TransformerConfig | None,
    ) -> None:
        path = f"sequence_layer.{attribute}/_tf_layers"
        self.combine = FeatureCombining(weights, f"{path}/feature_combining", widths, combine)
        self.ffnn = Ffnn(
            weights,
            f"{path}/ffnn",
            self.combine.units,
            hidden,
            density=combine.density,
            l2=combine.l2,
            rate=combine.rate,
        )
        self.transformer: Transformer | None = None
        self.units = self.ffnn.units
        if transformer is not None:
            self.transformer = Transformer(weights, f"{path}/transformer", self.units, transformer)
            self.units = transformer.units
        self.in_halves = False

    def reads_tokens(self, *, texts_only: bool) -> bool:
        """Whether features of tokens count: without a transformer the vector of a text is made of the text's alone."""
        return not texts_only or self.transformer is not None or "sentence" not in self.combine.levels

    def __call__(self, batch: Batch, noise: Noise | None = None, *, texts_only: bool = False) -> tuple[tf.Tensor, Rows]:
        """[N, units], of which ``rows.last`` are the whole texts; with ``texts_only`` just those, [B, units]."""
        if not self.reads_tokens(texts_only=texts_only):
            return self.ffnn(self.combine.texts(batch, noise), noise), Rows.of(tf.ones_like(batch["lengths"]))
        if self.transformer is not None:
            x, rows = self.inputs(batch, noise)
            return self.encode(x, rows, noise, only=rows.last if texts_only else None), rows
        x, rows = self.combine(batch, noise)
        return self.ffnn(rows.take(x, rows.last) if texts_only else x, noise), rows

    def inputs(self, batch: Batch, noise: Noise | None = None) -> tuple[tf.Tensor, Rows]:
        """What the transformer is given: [N, units of the hidden layers]."""
        x, rows = self.combine(batch, noise)
        return self.ffnn(x, noise), rows

    def encode(
        self, x: tf.Tensor, rows: Rows, noise: Noise | None = None, *, only: tf.Tensor | None = None
    ) -> tf.Tensor:
        """What the transformer, if there is one, makes of its inputs: [N, units], or [B, units] of the rows in
        ``only``."""
        if self.transformer is None:
            return x if only is None else rows.take(x, only)
        if noise is None or not self.in_halves:
            return gelu(self.transformer(x, rows, noise, only=only))
        layouts, counts = rows.halves()
        first = tf.shape(layouts[0].lengths)[0]
        asked = (None, None) if only is None else (only[:first], only[first:] - counts[0])
        halves = zip(tf.split(x, counts, num=2), layouts, asked, strict=True)
        return tf.concat([gelu(self.transformer(half, at, noise, only=wanted)) for half, at, wanted in halves], axis=0)
