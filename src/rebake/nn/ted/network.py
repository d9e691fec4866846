"""TED, the transformer embedding dialogue policy: which action follows a sequence of dialogue states.

Vlasov, Mosig, Nichol 2019, "Dialogue Transformers" (https://arxiv.org/abs/1910.00486), section 3, in the form that Rasa
3.6 gives it: what user and bot say is seen by name or, end to end, by text through its own encoder.

Turns of all windows lie below each other in one matrix. Windows that are cut to a number of turns are read newest turn
first, so that the turn to act on is always at position 0 of the encoder; whole dialogues are read as they went, by an
encoder that looks back only. A state that several windows share is encoded once.

Shapes: B examples of a batch (windows); N rows of all windows (turns); S distinct states; I inputs of a layer; U units
that it gives out; L labels; E texts that are tagged; T words of the longest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from rebake.nn.layers.activations import gelu, softmax
from rebake.nn.layers.crf import Crf
from rebake.nn.layers.dense import Dense, embed
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.hidden_layers import HiddenLayers
from rebake.nn.layers.masked_language_model import TokenMask
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.sequence_layer import SequenceLayer
from rebake.nn.layers.text_data import TextData, Widths
from rebake.nn.layers.transformer import Transformer
from rebake.nn.ted.config import TedConfig
from rebake.nn.ted.dialogue_data import DialogueLabels, Inputs
from rebake.nn.weights import Weights

USER = ("intent", "text")
ACTION = ("action_name", "action_text")
STATE_LEVEL = ("active_loop", "entities", "slots")  # joined as they are, without an encoding layer

Asked = Literal["newest", "all"]
"""Which turns are acted on: the newest of each window, or every one, as in training on whole dialogues."""


class NameEncoder:
    """One attribute of states or labels: its row -> dense -> (of what is said or done) encoding, without dropout."""

    def __init__(
        self,
        weights: Weights,
        name: str,
        width: int,
        config: TedConfig,
        *,
        counted: bool = True,
        is_label: bool = False,
    ) -> None:
        self.config = config
        self.is_label = is_label
        self.dense: Dense | None = None
        self.units = width
        if counted:
            path = f"sparse_dense_concat_layer.{name}/_tf_layers/sparse_to_dense"
            self.dense = Dense(weights, path, width, config.dense_units[name], l2=config.l2)
            self.units = self.dense.units
        self.encoding: Dense | None = None
        if name not in STATE_LEVEL:
            self.encoding = encoding_layer(weights, name, self.units, config)
            self.units = self.encoding.units

    def __call__(self, x: tf.Tensor, noise: Noise | None) -> tf.Tensor:
        """[S, I] -> [S, U]"""
        if self.is_label:
            noise = None
        if noise is not None and self.config.sparse_rate > 0:
            x = tf.where(noise.keep(x, self.config.sparse_rate), x, 0.0)
        if self.dense is not None:
            x = dropout(self.dense(x), self.config.dense_rate, noise)
        return x if self.encoding is None else self.encoding(x)


class TextEncoder:
    """User texts, bot texts or texts of labels: features of tokens and text -> sequence layer -> encoding."""

    def __init__(self, weights: Weights, name: str, widths: Widths, config: TedConfig) -> None:
        parts = config.texts[name]
        self.sequence = SequenceLayer(weights, name, widths, parts.combine, parts.hidden, parts.transformer)
        self.mask: TokenMask | None = None
        if name == "text" and config.hides_tokens:
            self.mask = TokenMask(weights, widths, self.sequence.hidden.units)
        self.encoding = encoding_layer(weights, name, self.sequence.units, config)
        self.units = self.encoding.units

    def __call__(self, batch: Mapping[str, Any], noise: Noise | None) -> tf.Tensor:
        """[texts, U]"""
        if self.mask is None or noise is None or not noise.drops:
            texts, _ = self.sequence(batch, noise, texts_only=True)
            return self.encoding(texts)
        return self.with_tokens(batch, noise)[0]

    def with_tokens(self, batch: Mapping[str, Any], noise: Noise | None) -> tuple[tf.Tensor, tf.Tensor]:
        """[texts, U], and what the encoding is made from: [texts, T, units of the sequence layer]."""
        x, rows = self.sequence.inputs(batch, noise)
        if self.mask is not None and noise is not None and noise.drops:
            x, _ = self.mask.hide(x, rows, batch["lengths"], noise)
        x = self.sequence.encode(x, rows, noise)
        return self.encoding(rows.take(x, rows.last)), rows.pad(x)


def encoding_layer(weights: Weights, name: str, inputs: int, config: TedConfig) -> Dense:
    """Rasa's ``encoding_layer.<name>`` without the dropout behind it."""
    path = f"encoding_layer.{name}"
    hidden = HiddenLayers(
        weights, path, inputs, [config.encoding_units], density=config.density, l2=config.l2, rate=0.0
    )
    return hidden.layers[0]


class LabelEncoder:
    """Embeds the names and texts of all labels."""

    def __init__(self, weights: Weights, labels: DialogueLabels, config: TedConfig) -> None:
        self.labels = labels
        self.rate = config.dialogue_rate
        self.names: NameEncoder | None = None
        self.texts: TextEncoder | None = None
        if labels.names is not None:
            width = labels.names.shape[1]
            counted = labels.counted
            self.names = NameEncoder(weights, labels.attribute, width, config, counted=counted, is_label=True)
        if labels.texts is not None:
            self.texts = TextEncoder(weights, "label_action_text", labels.texts.widths, config)
            self.text_features = labels.texts.batch()
        self.embed = embed(weights, "label", config.encoding_units, config.embedding_units, l2=config.l2)

    def __call__(self, noise: Noise | None) -> tf.Tensor:
        """[L, embedding]"""
        encoded = []
        if self.names is not None:
            rows = dropout(self.names(tf.constant(self.labels.names), noise), self.rate, noise)
            encoded.append(self._placed(rows, self.labels.name_of))
        if self.texts is not None:
            rows = dropout(self.texts(self.text_features, noise), self.rate, noise)
            encoded.append(self._placed(rows, self.labels.text_of))
        return self.embed(encoded[0] if len(encoded) == 1 else tf.add_n(encoded))

    def _placed(self, rows: tf.Tensor, places: Any) -> tf.Tensor:
        """[some labels, U] -> [L, U], zeros elsewhere."""
        if len(places) == self.labels.count:
            return rows
        return tf.scatter_nd(places[:, None], rows, [self.labels.count, rows.shape[1]])


class Ted:
    """The network.

    Args:
        weights: gives the variables their first values.
        config: sizes and rates.
        inputs: the attributes of states, with something that the user says and something that the bot does.
        labels: features of all labels.
        tags: number of entity tags (with O) of the words of user texts; 0 = entities are not looked for.
    """

    def __init__(
        self, weights: Weights, config: TedConfig, inputs: Inputs, labels: DialogueLabels, tags: int = 0
    ) -> None:
        self.weights = weights
        self.config = config
        self.inputs = inputs
        self.names: dict[str, NameEncoder] = {}
        self.texts: dict[str, TextEncoder] = {}
        for name in (*USER, *ACTION, *STATE_LEVEL):
            if name in inputs.names:
                self.names[name] = NameEncoder(weights, name, inputs.names[name], config)
            if name in inputs.texts:
                self.texts[name] = TextEncoder(weights, name, inputs.texts[name], config)
        units = 2 * config.encoding_units + sum(self.names[name].units for name in STATE_LEVEL if name in self.names)
        self.transformer: Transformer | None = None
        if config.transformer is not None:
            self.transformer = Transformer(weights, "transformer.dialogue", units, config.transformer)
            units = self.transformer.units
        self.labels = LabelEncoder(weights, labels, config)
        self.embed_dialogue = embed(weights, "dialogue", units, config.embedding_units, l2=config.l2)
        self.tagger: Tagger | None = None
        if tags:
            self.tagger = Tagger(weights, self.texts["text"].sequence.units + units, tags, config)

    def clear_unread(self, texts: Mapping[str, TextData]) -> None:
        """Set weights that nothing in a training with these texts of states reads to zero, before the training."""
        for name, encoder in self.texts.items():
            reads_tokens = encoder.mask is not None or (name == "text" and self.tagger is not None)
            encoder.sequence.clear_unread([texts[name]], texts_only=not reads_tokens)
        if self.labels.texts is not None and self.labels.labels.texts is not None:
            self.labels.texts.sequence.clear_unread([self.labels.labels.texts], texts_only=True)

    def signature(self) -> dict[str, tf.TypeSpec]:
        """Return the tensors of a batch of :class:`rebake.nn.ted.dialogue_data.Dialogues`."""
        specs: dict[str, Any] = {name: tf.TensorSpec([None], tf.int32) for name in ("lengths", "turns")}
        for name, width in self.inputs.names.items():
            specs[name] = tf.TensorSpec([None, width], tf.float32)
            specs[f"{name}_present"] = tf.TensorSpec([None], tf.bool)
        for name, widths in self.inputs.texts.items():
            specs[name] = widths.signature()
            specs[f"{name}_of"] = tf.TensorSpec([None], tf.int32)
        if self.tagger is not None:
            specs |= {name: tf.TensorSpec([None], tf.int32) for name in ("tagged", "tagged_texts")}
            specs["tags"] = tf.TensorSpec([None, None], tf.int32)
        return specs

    def dialogues(
        self, batch: Mapping[str, Any], noise: Noise | None, asked: Asked = "newest"
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """What the encoder makes of a batch (see :meth:`signature`).

        Returns:
            embeddings [B, embedding] of the newest turn of each window, or [N, embedding] of all turns; what they are
            made from, [B or N, U]; and the tokens of the batch's user texts, [texts, T, U], with a tagger.
        """
        said, rest, tokens = self._states(batch, noise)
        turns = batch["turns"]
        parts = [dropout(tf.gather(said, turns), self.config.dialogue_rate, noise)]
        if rest is not None:
            parts.append(tf.gather(rest, turns))
        x = tf.concat(parts, axis=1) if len(parts) > 1 else parts[0]  # [N, U]
        rows = Rows.of(batch["lengths"])
        newest = rows.last if self.config.whole_dialogues else rows.starts
        only = newest if asked == "newest" else None
        if self.transformer is not None:
            x = self.transformer(x, rows, noise, only=only)
        elif only is not None:
            x = rows.take(x, only)
        x = gelu(x)
        return self.embed_dialogue(x), x, tokens

    def _states(
        self, batch: Mapping[str, Any], noise: Noise | None
    ) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
        """What user and bot said or did [S, 2 · encoding], the other attributes [S, U], tokens of user texts.

        A turn is seen by its name or by its text, so that one of the two is 0 and their sum is the other.
        """
        named = {
            name: tf.where(batch[f"{name}_present"][:, None], layer(batch[name], noise), 0.0)
            for name, layer in self.names.items()
        }
        texts: dict[str, tf.Tensor] = {}
        tokens: tf.Tensor | None = None
        for name, encoder in self.texts.items():
            if name == "text" and self.tagger is not None:
                encoded, tokens = encoder.with_tokens(batch[name], noise)
            else:
                encoded = encoder(batch[name], noise)
            nothing = tf.zeros([1, encoder.units])
            texts[name] = tf.gather(tf.concat([nothing, encoded], axis=0), batch[f"{name}_of"])
        said = [
            tf.add_n([rows for rows in (named.get(name), texts.get(text)) if rows is not None])
            for name, text in (USER, ACTION)
        ]
        rest = [named[name] for name in STATE_LEVEL if name in named]
        return tf.concat(said, axis=1), (tf.concat(rest, axis=1) if rest else None), tokens

    def similarities(self, dialogues: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """[B, embedding] and [L, embedding] -> [B, L]"""
        if self.config.loss.similarity == "cosine":
            dialogues, labels = (tf.math.l2_normalize(x, axis=-1) for x in (dialogues, labels))
        return tf.matmul(dialogues, labels, transpose_b=True)

    def confidences(self, similarities: tf.Tensor) -> tf.Tensor:
        """Of similarities, of the same shape."""
        return softmax(similarities) if self.config.softmax else similarities


class Tagger:
    """A CRF over the words of user texts, which see the dialogue as well."""

    def __init__(self, weights: Weights, units: int, tags: int, config: TedConfig) -> None:
        self.embed = embed(weights, "entity.logits", units, tags, l2=config.l2)
        self.crf = Crf(weights, "crf.entity", tags, l2=config.l2, scale_loss=config.loss.scale)

    def logits(self, texts: tf.Tensor, dialogues: tf.Tensor) -> tf.Tensor:
        """[E, T, units of texts] and [E, units of dialogues] -> [E, T, tags]"""
        shape = tf.shape(texts)
        seen = tf.broadcast_to(dialogues[:, None], [shape[0], shape[1], dialogues.shape[1]])
        x = tf.concat([texts, seen], axis=2)
        flat = self.embed(tf.reshape(x, [-1, x.shape[2]]))
        return tf.reshape(flat, [shape[0], shape[1], self.embed.units])
