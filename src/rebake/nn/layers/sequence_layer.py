"""From the features of a text to one vector per token and one for the whole text.

A text of n tokens becomes n + 1 packed rows: its tokens, then its sentence features, which play the part of BERT's
class token.

Shapes: B examples of a batch (texts); N rows of all examples, packed; U units that the layer gives out.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from rebake.nn.layers.activations import gelu
from rebake.nn.layers.feature_combining import CombineConfig, FeatureCombining
from rebake.nn.layers.hidden_layers import HiddenLayers
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.text_data import Batch, TextData, Widths
from rebake.nn.layers.transformer import Transformer
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.weights import Weights


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
        hidden: Sequence[int],
        transformer: TransformerConfig | None,
    ) -> None:
        path = f"sequence_layer.{attribute}/_tf_layers"
        self.combine = FeatureCombining(weights, f"{path}/feature_combining", widths, combine)
        self.hidden = HiddenLayers(
            weights,
            f"{path}/ffnn",
            self.combine.units,
            hidden,
            density=combine.density,
            l2=combine.l2,
            rate=combine.rate,
        )
        self.transformer: Transformer | None = None
        self.units = self.hidden.units
        if transformer is not None:
            self.transformer = Transformer(weights, f"{path}/transformer", self.units, transformer)
            self.units = transformer.units
        self.in_halves = False

    def reads_tokens(self, *, texts_only: bool) -> bool:
        """Whether features of tokens count: without a transformer the vector of a text is made of the text's alone."""
        return not texts_only or self.transformer is not None or "sentence" not in self.combine.levels

    def clear_unread(self, texts: Sequence[TextData], *, texts_only: bool) -> None:
        """Set weights that nothing in a training with these texts reads to zero, as
        :meth:`FeatureCombining.clear_unread` says; call it with all of them before the training."""
        self.combine.clear_unread(texts, reads_tokens=self.reads_tokens(texts_only=texts_only))

    def __call__(self, batch: Batch, noise: Noise | None = None, *, texts_only: bool = False) -> tuple[tf.Tensor, Rows]:
        """[N, U], of which ``rows.last`` are the whole texts; with ``texts_only`` just those, [B, U]."""
        if not self.reads_tokens(texts_only=texts_only):
            return self.hidden(self.combine.texts(batch, noise), noise), Rows.of(tf.ones_like(batch["lengths"]))
        if self.transformer is not None:
            x, rows = self.inputs(batch, noise)
            return self.encode(x, rows, noise, only=rows.last if texts_only else None), rows
        x, rows = self.combine(batch, noise)
        return self.hidden(rows.take(x, rows.last) if texts_only else x, noise), rows

    def inputs(self, batch: Batch, noise: Noise | None = None) -> tuple[tf.Tensor, Rows]:
        """What the transformer is given: [N, units of the hidden layers]."""
        x, rows = self.combine(batch, noise)
        return self.hidden(x, noise), rows

    def encode(
        self, x: tf.Tensor, rows: Rows, noise: Noise | None = None, *, only: tf.Tensor | None = None
    ) -> tf.Tensor:
        """What the transformer, if there is one, makes of its inputs: [N, U], or [B, U] of the rows in
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
