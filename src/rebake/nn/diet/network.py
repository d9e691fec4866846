"""DIET: one transformer for intents and entities (Bunk et al. 2020, "DIET: Lightweight Language Understanding for
Dialogue Systems"), with the architecture, the losses and the weight names of Rasa 3.6.

Shapes: B examples of a batch (texts); T tokens of the longest and one; N rows of all examples, packed; U units of the
encoder; L labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.diet.config import DietConfig
from rebake.nn.layers.activations import softmax
from rebake.nn.layers.crf import Crf
from rebake.nn.layers.dense import Dense, embed
from rebake.nn.layers.feature_combining import FeatureCombining
from rebake.nn.layers.hidden_layers import HiddenLayers
from rebake.nn.layers.losses import similarities
from rebake.nn.layers.masked_language_model import DISTINCT, MaskedLanguageModel
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.replicas import alike, whole
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.sequence_layer import SequenceLayer
from rebake.nn.layers.text_data import Batch, TextData, Widths
from rebake.nn.weights import Weights

TagName = Literal["entity", "role", "group"]


@dataclass(frozen=True)
class DietLabels:
    """The features of all intents, in the order of their ids: a batch with one "text" per intent."""

    widths: Widths
    features: Batch


@dataclass(frozen=True)
class Prediction:
    """Of a batch of B texts.

    Attributes:
        intents: [B, L] confidences, None without intent classification.
        tags: per tag name int32 [B, T] tags and float32 [B, T] confidences.
    """

    intents: NDArray[np.float32] | None
    tags: dict[TagName, tuple[NDArray[np.int32], NDArray[np.float32]]]


class Diet:
    """The network.

    Args:
        labels: None switches intent classification off.
        tags: number of tags (with O) per tag name, in the order entity, role, group; empty = no entity recognition.
    """

    def __init__(
        self,
        weights: Weights,
        config: DietConfig,
        widths: Widths,
        labels: DietLabels | None,
        tags: Mapping[TagName, int],
    ) -> None:
        self.weights = weights
        self.config = config
        self.widths = widths
        self.sequence = SequenceLayer(weights, "text", widths, config.text, config.hidden_text, config.transformer)
        self.masked: MaskedLanguageModel | None = None
        if config.masked_language_model:
            self.masked = MaskedLanguageModel(
                weights,
                widths,
                self.sequence.hidden.units,
                self.sequence.units,
                config.embedding_units,
                config.loss,
                l2=config.text.l2,
            )
        self.intents: LabelHead | None = None
        if labels is not None:
            self.intents = IntentHead(weights, config, self.sequence.units, labels)
        self.taggers: dict[TagName, TagHead] = {}
        for name, count in tags.items():
            self.taggers[name] = TagHead(weights, config, name, self.sequence.units, count, tags["entity"])

    @property
    def reads_tokens(self) -> bool:
        """Whether features of tokens count for anything; if not, training batches need not have them."""
        return self.masked is not None or self.sequence.reads_tokens(texts_only=not self.taggers)

    def clear_unread(self, texts: TextData, labels: TextData | None) -> None:
        """Set weights that nothing in a training with these texts and labels reads to zero, before the training."""
        self.sequence.clear_unread([texts], texts_only=not (self.taggers or self.masked))
        if isinstance(self.intents, IntentHead) and labels is not None:
            self.intents.combine.clear_unread([labels], reads_tokens=True)

    def signature(self) -> dict[str, tf.TypeSpec]:
        """The tensors of a training batch: features, "label_ids" [B], and of all rows [N] the tags by name, and with a
        masked language model the numbers of their tokens."""
        specs = (self.widths if self.reads_tokens else self.widths.sentences).signature()
        if self.intents is not None:
            specs["label_ids"] = tf.TensorSpec([None], tf.int32)
        names = [*self.taggers, *([DISTINCT] if self.masked is not None else [])]
        return specs | {name: tf.TensorSpec([None], tf.int32) for name in names}

    def losses(self, batch: Batch, noise: Noise) -> dict[str, tf.Tensor]:
        """Scalar losses by name: "mask", "intent", and the tag names."""
        losses = {}
        if self.masked is None or not noise.drops:  # nothing is hidden from held-out texts
            x, rows = self.sequence(batch, noise, texts_only=not self.taggers)
            texts = self._texts(x, rows)
        else:
            inputs, rows = self.sequence.inputs(batch, noise)
            replaced, chosen = self.masked.hide(inputs, rows, batch["lengths"], noise)
            x = self.sequence.encode(replaced, rows, noise)
            texts = rows.take(x, rows.last)
            losses["mask"] = self.masked.loss(x, inputs, rows, chosen, batch[DISTINCT], noise)
        if self.intents is not None:
            losses["intent"] = self.intents.loss(texts, batch["label_ids"], noise)
        for name, tagger in self.taggers.items():
            logits = rows.pad(tagger.logits(x, batch["entity"]))
            losses[name] = tagger.crf.loss(logits, tf.gather(batch[name], rows.to_padded), batch["lengths"])
        return losses

    def _texts(self, x: tf.Tensor, rows: Rows) -> tf.Tensor:
        """[B, U]: the vectors of whole texts. Without taggers the encoder gives no others."""
        return rows.take(x, rows.last) if self.taggers else x

    def forward(self, batch: Batch) -> dict[str, tf.Tensor]:
        """What of a prediction is arithmetic of tensors, and so can be traced: "intents" [B, L], and what
        :meth:`predict` decodes tags from."""
        x, rows = self.sequence(batch, texts_only=not self.taggers)
        outputs: dict[str, tf.Tensor] = {}
        if self.intents is not None:
            outputs["intents"] = self.intents.confidences(self._texts(x, rows))
        if self.taggers:
            entity = self.taggers["entity"].logits(x, None)
            outputs |= {"x": x, "to_padded": rows.to_padded, "to_packed": rows.to_packed, "entity": entity}
        return outputs

    def predict(self, batch: Batch, forward: Callable[[Batch], Mapping[str, tf.Tensor]] | None = None) -> Prediction:
        """Run without dropout; a batch as in training, of features alone. ``forward`` computes what this network's
        does, if in another way."""
        outputs = (forward or self.forward)(batch)
        lengths = tf.convert_to_tensor(batch["lengths"]).numpy()
        tags: dict[TagName, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        entity_rows: Any = None
        for name, tagger in self.taggers.items():
            logits = outputs["entity"] if name == "entity" else tagger.logits(outputs["x"], entity_rows)
            tags[name] = tagger.crf.decode(logits.numpy()[outputs["to_padded"].numpy()], lengths)
            if name == "entity":
                entity_rows = tf.gather(tags[name][0].reshape(-1), outputs["to_packed"])
        return Prediction(outputs["intents"].numpy() if "intents" in outputs else None, tags)


class LabelHead(Protocol):
    """Predicts the label of a text from its similarity with all labels."""

    def loss(self, texts: tf.Tensor, label_ids: tf.Tensor, noise: Noise) -> tf.Tensor:
        """Texts [B, U], int32 [B] -> scalar"""

    def confidences(self, texts: tf.Tensor) -> tf.Tensor:
        """[B, U] -> [B, L]"""

    def settle(self) -> None:
        """Encode the labels for all predictions to come: the weights change no more."""


class IntentHead:
    """Similarity of the text with every intent, both embedded into one space."""

    def __init__(self, weights: Weights, config: DietConfig, units: int, labels: DietLabels) -> None:
        self.loss_function = config.loss
        self.softmax = config.softmax
        self.labels = labels
        self.combine = FeatureCombining(weights, "feature_combining_layer.label", labels.widths, config.label)
        self.hidden = HiddenLayers(
            weights,
            "ffnn.label",
            self.combine.units,
            config.hidden_label,
            density=config.label.density,
            l2=config.label.l2,
            rate=config.label.rate,
        )
        self.embed_text = embed(weights, "text", units, config.embedding_units, l2=config.label.l2)
        self.embed_label = embed(weights, "label", self.hidden.units, config.embedding_units, l2=config.label.l2)
        self.settled: tf.Tensor | None = None

    def _bags(self, noise: Noise | None) -> tf.Tensor:
        """[L, U]: the sum of each intent's feature rows."""
        x, rows = self.combine(self.labels.features, noise)
        intent = tf.math.floordiv(rows.to_packed, tf.shape(rows.mask)[1])
        return tf.math.segment_sum(x, intent)

    def loss(self, texts: tf.Tensor, label_ids: tf.Tensor, noise: Noise) -> tf.Tensor:
        """Texts [B, U], int32 [B] -> scalar"""
        ids, noise = whole(label_ids), noise.whole
        bags = self._bags(noise)
        candidates = alike(self.embed_label(self.hidden(bags, noise)))
        right = alike(self.embed_label(self.hidden(tf.gather(bags, ids), noise)))
        return self.loss_function(whole(self.embed_text(texts)), right, ids, candidates, noise)

    def settle(self) -> None:
        """Encode the intents for all predictions to come: the weights change no more."""
        self.settled = self.embed_label(self.hidden(self._bags(None)))

    def confidences(self, texts: tf.Tensor) -> tf.Tensor:
        """[B, U] -> [B, L]"""
        candidates = self.embed_label(self.hidden(self._bags(None))) if self.settled is None else self.settled
        found = similarities(self.embed_text(texts), candidates, self.loss_function.similarity)
        return softmax(found) if self.softmax else found


class TagHead:
    """A CRF over token vectors; roles and groups also see the token's entity tag."""

    def __init__(
        self, weights: Weights, config: DietConfig, name: TagName, units: int, tags: int, entity_tags: int
    ) -> None:
        l2 = config.text.l2
        self.entity_tags = entity_tags
        self.embed_tags: Dense | None = None
        if name != "entity":
            self.embed_tags = embed(weights, f"{name}.tags", entity_tags, config.embedding_units, l2=l2)
            units += config.embedding_units
        self.embed_logits = embed(weights, f"{name}.logits", units, tags, l2=l2)
        self.crf = Crf(weights, f"crf.{name}", tags, l2=l2, scale_loss=config.loss.scale)

    def logits(self, x: tf.Tensor, entity_tags: tf.Tensor | None) -> tf.Tensor:
        """[N, U], int32 [N] (annotated in training, predicted otherwise) -> [N, tags]"""
        if self.embed_tags is not None:
            x = tf.concat([x, self.embed_tags(tf.one_hot(entity_tags, self.entity_tags))], axis=1)
        return self.embed_logits(x)
