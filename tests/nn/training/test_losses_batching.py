"""The dot-product loss against sampled negatives one by one, and the batches of an epoch."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
import tensorflow as tf

from rebake.nn.layers.losses import DotProductLoss, scale_of, similarities
from rebake.nn.layers.noise import Noise
from rebake.nn.training.batching import Batching, balanced

pytestmark = pytest.mark.slow

rng = np.random.default_rng(1)
BATCH, LABELS, WIDTH, NEGATIVES = 5, 4, 3, 6
inputs, all_labels = (rng.normal(size=(n, WIDTH)).astype(np.float32) for n in (BATCH, LABELS))
ids = np.array([0, 1, 2, 1, 3], np.int32)


class Scripted(Noise):
    """Draws the negatives that the test chose: of labels first, then of inputs."""

    def __init__(self, *draws: Any) -> None:
        self.draws = list(draws)

    def integers(self, shape: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
        return tf.constant(self.draws.pop(0), tf.int32)


def loss_with(**changes: Any) -> DotProductLoss:
    options: dict[str, Any] = {
        "negatives": NEGATIVES,
        "loss": "cross_entropy",
        "similarity": "inner",
        "constrain": False,
        "scale": False,
        "mu_pos": 0.8,
        "mu_neg": -0.4,
        "use_max_sim_neg": True,
        "neg_lambda": 0.7,
    }
    return DotProductLoss(**options | changes)


def expected(kind: Literal["cross_entropy", "margin"], constrain: bool, use_max: bool, negatives: Any) -> float:
    """Example by example, negative by negative, as Rasa writes it down."""
    label_draws, input_draws = negatives
    labels = all_labels[ids]
    losses = []
    for b in range(BATCH):
        groups: dict[str, list[float]] = {"il": [], "ll": [], "ii": [], "li": []}
        for drawn in label_draws[b]:
            bad = -1e9 if drawn == ids[b] else 0.0
            groups["il"].append(float(inputs[b] @ all_labels[drawn]) + bad)
            groups["ll"].append(float(labels[b] @ all_labels[drawn]) + bad)
        for drawn in input_draws[b]:
            bad = -1e9 if ids[drawn] == ids[b] else 0.0
            groups["ii"].append(float(inputs[b] @ inputs[drawn]) + bad)
            groups["li"].append(float(labels[b] @ inputs[drawn]) + bad)
        positive = float(inputs[b] @ labels[b])
        if kind == "margin":
            above = {name: np.maximum(0, -0.4 + np.array(values)) for name, values in groups.items()}
            loss = max(0.0, 0.8 - positive) + (above["il"].max() if use_max else above["il"].sum())
            loss += 0.7 * sum(above[name].max() for name in ("ll", "ii", "li"))
        else:
            names = ["il", "li"] if constrain else ["il", "li", "ii", "ll"]
            logits = np.array([positive, *(value for name in names for value in groups[name])])
            loss = float(np.log(np.exp(logits).sum())) - positive
            if constrain:
                every = np.array([value for name in groups for value in groups[name]])
                total = np.log1p(np.exp(-positive)) + np.log1p(np.exp(every)).sum()
                loss += total / (1 + len(every))
        losses.append(loss)
    return float(np.mean(losses))


@pytest.mark.parametrize(
    ("kind", "constrain", "use_max"),
    [("cross_entropy", False, True), ("cross_entropy", True, True), ("margin", False, True), ("margin", False, False)],
)
def test_counted_negatives_give_the_loss_of_listed_ones(
    kind: Literal["cross_entropy", "margin"], constrain: bool, use_max: bool
) -> None:
    negatives = rng.integers(0, LABELS, (BATCH, NEGATIVES)), rng.integers(0, BATCH, (BATCH, NEGATIVES))
    loss = loss_with(loss=kind, constrain=constrain, use_max_sim_neg=use_max)
    noise = Scripted(*negatives)
    found = loss(tf.constant(inputs), tf.constant(all_labels[ids]), tf.constant(ids), tf.constant(all_labels), noise)
    assert float(found) == pytest.approx(expected(kind, constrain, use_max, negatives), abs=1e-4)


def test_cosine_similarity_ignores_length() -> None:
    found = similarities(tf.constant(inputs * 7), tf.constant(all_labels), "cosine").numpy()
    lengths = np.linalg.norm(inputs, axis=1)[:, None] * np.linalg.norm(all_labels, axis=1)[None, :]
    np.testing.assert_allclose(found, inputs @ all_labels.T / lengths, atol=1e-5)


def test_well_predicted_examples_weigh_less_once_something_is_learned() -> None:
    np.testing.assert_allclose(scale_of(tf.math.log([0.4, 0.3])), [1.0, 1.0])
    np.testing.assert_allclose(scale_of(tf.math.log([0.9, 0.5])), [0.2**4, 1.0], rtol=1e-4)


def test_batch_sizes_grow_linearly_from_first_to_last_epoch() -> None:
    growing = Batching(sizes=(64, 256), epochs=5)
    assert [growing.size(epoch) for epoch in range(5)] == [64, 112, 160, 208, 256]
    assert Batching(sizes=(64, 256), epochs=1).size(0) == 64
    assert Batching(sizes=32, epochs=9).size(4) == 32


def test_sequence_batches_hold_every_example_once() -> None:
    batches = Batching(sizes=4, epochs=1, strategy="sequence").batches(0, 10, None, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(np.concatenate(batches).tolist()) == list(range(10))


def test_a_small_last_batch_is_dropped_only_on_demand_and_only_below_half() -> None:
    rng = np.random.default_rng(0)
    dropping = Batching(sizes=4, epochs=1, strategy="sequence", drop_small_last=True)
    assert [len(batch) for batch in dropping.batches(0, 9, None, rng)] == [4, 4]
    assert [len(batch) for batch in dropping.batches(0, 10, None, rng)] == [4, 4, 2]
    assert [len(batch) for batch in dropping.batches(0, 1, None, rng)] == [1]


def test_balanced_batches_repeat_rare_labels_and_leave_nothing_out() -> None:
    labels = np.array([0] * 100 + [1] * 4 + [2] * 2)
    order = balanced(np.random.default_rng(0).permutation(106), labels, 16, np.random.default_rng(1))
    assert set(order.tolist()) == set(range(106))
    counts = np.bincount(labels[order])
    assert counts[0] == 100
    assert counts[2] > 2
    batches = [labels[order[i : i + 16]] for i in range(0, len(order) - 15, 16)]
    assert np.mean([2 in batch for batch in batches]) >= 0.3
