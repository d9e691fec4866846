"""TED as a policy uses it: trained on windows of states, asked for confidences and entities, written and read.

Shapes: B examples of a batch (windows); N rows of all windows (turns); P right labels of an example at most; E texts
that are tagged; T words of the longest; L labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.base.progress import Progress
from rebake.nn.layers.noise import Noise
from rebake.nn.ted.config import TedConfig
from rebake.nn.ted.dialogue_data import DialogueLabels, Dialogues, Inputs
from rebake.nn.ted.network import Asked, Ted
from rebake.nn.threads import for_predictions, for_training
from rebake.nn.tracing import Traced
from rebake.nn.training.batching import Batching
from rebake.nn.training.checkpoints import FromCheckpoint, check_complete, write_checkpoint
from rebake.nn.training.evaluation import EvaluationSettings, micro_f1
from rebake.nn.training.fit import FitSettings, LossFunction, fit
from rebake.nn.training.watched import Watched
from rebake.nn.weights import Seeded, Weights, WeightSource

PREDICTION_BATCH = 512  # windows; bounds the memory of a prediction
LOGGED_AS = {
    "loss": "t_loss",
    "labels": "loss",
    "labels_loss": "loss",
    "accuracy": "acc",
    "entities": "e_loss",
    "entities_loss": "e_loss",
    "entities_f1": "e_f1",
}
"""Names of losses and figures in TensorBoard, as with Rasa."""


@dataclass(frozen=True, slots=True)
class TedPrediction:
    """Of B windows, or of all N turns of them.

    Attributes:
        similarities, confidences: float32 [B, L]
        tags: int32 [E, T], tags of the words of the texts that were asked about, and
        tag_confidences: float32 [E, T]; both empty without an entity tagger.
    """

    similarities: NDArray[np.float32]
    confidences: NDArray[np.float32]
    tags: NDArray[np.int32]
    tag_confidences: NDArray[np.float32]


class TedModel:
    """The network with its options.

    Args:
        source: gives the variables their first values.
        config: sizes and rates.
        inputs: the attributes of states that the network has layers for.
        labels: features of all labels.
        tags: number of entity tags (with O); 0 = entities are not looked for.
    """

    def __init__(
        self, source: WeightSource, config: TedConfig, inputs: Inputs, labels: DialogueLabels, tags: int = 0
    ) -> None:
        self.config = config
        self.weights = Weights(source)
        self.network = Ted(self.weights, config, inputs, labels, tags)
        self._labels: tf.Tensor | None = None
        self._traced = Traced(self._predict, self.network.signature(), tf.TensorSpec([None, None], tf.float32))

    @classmethod
    def train(
        cls,
        config: TedConfig,
        data: Dialogues,
        ids: NDArray[np.int32],
        labels: DialogueLabels,
        *,
        tags: int,
        batching: Batching,
        settings: FitSettings,
        evaluation: EvaluationSettings,
        progress: Progress,
        num_threads: int | None,
        warn: Callable[[str], None],
        earlier: Path | None = None,
    ) -> tuple[Self, dict[str, float]]:
        """Train a network on windows.

        Args:
            ids: int32 [windows, P], which labels follow each window, -1 = no more; of whole dialogues [windows, turns],
                the label that follows each turn.
            tags: number of entity tags, where ``data`` has tags.
            batching: how the windows of a batch are drawn.
            earlier: the checkpoint whose weights are trained on; None = new ones.

        Returns:
            the network; its losses in the last epoch, its accuracy on ``data``, and the figures of held-out windows.

        Raises:
            DataError: so many windows cannot be held out.
            ModelError: the earlier training is of another network.
            StorageError: the log cannot be written.
        """
        threads = for_training(num_threads, warn=warn)
        source = Seeded(settings.seed) if earlier is None else FromCheckpoint(earlier)
        model = cls(source, config, data.states.inputs, labels, tags)
        if earlier is None:
            model.network.clear_unread(data.states.texts)
        watched = Watched.of(
            evaluation,
            model.weights,
            len(ids),
            lambda: _as_text(ids),
            lambda windows: model.measure(data, ids, windows, settings.seed),
            LOGGED_AS,
        )
        trained = watched.trained
        balance = model.balance_by(ids[trained])
        distinct = not config.noisy_states

        def batches(epoch: int) -> Iterator[dict[str, Any]]:
            rng = np.random.default_rng([settings.seed % 2**32, epoch])
            for chosen in batching.batches(epoch, len(trained), balance, rng):
                windows = trained[chosen]
                yield data.batch(windows, distinct=distinct) | model.targets(data, ids, windows)

        signature = model.network.signature() | model.target_signature()
        losses = fit(model.weights, model.losses(), batches, signature, settings, progress, watched.watchers)
        figures = watched.figures  # sets the weights that accuracy is measured of
        if threads is not None:
            figures = {**figures, "threads": float(threads)}
        return model, {**_named(losses), "accuracy": model.accuracy(data, ids), **figures}

    def measure(
        self, data: Dialogues, ids: NDArray[np.int32], windows: NDArray[np.int64], seed: int
    ) -> dict[str, float]:
        """Losses and quality on some windows, without dropout: ``loss`` in all, ``<name>_loss`` of each head,
        ``accuracy`` among all labels, and with a tagger ``entities_f1``.

        Every window counts once. (Rasa's figures come of balanced batches and of sampled labels.)
        """
        sums: dict[str, float] = {}
        found, gold = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        losses = self.losses()
        for start in range(0, len(windows), PREDICTION_BATCH):
            part = windows[start : start + PREDICTION_BATCH]
            batch = data.batch(part, distinct=True) | self.targets(data, ids, part)
            for name, value in losses(batch, Noise(seed, tf.constant(0), drops=False)).items():
                sums[f"{name}_loss"] = sums.get(f"{name}_loss", 0.0) + float(value) * len(part)
            if self.network.tagger is not None and len(batch["tagged"]):
                _, made_from, tokens = self.network.dialogues(batch, None)
                logits, lengths = self._tag_logits(batch, made_from, tokens, "newest")
                tags, _ = self.network.tagger.crf.decode(logits.numpy(), lengths.numpy())
                is_word = np.arange(tags.shape[1]) < lengths.numpy()[:, np.newaxis]
                found.append(tags[is_word])
                gold.append(_as_wide(batch["tags"], tags.shape[1])[is_word])
        figures = {"loss": sum(sums.values()) / len(windows)}
        figures |= {name: value / len(windows) for name, value in sums.items()}
        figures["accuracy"] = self.accuracy(data.take(windows), ids[windows])
        if self.network.tagger is not None:
            figures["entities_f1"] = micro_f1(np.concatenate(gold), np.concatenate(found))
        return figures

    def balance_by(self, ids: NDArray[np.int32]) -> NDArray[np.int64] | None:
        """What batches are balanced by; nothing where an example has several labels, as in Rasa."""
        return ids[:, 0].astype(np.int64) if ids.shape[1] == 1 else None

    def targets(self, data: Dialogues, ids: NDArray[np.int32], windows: NDArray[np.integer]) -> dict[str, Any]:
        """What a batch is to give: "ids" int32 [B], or of whole dialogues [N] with "weights" float32 [N], as each
        dialogue counts alike."""
        if not self.config.whole_dialogues:
            return {"ids": ids[windows, 0]}
        lengths = data.lengths[windows]
        weights = np.repeat(lengths.sum() / (len(windows) * lengths), lengths).astype(np.float32)
        return {"ids": ids[windows][np.arange(ids.shape[1]) < lengths[:, np.newaxis]], "weights": weights}

    def target_signature(self) -> dict[str, tf.TypeSpec]:
        """Of :meth:`targets`."""
        specs = {"ids": tf.TensorSpec([None], tf.int32)}
        if self.config.whole_dialogues:
            specs["weights"] = tf.TensorSpec([None], tf.float32)
        return specs

    def losses(self) -> LossFunction:
        """Return the losses of a batch, "labels" and with a tagger "entities"."""
        loss = self.config.loss
        asked: Asked = "all" if self.config.whole_dialogues else "newest"

        def losses(batch: Mapping[str, Any], noise: Noise) -> dict[str, tf.Tensor]:
            embedded, made_from, tokens = self.network.dialogues(batch, noise, asked)
            labels = self.network.labels(noise)
            ids = batch["ids"]
            weights = batch.get("weights")
            named = {"labels": loss(embedded, tf.gather(labels, ids), ids, labels, noise, weights=weights)}
            if self.network.tagger is not None and tokens is not None:
                logits, lengths = self._tag_logits(batch, made_from, tokens, asked)
                named["entities"] = _entity_loss(self.network.tagger.crf, logits, batch["tags"], lengths)
            return named

        return losses

    def _tag_logits(
        self, batch: Mapping[str, Any], made_from: tf.Tensor, tokens: tf.Tensor, asked: Asked
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Of the texts that are tagged: [E, T, tags] and their lengths in words, int32 [E]."""
        assert self.network.tagger is not None
        turns, texts = batch["tagged"], batch["tagged_texts"]
        if asked == "newest":  # one row per window
            ends = tf.cumsum(batch["lengths"])
            turns = tf.searchsorted(ends, turns, side="right")
        logits = self.network.tagger.logits(tf.gather(tokens, texts), tf.gather(made_from, turns))
        return logits, tf.gather(batch["text"]["lengths"], texts)

    def accuracy(self, data: Dialogues, ids: NDArray[np.int32]) -> float:
        """Return how often the best label is a right one."""
        if not self.config.whole_dialogues:
            best = np.argmax(self.similarities(data), axis=1)
            return float(np.mean((best[:, np.newaxis] == ids).any(axis=1)))
        best = np.argmax(self.similarities(data, "all"), axis=1)
        return float(np.mean(best == ids[np.arange(ids.shape[1]) < data.lengths[:, np.newaxis]]))

    def similarities(self, data: Dialogues, asked: Asked = "newest") -> NDArray[np.float32]:
        """float32 [windows, labels], or [all turns, labels]; for many windows at once."""
        labels = self._embedded_labels()
        results = []
        for start in range(0, len(data.lengths), PREDICTION_BATCH):
            windows = np.arange(start, min(start + PREDICTION_BATCH, len(data.lengths)))
            embedded, _, _ = self.network.dialogues(data.batch(windows, distinct=True), None, asked)
            results.append(self.network.similarities(embedded, labels).numpy())
        return np.concatenate(results)

    def predict(self, data: Dialogues) -> TedPrediction:
        """Predict for a few windows; the first call takes time that later ones do not."""
        batch = data.batch(np.arange(len(data.lengths)), distinct=True)
        similarities, confidences, logits, lengths = self._traced(batch, self._embedded_labels())
        tags, tag_confidences = np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32)
        if self.network.tagger is not None and len(lengths):
            tags, tag_confidences = self.network.tagger.crf.decode(logits.numpy(), lengths.numpy())
        return TedPrediction(similarities.numpy(), confidences.numpy(), tags, tag_confidences)

    def _embedded_labels(self) -> tf.Tensor:
        if self._labels is None:
            self._labels = self.network.labels(None)
        return self._labels

    def _predict(self, batch: Mapping[str, Any], labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        embedded, made_from, tokens = self.network.dialogues(batch, None)
        similarities = self.network.similarities(embedded, labels)
        logits, lengths = tf.zeros([0, 0, 0]), tf.zeros([0], tf.int32)
        if tokens is not None:
            logits, lengths = self._tag_logits(batch, made_from, tokens, "newest")
        return similarities, self.network.confidences(similarities), logits, lengths

    def save(self, prefix: Path) -> None:
        """Write the checkpoint ``<prefix>.index`` and ``<prefix>.data-00000-of-00001``."""
        write_checkpoint(self.weights, prefix)

    @classmethod
    def load(cls, prefix: Path, config: TedConfig, inputs: Inputs, labels: DialogueLabels, tags: int = 0) -> Self:
        """Read a checkpoint of ours or Rasa's. Raises ModelError unless it fits this network exactly."""
        for_predictions()
        model = cls(FromCheckpoint(prefix), config, inputs, labels, tags)
        check_complete(prefix, {path: tuple(variable.shape) for path, variable in model.weights.variables.items()})
        return model


def _entity_loss(crf: Any, logits: tf.Tensor, tags: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """0 for a batch without user texts that are tagged."""
    width = tf.shape(logits)[1]
    tags = tf.pad(tags, [[0, 0], [0, tf.maximum(width - tf.shape(tags)[1], 0)]])[:, :width]
    return tf.cond(tf.size(lengths) > 0, lambda: crf.loss(logits, tags, lengths), lambda: tf.constant(0.0))


def _as_text(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64 [windows] from int32 [windows, P]: numbers of the distinct rows. Rasa, which divides windows by their rows
    of numbers, sorts these as text."""
    rows = np.array([" ".join(map(str, row)) for row in ids.tolist()])
    return np.unique(rows, return_inverse=True)[1]


def _as_wide(tags: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    """int32 [E, width]: cut, or filled with 0."""
    filled = np.zeros((len(tags), width), np.int32)
    filled[:, : tags.shape[1]] = tags[:, :width]
    return filled


def _named(losses: Mapping[str, float]) -> dict[str, float]:
    """The sum, and the single ones where there are several."""
    parts = {f"{name}_loss": value for name, value in losses.items() if name != "loss"}
    return {"loss": losses["loss"], **(parts if len(parts) > 1 else {})}
