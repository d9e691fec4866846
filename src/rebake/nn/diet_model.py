"""DIET from data to weights to predictions: what NLU components call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rebake.nn.batching import Batching
from rebake.nn.checkpoints import FromCheckpoint, write_checkpoint
from rebake.nn.diet import Diet, DietConfig, Labels, Prediction, TagName
from rebake.nn.masked_language_model import DISTINCT
from rebake.nn.response_selector import Diet2Diet
from rebake.nn.sequence import Widths
from rebake.nn.text_data import TextData
from rebake.nn.training import FitSettings, configure, fit
from rebake.nn.weights import Seeded, Source, Weights
from rebake.progress import Progress

UNREAD = "sequence_layer.text/_tf_layers/feature_combining/_tf_layers/sparse_dense.sequence"  # without a transformer


class DietModel:
    """A network with its weights.

    Args:
        source: first values of the weights.
        labels: the features of all labels; None without classification.
        tags: number of tags per layer of tags, in the order entity, role, group.
    """

    def __init__(
        self,
        source: Source,
        config: DietConfig,
        widths: Widths,
        labels: TextData | None,
        tags: Mapping[TagName, int],
    ) -> None:
        self.weights = Weights(source)
        features = None if labels is None else Labels(labels.widths, labels.batch())
        self.network: Diet = self._network(config, widths, features, tags)

    def _network(self, config: DietConfig, widths: Widths, labels: Labels | None, tags: Mapping[TagName, int]) -> Diet:
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
    ) -> tuple[DietModel, dict[str, float]]:
        """New weights, trained; with the mean losses of the last epoch by name."""
        configure(num_threads)
        model = DietModel(Seeded(settings.seed), config, texts.widths, labels, tags)
        rng = np.random.default_rng(settings.seed)
        if config.masked_language_model:
            texts = texts.numbered(DISTINCT)
        if not model.network.reads_tokens:
            texts = texts.sentences()
            model.weights.clear(UNREAD)

        def batches(epoch: int) -> Iterator[dict[str, Any]]:
            for chosen in batching.batches(epoch, len(texts.lengths), texts.labels, rng):
                yield texts.batch(chosen)

        network = model.network
        losses = fit(model.weights, network.losses, batches, network.signature(), settings, progress)
        model.settle()
        return model, losses

    @staticmethod
    def load(
        config: DietConfig, widths: Widths, labels: TextData | None, tags: Mapping[TagName, int], prefix: Path
    ) -> DietModel:
        """Weights of a checkpoint, ours or Rasa's. Raises ModelError unless all are there in their shapes."""
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
        """All of ``texts`` in one batch."""
        return self.network.predict(texts.batch())
