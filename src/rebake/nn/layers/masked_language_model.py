"""The masked language model of DIET (Bunk et al. 2020, section 3.3): tokens are hidden and to be found again.

15 % of the tokens are chosen. Of those, 70 % are replaced by one learned vector, 10 % by the vector at another place of
the batch, and 20 % stay. What the transformer says at a chosen place is to be more similar to the token that was there
than to the other chosen ones of the batch.

Shapes: B examples of a batch (texts); N rows of all examples, packed; K rows that are chosen; I inputs of the encoder;
U units that it gives out.
"""

from __future__ import annotations

from dataclasses import replace

import tensorflow as tf

from rebake.nn.layers.dense import embed
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.replicas import counts_of, whole
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.text_data import Widths
from rebake.nn.weights import Weights, glorot_uniform

CHOSEN = 0.15
REPLACED_BY_MASK = 0.7
REPLACED_BY_OTHER = 0.1
DISTINCT = "distinct_tokens"  # of a batch: int32 [N], the same number for tokens with the same features


class TokenMask:
    """Hides tokens between the hidden layers and the transformer of ``sequence_layer.text``.

    Args:
        widths: of the text's features.
        inputs: width of the transformer's input.
    """

    def __init__(self, weights: Weights, widths: Widths, inputs: int) -> None:
        path = "sequence_layer.text/_tf_layers"
        self.mask_vector = weights.add(f"{path}/mlm_input_mask/mask_vector", (1, 1, inputs), glorot_uniform)
        if not widths.sequence_dense:
            projection = f"{path}/sparse_to_dense_for_token_ids/kernel"
            weights.add(projection, (widths.sequence_sparse, 2), glorot_uniform, trainable=False)

    def hide(self, x: tf.Tensor, rows: Rows, tokens: tf.Tensor, noise: Noise) -> tuple[tf.Tensor, tf.Tensor]:
        """Choose tokens and replace them.

        Args:
            x: [N, I]
            rows: where its rows are.
            tokens: int32 [B], how many rows of each text are tokens (the row of the whole text is never chosen).

        Returns:
            [N, I] with replacements, and int32 [K], the rows chosen: at least one, if need be the first.
        """
        count = tf.shape(x)[0]
        text = tf.math.floordiv(rows.to_packed, tf.shape(rows.mask)[1])  # [N]
        is_token = rows.positions < tf.gather(tokens, text)
        hidden = is_token & (noise.uniform(tf.stack([count])) >= 1.0 - CHOSEN)
        nothing = tf.logical_not(tf.reduce_any(hidden))
        chosen = tf.cast(tf.where(hidden | (nothing & (tf.range(count) == 0)))[:, 0], tf.int32)

        fate = tf.where(nothing, 1.0, noise.uniform(tf.shape(chosen)))[:, None]  # [K, 1]
        kept = rows.take(x, chosen)
        other = tf.stop_gradient(self._others(x, rows, tokens, tf.gather(text, chosen), chosen, noise))
        replaced = tf.where(fate < REPLACED_BY_MASK + REPLACED_BY_OTHER, other, kept)
        replaced = tf.where(fate < REPLACED_BY_MASK, self.mask_vector[0], replaced)
        return tf.tensor_scatter_nd_update(x, chosen[:, None], replaced), chosen

    def _others(
        self, x: tf.Tensor, rows: Rows, tokens: tf.Tensor, texts: tf.Tensor, chosen: tf.Tensor, noise: Noise
    ) -> tf.Tensor:
        """[K, I]: what the chosen rows get from elsewhere, texts and positions both shuffled; random numbers where
        there is no token."""
        shape = tf.shape(rows.mask)  # texts, rows of the longest
        text = tf.gather(noise.permutation(shape[0]), texts)
        place = tf.gather(noise.permutation(shape[1]), tf.gather(rows.positions, chosen))
        source = tf.gather_nd(rows.to_padded, tf.stack([text, place], axis=1))
        exists = place < tf.gather(tokens, text)
        low, high = tf.reduce_min(x), tf.reduce_max(x)
        anything = low + (high - low) * noise.uniform(tf.stack([tf.shape(chosen)[0], tf.shape(x)[1]]))
        return tf.where(exists[:, None], tf.gather(x, source), anything)


class MaskedLanguageModel(TokenMask):
    """Hides tokens and has them found again.

    Rasa distinguishes tokens by a fixed random projection of their sparse features (by the first dense ones if there
    are any). Here they are numbered, which distinguishes the same ones; the projection is kept for Rasa's sake.

    Args:
        widths: of the text's features.
        inputs: width of the transformer's input.
        units: width of its output.
        loss: of intents; that of masked tokens is the same, never scaled.
    """

    def __init__(
        self,
        weights: Weights,
        widths: Widths,
        inputs: int,
        units: int,
        embedding_units: int,
        loss: DotProductLoss,
        *,
        l2: float,
    ) -> None:
        super().__init__(weights, widths, inputs)
        self.embed_found = embed(weights, "text_lm_mask", units, embedding_units, l2=l2)
        self.embed_right = embed(weights, "text_golden_token", inputs, embedding_units, l2=l2)
        self.loss_function = replace(loss, scale=False)

    def loss(
        self, outputs: tf.Tensor, inputs: tf.Tensor, rows: Rows, chosen: tf.Tensor, distinct: tf.Tensor, noise: Noise
    ) -> tf.Tensor:
        """Compute the loss, a scalar.

        Args:
            outputs: [N, U] of the transformer.
            inputs: [N, I] before :meth:`hide`.
            chosen: int32 [K]
            distinct: int32 [N]
        """
        counts = counts_of(chosen)
        found = whole(self.embed_found(rows.take(outputs, chosen)), counts)
        right = whole(self.embed_right(rows.take(inputs, chosen)), counts)
        ids = whole(tf.gather(distinct, chosen), counts)
        return self.loss_function(found, right, ids, right, noise.whole, candidate_ids=ids)
