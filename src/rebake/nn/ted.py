"""TED, the transformer embedding dialogue policy: which action follows a sequence of dialogue states.

Vlasov, Mosig, Nichol 2019, "Dialogue Transformers" (https://arxiv.org/abs/1910.00486), section 3, in the form that Rasa
3.6 gives it: states that hold no user text.

Turns of all windows lie below each other in one matrix, newest turn of a window first, so that the turn to act on is
always at position 0 of the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.layers import Dense, Ffnn, embed, gelu
from rebake.nn.noise import Noise, dropout
from rebake.nn.rows import Rows
from rebake.nn.transformer import Transformer, TransformerConfig
from rebake.nn.weights import Weights

USER = "intent"
ACTION = "action_name"
STATE_LEVEL = ("active_loop", "entities", "slots")  # joined as they are, without an encoding layer of their own


@dataclass(frozen=True)
class TedConfig:
    """Rasa's options that shape the network; names of options in brackets.

    Attributes:
        dense: attribute -> units that its one-hot features are mapped to (dense_dimension).
        encoding: units of user input, action and label before they meet (encoding_dimension).
        embedding: units of the space in which dialogue and actions are compared (embedding_dimension).
        transformer: the encoder over the turns; its ``units`` mean nothing when it has no layers.
        density: part of the connections that exist in encoding layers (connection_density).
        l2: (regularization_constant)
        input_rate: dropout on densified features (drop_rate; 0 unless use_dense_input_dropout).
        sparse_rate: dropout on the one-hot features themselves (drop_rate; 0 unless use_sparse_input_dropout).
        dialogue_rate: dropout after the encoding layers (drop_rate_dialogue).
        cosine: similarity is the cosine instead of the inner product (similarity_type).
        softmax: confidences are a softmax over similarities; else the similarities themselves (model_confidence).
    """

    dense: Mapping[str, int]
    encoding: int
    embedding: int
    transformer: TransformerConfig
    density: float
    l2: float
    input_rate: float
    sparse_rate: float
    dialogue_rate: float
    cosine: bool
    softmax: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From Rasa's options as ``meta.json`` holds them (``auto`` already resolved)."""
        transformer = TransformerConfig(
            units=options["transformer_size"]["dialogue"],
            layers=options["number_of_transformer_layers"]["dialogue"],
            heads=options["number_of_attention_heads"],
            rate=options["drop_rate_dialogue"],
            attention_rate=options["drop_rate_attention"],
            density=options["connection_density"],
            l2=options["regularization_constant"],
            relative_keys=options["use_key_relative_attention"],
            relative_values=options["use_value_relative_attention"],
            max_relative_position=options["max_relative_position"],
        )
        return cls(
            dense=options["dense_dimension"],
            encoding=options["encoding_dimension"],
            embedding=options["embedding_dimension"],
            transformer=transformer,
            density=options["connection_density"],
            l2=options["regularization_constant"],
            input_rate=options["drop_rate"] if options["use_dense_input_dropout"] else 0.0,
            sparse_rate=options["drop_rate"] if options["use_sparse_input_dropout"] else 0.0,
            dialogue_rate=options["drop_rate_dialogue"],
            cosine=options["similarity_type"] == "cosine",
            softmax=options.get("model_confidence") == "softmax",
        )


class StateAttribute:
    """One attribute of a state: one-hot row -> dense -> (user input and actions only) encoding; zeros where absent."""

    def __init__(self, weights: Weights, name: str, width: int, config: TedConfig) -> None:
        self.config = config
        path = f"sparse_dense_concat_layer.{name}/_tf_layers/sparse_to_dense"
        self.dense = Dense(weights, path, width, config.dense[name], l2=config.l2)
        self.encoding = None if name in STATE_LEVEL else encoding_layer(weights, name, self.dense.units, config)
        self.units = self.dense.units if self.encoding is None else self.encoding.units

    def __call__(self, x: tf.Tensor, present: tf.Tensor, noise: Noise | None) -> tf.Tensor:
        """[N, width] and bool [N] -> [N, units]"""
        if noise is not None and self.config.sparse_rate > 0:
            x = tf.where(noise.keep(tf.shape(x), self.config.sparse_rate), x, 0.0)
        x = dropout(self.dense(x), self.config.input_rate, noise)
        if self.encoding is not None:
            x = self.encoding(x, noise)
        return tf.where(present[:, None], x, 0.0)


def encoding_layer(weights: Weights, name: str, inputs: int, config: TedConfig) -> Ffnn:
    """Rasa's ``encoding_layer.<name>``."""
    path = f"encoding_layer.{name}"
    return Ffnn(
        weights, path, inputs, [config.encoding], density=config.density, l2=config.l2, rate=config.dialogue_rate
    )


class Ted:
    """The network.

    Args:
        weights: gives the variables their first values.
        config: sizes and rates.
        widths: input attribute -> width of its rows; must hold ``intent`` and ``action_name``.
        label_features: float32 [n_labels, n_columns], one row per label.
        label_attribute: name of the labels' encoding layer.
    """

    def __init__(
        self,
        weights: Weights,
        config: TedConfig,
        widths: Mapping[str, int],
        label_features: NDArray[np.float32],
        label_attribute: str = "label_action_name",
    ) -> None:
        self.weights = weights
        self.config = config
        order = [USER, ACTION, *(name for name in STATE_LEVEL if name in widths)]
        self.attributes = {name: StateAttribute(weights, name, widths[name], config) for name in order}
        inputs = sum(attribute.units for attribute in self.attributes.values())
        self.transformer: Transformer | None = None
        if config.transformer.layers:
            self.transformer = Transformer(weights, "transformer.dialogue", inputs, config.transformer)
            inputs = self.transformer.units
        self.label_features = tf.constant(label_features)
        self.label_encoding = encoding_layer(weights, label_attribute, label_features.shape[1], config)
        self.embed_dialogue = embed(weights, "dialogue", inputs, config.embedding, l2=config.l2)
        self.embed_label = embed(weights, "label", self.label_encoding.units, config.embedding, l2=config.l2)

    def dialogue(
        self, features: Mapping[str, tf.Tensor], present: Mapping[str, tf.Tensor], rows: Rows, noise: Noise | None
    ) -> tf.Tensor:
        """Embeddings of B windows.

        Args:
            features: attribute -> [N, width], the turns of all windows, newest first within a window.
            present: attribute -> bool [N].
            rows: how the N turns belong to B windows.
            noise: None at prediction.

        Returns:
            [B, embedding]
        """
        encoded = [layer(features[name], present[name], noise) for name, layer in self.attributes.items()]
        x = tf.concat(encoded, axis=1)  # [N, inputs]
        if self.transformer is None:
            newest = tf.gather(x, rows.starts)  # [B, inputs]
        else:
            newest = self.transformer(x, rows, noise, only=rows.starts)  # [B, units]
        return self.embed_dialogue(gelu(newest))

    def labels(self, noise: Noise | None) -> tf.Tensor:
        """Embeddings of all labels, [n_labels, embedding]."""
        return self.embed_label(self.label_encoding(self.label_features, noise))

    def confidences(self, dialogue: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """[B, embedding] and [n_labels, embedding] -> [B, n_labels]"""
        if self.config.cosine:
            dialogue, labels = (tf.nn.l2_normalize(x, axis=-1) for x in (dialogue, labels))
        similarities = tf.matmul(dialogue, labels, transpose_b=True)
        return tf.nn.softmax(similarities) if self.config.softmax else similarities
