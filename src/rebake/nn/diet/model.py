"""DIET from data to weights to predictions: what NLU components call.

Shapes: E examples; K columns of a sparse feature that they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.base.interpreter_lock import interpreter_released
from rebake.base.progress import Progress
from rebake.nn.diet.config import DietConfig
from rebake.nn.diet.network import Diet, DietLabels, Prediction, TagName
from rebake.nn.diet.response_selector import Diet2Diet
from rebake.nn.layers.masked_language_model import DISTINCT
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.text_data import Batch, Level, TextData, Widths
from rebake.nn.threads import for_predictions, for_training
from rebake.nn.tracing import Traced
from rebake.nn.training.batching import Batching
from rebake.nn.training.checkpoints import FromCheckpoint, GrownCheckpoint, Growth, write_checkpoint
from rebake.nn.training.evaluation import EvaluationSettings, micro_f1
from rebake.nn.training.fit import FitSettings, fit
from rebake.nn.training.replicas import Replicas
from rebake.nn.training.watched import Watched
from rebake.nn.weights import Copied, Seeded, Weights, WeightSource

LOGGED_AS = {
    "loss": "t_loss",
    **{name: f"{name[0]}_loss" for name in ("mask", "intent", "entity", "role", "group")},
    **{f"{name}_loss": f"{name[0]}_loss" for name in ("intent", "entity", "role", "group")},
    "intent_accuracy": "i_acc",
    **{f"{name}_f1": f"{name[0]}_f1" for name in ("entity", "role", "group")},
}
"""Names of losses and figures in TensorBoard, as with Rasa."""
CONDITIONAL_EPOCHS = 3  # how long L2 pulls as with Rasa; see :func:`rebake.nn.training.fit.with_l2`
AVERAGED = 0.2  # of the epochs; see :class:`rebake.nn.training.averaging.Average`
AVERAGED_AFTER = 250  # steps; benchmarks/README.md says what averaging costs shorter trainings
UNTRACED = 2  # predictions before the network is traced: most calls of `rebake parse` make no more
WORTH_HALVING = 100_000  # rows in all epochs; with fewer, tracing two halves takes longer than encoding them at a time
MEASURED = 256  # held-out texts that are measured together
TEXT = "sequence_layer.text/_tf_layers"  # where the layers of texts are
LEVELS: tuple[Level, ...] = ("sequence", "sentence")
LEARNED = 1024  # training examples that say how well they were learned, which is a moment's work


@dataclass(frozen=True)
class EarlierDiet:
    """A training that another one continues from.

    Attributes:
        checkpoint: prefix of its files.
        growth: of the features of texts, by level.
    """

    checkpoint: Path
    growth: Mapping[Level, Growth]

    def source(self) -> WeightSource:
        """Its weights, those of new features zero."""
        paths = {_kernel(level): growth for level, growth in self.growth.items()}
        if "sequence" in self.growth:  # of Rasa's masked language model; nothing trains or reads it
            paths[f"{TEXT}/sparse_to_dense_for_token_ids/kernel"] = self.growth["sequence"]
        return GrownCheckpoint(self.checkpoint, paths)


class DietModel:
    """A network with its weights.

    Args:
        source: first values of the weights.
        labels: the features of all labels; None without classification.
        tags: number of tags per layer of tags, in the order entity, role, group.
    """

    def __init__(
        self,
        source: WeightSource,
        config: DietConfig,
        widths: Widths,
        labels: TextData | None,
        tags: Mapping[TagName, int],
    ) -> None:
        self.weights = Weights(source)
        features = None if labels is None else DietLabels(labels.widths, labels.batch())
        self.network: Diet = self._network(config, widths, features, tags)
        self._asked = 0
        self._tracing = Lock()
        self._traced: Traced | None = None

    def _network(
        self, config: DietConfig, widths: Widths, labels: DietLabels | None, tags: Mapping[TagName, int]
    ) -> Diet:
        if config.text_labels and labels is not None:
            return Diet2Diet(self.weights, config, widths, labels, tags)
        return Diet(self.weights, config, widths, labels, tags)

    @staticmethod
    def train(
        config: DietConfig,
        texts: TextData,
        labels: TextData | None,
        tags: Mapping[TagName, int],
        *,
        batching: Batching,
        settings: FitSettings,
        progress: Progress,
        num_threads: int | None,
        warn: Callable[[str], None],
        evaluation: EvaluationSettings | None = None,
        earlier: EarlierDiet | None = None,
        replicas: Replicas | None = None,
    ) -> tuple[DietModel, dict[str, float]]:
        """Train new weights, or those of an ``earlier`` training.

        Returns:
            The model, with the mean losses of the last epoch by name, the quality (``intent_accuracy``, ``entity_f1``
            ...) on some of the training examples, and with ``evaluation`` the figures of held-out examples
            (``val_loss``, ``val_intent_loss``, ``val_intent_accuracy``, ``val_entity_f1`` ...).

        Raises:
            DataError: so many examples cannot be held out.
            ModelError: the earlier training is of another network.
            StorageError: the log cannot be written.
        """
        rows = float(texts.lengths.mean()) + 1  # of a text
        # Not by the number of cores: the same training gives the same model on every machine.
        in_halves = settings.epochs * len(texts.lengths) * rows > WORTH_HALVING
        threads = for_training(num_threads, warn=warn)
        source = Seeded(settings.seed) if earlier is None else earlier.source()
        widths = texts.widths
        with nullcontext() if replicas is None else replicas.variables():
            model = DietModel(source, config, widths, labels, tags)
        model.network.sequence.in_halves = in_halves
        rng = np.random.default_rng(settings.seed)
        if config.masked_language_model:
            texts = texts.numbered(DISTINCT)
        if earlier is None:  # else words that it knows may be missing from the data, and new ones start at zero
            model.network.clear_unread(texts, labels)
        if not model.network.reads_tokens:
            texts = texts.sentences()

        evaluation = evaluation or EvaluationSettings()
        if replicas is not None and replicas.first > 0:  # the first process logs
            evaluation = replace(evaluation, log_directory=None)
        watched = Watched.of(
            evaluation,
            model.weights,
            len(texts.lengths),
            lambda: texts.labels,
            partial(measure, model.network, texts, seed=settings.seed),
            LOGGED_AS,
        )
        if replicas is not None:
            sizes = batching.size(0), batching.size(batching.epochs - 1), len(watched.trained)
            replicas.require_shares(settings.name, min(sizes))
        # Where labels pass through the same layers, they have a gradient as well.
        sparse = {} if config.shared_layers else {_kernel(level): level for level in LEVELS if texts.sparse(level)}
        labels_of = None if texts.labels is None else texts.labels[watched.trained]

        def batches(epoch: int) -> Iterator[Any]:
            drawn = batching.batches(epoch, len(watched.trained), labels_of, rng)
            if replicas is None:
                for chosen in drawn:
                    yield texts.batch(watched.trained[chosen])
                return
            for chosen in replicas.joined(drawn):
                shares, counts = replicas.shares(watched.trained[chosen])
                rows = {path: _features(texts, level, watched.trained[chosen]) for path, level in sparse.items()}
                yield tuple(texts.batch(share) for share in shares), counts, rows

        network = model.network
        settings = replace(
            settings,
            conditional_epochs=CONDITIONAL_EPOCHS,
            averaged=AVERAGED,
            averaged_after=AVERAGED_AFTER,
        )
        losses = fit(
            model.weights,
            network.losses,
            batches,
            network.signature(),
            settings,
            progress,
            watched.watchers,
            replicas,
            rng if watched.evaluation is None else None,  # the best weights so far are not saved
            tuple(sparse),
        )
        figures = watched.figures
        if replicas is not None:  # from here on as if it had been trained here alone
            model = DietModel(Copied(model.weights), config, widths, labels, tags)
            network = model.network
        model.settle()
        learned = measure(network, texts, _sample(len(texts.lengths)), settings.seed)
        quality = {name: value for name, value in learned.items() if name.endswith(("accuracy", "f1"))}
        used = {} if threads is None else {"threads": float(threads)}
        if replicas is not None:
            used["replicas"] = float(replicas.count)
        return model, losses | quality | figures | used

    @staticmethod
    def load(
        config: DietConfig, widths: Widths, labels: TextData | None, tags: Mapping[TagName, int], prefix: Path
    ) -> DietModel:
        """Weights of a checkpoint, ours or Rasa's. Raises ModelError unless all are there in their shapes."""
        for_predictions()
        model = DietModel(FromCheckpoint(prefix), config, widths, labels, tags)
        model.settle()
        return model

    def settle(self) -> None:
        """Encode the labels once and for all predictions, when the weights change no more."""
        if self.network.intents is not None:
            self.network.intents.settle()

    def save(self, prefix: Path) -> None:
        """Write the checkpoint; raises ModelError if it turns out incomplete."""
        write_checkpoint(self.weights, prefix)

    def predict(self, texts: TextData) -> Prediction:
        """All of ``texts`` in one batch. The network is traced when it has been asked a few times: that takes as long
        as ten single texts, which are then four times as fast."""
        network = self.network
        batch = (texts if network.reads_tokens else texts.sentences()).batch()
        signature = (network.widths if network.reads_tokens else network.widths.sentences).signature()
        with self._tracing:  # threads may ask at a time
            self._asked += 1
            if self._traced is None and self._asked > UNTRACED:
                self._traced = Traced(network.forward, signature)
        # Texts that no featurizer has a certain kind of features for are rare, and not worth a separate trace.
        forward = self._traced if self._traced is not None and batch.keys() == signature.keys() else network.forward

        def computed(features: Batch) -> dict[str, tf.Tensor]:
            with interpreter_released():
                return dict(forward(features))

        return network.predict(batch, computed)


def _kernel(level: Level) -> str:
    """Path of the kernel that the sparse features of texts are multiplied with."""
    return f"{TEXT}/feature_combining/_tf_layers/sparse_dense.{level}/_tf_layers/sparse_to_dense/kernel"


def _features(texts: TextData, level: Level, chosen: NDArray[np.int64]) -> NDArray[np.int32]:
    """int32 [K]: the sparse features that any of the texts ``chosen``, int64 [E], has."""
    rows = texts.sparse(level)
    assert rows is not None
    has = np.zeros(rows.n_columns, bool)
    has[rows.take(texts.tokens(chosen) if level == "sequence" else chosen).indices] = True
    return np.flatnonzero(has).astype(np.int32)


def _sample(count: int) -> NDArray[np.int64]:
    """Up to LEARNED of ``count`` examples, evenly spread: int64 [E]."""
    return np.unique(np.linspace(0, count - 1, min(count, LEARNED)).astype(np.int64))


def measure(network: Diet, texts: TextData, chosen: NDArray[np.int64], seed: int) -> dict[str, float]:
    """Losses and quality on the texts ``chosen``, int64 [E], without dropout: ``loss`` in all, ``<name>_loss`` of each
    head, ``intent_accuracy`` among all intents, and the micro-averaged ``<tag name>_f1`` of tags.

    Every text counts once. (Rasa's figures come of balanced batches and of sampled intents.)
    """
    sums: dict[str, float] = {}
    right = 0
    gold: dict[str, list[NDArray[np.int32]]] = {name: [] for name in network.taggers}
    found: dict[str, list[NDArray[np.int32]]] = {name: [] for name in network.taggers}
    for start in range(0, len(chosen), MEASURED):
        part = chosen[start : start + MEASURED]
        batch = texts.batch(part)
        for name, value in network.losses(batch, Noise(seed, tf.constant(0), drops=False)).items():
            sums[f"{name}_loss"] = sums.get(f"{name}_loss", 0.0) + float(value) * len(part)
        prediction = network.predict(batch)
        if prediction.intents is not None and texts.labels is not None:
            right += int((prediction.intents.argmax(axis=1) == texts.labels[part]).sum())
        for tag, (tags, _) in prediction.tags.items():
            is_token = np.arange(tags.shape[1]) < texts.lengths[part][:, None]
            found[tag].append(tags[is_token])
            gold[tag].append(texts.tags[tag][texts.tokens(part)])
    figures = {"loss": sum(sums.values()) / len(chosen)}
    figures |= {name: value / len(chosen) for name, value in sums.items()}
    if network.intents is not None:
        figures["intent_accuracy"] = right / len(chosen)
    return figures | {
        f"{name}_f1": micro_f1(np.concatenate(gold[name]), np.concatenate(found[name])) for name in network.taggers
    }
