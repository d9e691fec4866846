"""Texts encoded a half of a batch at a time: another order of the same arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rebake.base.progress import Silent
from rebake.nn.diet.config import DietConfig
from rebake.nn.diet.model import WORTH_HALVING, DietModel
from rebake.nn.layers.feature_combining import CombineConfig
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.sequence_layer import SequenceLayer
from rebake.nn.layers.text_data import TextData, Widths
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.training.batching import Batching
from rebake.nn.training.fit import FitSettings
from rebake.nn.weights import Seeded, Weights

pytestmark = pytest.mark.slow

WIDTHS = Widths(sequence_dense=5, sentence_dense=5)
COMBINE = CombineConfig(8, 8, rate=0.2, sparse_dropout=True, dense_dropout=True, density=0.25, l2=0.001)
ENCODER = TransformerConfig(units=16, layers=2, heads=2, rate=0.2, attention_rate=0.1, density=0.25, l2=0.001)


def layer() -> tuple[Weights, SequenceLayer]:
    weights = Weights(Seeded(3))
    return weights, SequenceLayer(weights, "text", WIDTHS, COMBINE, [], ENCODER)


def batch(*lengths: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "lengths": np.array(lengths, np.int32),
        "sequence_dense": rng.normal(size=(sum(lengths), 5)).astype(np.float32),
        "sentence_dense": rng.normal(size=(len(lengths), 5)).astype(np.float32),
    }


@pytest.mark.parametrize("lengths", [(2, 4, 1, 3), (3, 1, 2), (4,)], ids=["even", "odd", "one text"])
@pytest.mark.parametrize("texts_only", [False, True])
def test_halves_give_what_the_whole_batch_gives_and_the_same_gradients(
    lengths: tuple[int, ...], texts_only: bool
) -> None:
    weights, text = layer()
    noise = Noise(1, tf.constant(0), drops=False)
    variables = list(weights.trainable().values())
    results = []
    for text.in_halves in (False, True):
        with tf.GradientTape() as tape:
            x, _ = text(batch(*lengths), noise, texts_only=texts_only)
            total = tf.reduce_sum(tf.sin(x))
        results.append((x, tape.gradient(total, variables)))
    (whole, gradients), (halves, of_halves) = results
    np.testing.assert_allclose(whole, halves, atol=1e-5)
    for one, other in zip(gradients, of_halves, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(one), tf.convert_to_tensor(other), atol=1e-4)


def test_each_half_has_dropout_of_its_own() -> None:
    _, text = layer()
    text.in_halves = True
    twice = {name: np.concatenate([part, part]) for name, part in batch(3, 2).items()}
    x, _ = text(twice, Noise(1, tf.constant(0)))
    first, other = np.split(x.numpy(), 2)
    assert np.abs(first - other).max() > 0.1


@pytest.mark.parametrize(("epochs", "in_halves"), [(1, False), (WORTH_HALVING // (40 * 4) + 1, True)])
def test_long_trainings_go_in_halves_whatever_the_machine(
    epochs: int, in_halves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebake.nn.diet.model.fit", lambda *_: {})
    monkeypatch.setattr("rebake.nn.diet.model.measure", lambda *_: {})
    texts = batch(*[3] * 40)
    data = TextData(texts["lengths"], sequence_dense=texts["sequence_dense"], sentence_dense=texts["sentence_dense"])
    loss = DotProductLoss(2, "cross_entropy", "inner", False, False, 0.8, -0.4, True, 0.8)
    config = DietConfig(COMBINE, COMBINE, (), (), ENCODER, 4, loss)
    model, _ = DietModel.train(
        config, data, None, {"entity": 3},
        batching=Batching(8, epochs), settings=FitSettings("net", epochs, 0.001, 1), progress=Silent(),
        num_threads=None, warn=lambda _: None,
    )  # fmt: skip
    assert model.network.sequence.in_halves is in_halves
