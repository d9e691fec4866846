"""TED as a policy uses it: trained on windows of states, asked for confidences, written and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.batching import Batching
from rebake.nn.checkpoints import FromCheckpoint, check_complete, write_checkpoint
from rebake.nn.losses import DotProductLoss
from rebake.nn.noise import Noise
from rebake.nn.rows import Rows
from rebake.nn.ted import Ted, TedConfig
from rebake.nn.training import FitSettings, LossFunction, configure, fit
from rebake.nn.weights import Seeded, Source, Weights
from rebake.progress import Progress

LabelLoss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, Noise], tf.Tensor]
"""(inputs [B, d], right labels [B, d] or [B, P, d], their ids, all labels [L, d], noise) -> mean loss, a scalar."""

PREDICTION_BATCH = 512  # windows; bounds the memory of a prediction


@dataclass(frozen=True, slots=True)
class DialogueBatch:
    """Windows of dialogue states.

    Attributes:
        rows: int32 [n_windows, n_turns], numbers of states, newest first; 0 after the end of a window.
        lengths: int32 [n_windows], at least 1.
        features: attribute -> float32 [n_states, width].
        present: attribute -> bool [n_states].
    """

    rows: NDArray[np.int32]
    lengths: NDArray[np.int32]
    features: Mapping[str, NDArray[np.float32]]
    present: Mapping[str, NDArray[np.bool_]]


class TedModel:
    """The network with its options.

    Args:
        source: gives the variables their first values.
        options: as ``meta.json`` holds them.
        widths: attribute -> width, the attributes that the network has layers for.
        label_features: float32 [n_labels, n_columns].
    """

    label_attribute = "label_action_name"

    def __init__(
        self,
        source: Source,
        options: Mapping[str, Any],
        widths: Mapping[str, int],
        label_features: NDArray[np.float32],
    ) -> None:
        self.options = options
        self.weights = Weights(source)
        self.network = Ted(self.weights, TedConfig.of(options), widths, label_features, self.label_attribute)
        self._labels: tf.Tensor | None = None
        self._traced = tf.function(self._predict, input_signature=self._signature(widths))

    @classmethod
    def train(
        cls,
        options: Mapping[str, Any],
        widths: Mapping[str, int],
        label_features: NDArray[np.float32],
        data: DialogueBatch,
        labels: NDArray[np.int32],
        *,
        seed: int,
        num_threads: int | None,
        name: str,
        progress: Progress,
    ) -> tuple[Self, dict[str, float]]:
        """A network trained on the windows of ``data``, ``labels`` [n_windows, P] being what follows them (-1 = none).

        Returns:
            the network, and its loss in the last epoch and accuracy on ``data``.
        """
        configure(num_threads)
        model = cls(Seeded(seed), options, widths, label_features)
        batching = Batching(options["batch_size"], options["epochs"], options["batch_strategy"])
        balance = model.balance_by(labels)
        figures = fit(
            model.weights,
            model.losses(data, labels),
            lambda epoch: batching.batches(epoch, len(labels), balance, np.random.default_rng([seed % 2**32, epoch])),
            tf.TensorSpec([None], tf.int64),
            FitSettings(name, options["epochs"], options["learning_rate"], seed),
            progress,
        )
        best = np.argmax(model.confidences(data), axis=1)
        right = (best[:, np.newaxis] == labels).any(axis=1)
        return model, {"loss": figures["loss"], "accuracy": float(np.mean(right))}

    def losses(self, data: DialogueBatch, labels: NDArray[np.int32]) -> LossFunction:
        """The loss of a batch of window numbers."""
        return TedLosses(self.network, _loss(self.options), data, labels[:, 0])

    def balance_by(self, labels: NDArray[np.int32]) -> NDArray[np.int64] | None:
        """What batches are balanced by."""
        return labels[:, 0].astype(np.int64)

    def confidences(self, data: DialogueBatch) -> NDArray[np.float32]:
        """float32 [n_windows, n_labels]"""
        if self._labels is None:
            self._labels = self.network.labels(None)
        results = [
            self._confidences(data, slice(start, start + PREDICTION_BATCH))
            for start in range(0, len(data.lengths), PREDICTION_BATCH)
        ]
        return np.concatenate(results)

    def _confidences(self, data: DialogueBatch, windows: slice) -> NDArray[np.float32]:
        lengths = data.lengths[windows]
        rows = data.rows[windows, : lengths.max()]
        numbers = rows[np.arange(rows.shape[1]) < lengths[:, np.newaxis]]  # [N], newest first within a window
        names = self.network.attributes
        features = {name: tf.constant(data.features[name][numbers]) for name in names}
        present = {name: tf.constant(data.present[name][numbers]) for name in names}
        result: NDArray[np.float32] = self._traced(features, present, tf.constant(lengths), self._labels).numpy()
        return result

    def _signature(self, widths: Mapping[str, int]) -> tuple[Any, ...]:
        """Of :meth:`_predict`: one trace serves any number of windows, turns and labels."""
        names = self.network.attributes
        return (
            {name: tf.TensorSpec([None, widths[name]], tf.float32) for name in names},
            {name: tf.TensorSpec([None], tf.bool) for name in names},
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, None], tf.float32),
        )

    def _predict(
        self,
        features: Mapping[str, tf.Tensor],
        present: Mapping[str, tf.Tensor],
        lengths: tf.Tensor,
        labels: tf.Tensor,
    ) -> tf.Tensor:
        return self.network.confidences(self.network.dialogue(features, present, Rows.of(lengths), None), labels)

    def save(self, prefix: Path) -> None:
        """Write the checkpoint ``<prefix>.index`` and ``<prefix>.data-00000-of-00001``."""
        write_checkpoint(self.weights, prefix)

    @classmethod
    def load(
        cls,
        prefix: Path,
        options: Mapping[str, Any],
        widths: Mapping[str, int],
        label_features: NDArray[np.float32],
    ) -> Self:
        """Read a checkpoint of ours or Rasa's. Raises ModelError if it is not exactly that of such a network."""
        model = cls(FromCheckpoint(prefix), options, widths, label_features)
        check_complete(prefix, {path: tuple(variable.shape) for path, variable in model.weights.variables.items()})
        return model


class TedLosses:
    """Loss of a batch of window numbers; the windows stay in TensorFlow's memory."""

    def __init__(self, network: Ted, loss: LabelLoss, data: DialogueBatch, labels: NDArray[np.int32]) -> None:
        self.network = network
        self.loss = loss
        self.rows = tf.constant(data.rows)
        self.lengths = tf.constant(data.lengths)
        self.labels = tf.constant(labels)
        self.features = {name: tf.constant(data.features[name]) for name in network.attributes}
        self.present = {name: tf.constant(data.present[name]) for name in network.attributes}

    def __call__(self, batch: tf.Tensor, noise: Noise) -> dict[str, tf.Tensor]:
        rows = Rows.of(tf.gather(self.lengths, batch))
        turns = tf.gather(self.rows, batch)[:, : tf.shape(rows.mask)[1]]  # [B, T]
        numbers = tf.gather(tf.reshape(turns, [-1]), rows.to_packed)  # [N]
        features = {name: tf.gather(table, numbers) for name, table in self.features.items()}
        present = {name: tf.gather(table, numbers) for name, table in self.present.items()}
        dialogue = self.network.dialogue(features, present, rows, noise)  # [B, embedding]
        table = self.network.labels(noise)  # [n_labels, embedding]
        ids = tf.gather(self.labels, batch)  # [B] or [B, labels of an example], -1 = none
        return {"labels": self.loss(dialogue, tf.gather(table, tf.maximum(ids, 0)), ids, table, noise)}


def _loss(options: Mapping[str, Any]) -> DotProductLoss:
    return DotProductLoss(
        negatives=options["number_of_negative_examples"],
        loss=options["loss_type"],
        similarity=options["similarity_type"],
        constrain=options["constrain_similarities"],
        scale=options["scale_loss"],
        mu_pos=options["maximum_positive_similarity"],
        mu_neg=options["maximum_negative_similarity"],
        use_max_sim_neg=options["use_maximum_negative_similarity"],
        neg_lambda=options["negative_margin_scale"],
    )
