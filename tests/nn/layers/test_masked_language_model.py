"""The masked language model hides the right share of tokens in the right ways, and its loss is worth minimising."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.masked_language_model import MaskedLanguageModel
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.text_data import TextData, Widths
from rebake.nn.weights import Seeded, Weights

pytestmark = pytest.mark.slow

INPUTS, UNITS = 3, 5
LOSS = DotProductLoss(
    negatives=20,
    loss="cross_entropy",
    similarity="inner",
    constrain=False,
    scale=True,
    mu_pos=0.8,
    mu_neg=-0.4,
    use_max_sim_neg=True,
    neg_lambda=0.8,
)


def model(widths: Widths | None = None) -> tuple[MaskedLanguageModel, Weights]:
    weights = Weights(Seeded(1))
    widths = widths or Widths(sequence_sparse=7, sentence_sparse=7)
    return MaskedLanguageModel(weights, widths, INPUTS, UNITS, 4, LOSS, l2=0.0), weights


def hidden(tokens: list[int], *, step: int = 0) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], Rows]:
    """What becomes of rows that contain their own number, and which were chosen; every text has its own row."""
    rows = Rows.of(tf.constant(tokens) + 1)
    x = tf.repeat(tf.range(float(sum(tokens) + len(tokens)))[:, None] + 10.0, INPUTS, axis=1)
    masked, _ = model()
    replaced, chosen = masked.hide(x, rows, tf.constant(tokens), Noise(3, tf.constant(step)))
    return x.numpy(), replaced.numpy(), chosen.numpy(), rows


def test_a_share_of_the_tokens_is_chosen_and_most_of_it_masked() -> None:
    tokens = [20] * 400
    x, replaced, chosen, rows = hidden(tokens)
    mask = model()[0].mask_vector.numpy().reshape(-1)
    is_text = np.isin(np.arange(len(x)), rows.last.numpy())
    assert len(chosen) / sum(tokens) == pytest.approx(0.15, abs=0.015)
    assert not is_text[chosen].any()
    left = np.setdiff1d(np.arange(len(x)), chosen)
    np.testing.assert_array_equal(replaced[left], x[left])
    masked = (replaced[chosen] == mask).all(axis=1)
    kept = (replaced[chosen] == x[chosen]).all(axis=1)
    assert masked.mean() == pytest.approx(0.7, abs=0.05)
    assert kept.mean() == pytest.approx(0.2, abs=0.05)
    others = replaced[chosen][~masked & ~kept]  # tokens of other texts; random numbers where those had a text's row
    at_tokens = (others == others[:, :1]).all(axis=1)
    assert at_tokens.mean() == pytest.approx(20 / 21, abs=0.08)
    assert np.isin(others[at_tokens][:, 0] - 10.0, np.flatnonzero(~is_text)).all()
    assert ((others >= x.min()) & (others <= x.max())).all()


def test_where_nothing_is_chosen_the_first_token_is_asked_for_and_stays() -> None:
    seen = [hidden([1, 1], step=step) for step in range(12)]
    assert all(len(chosen) >= 1 for _, _, chosen, _ in seen)
    lonely = [(x, replaced) for x, replaced, chosen, _ in seen if chosen.tolist() == [0]]
    assert any((x == replaced).all() for x, replaced in lonely)


def test_the_loss_is_low_where_outputs_resemble_the_tokens_that_were_there() -> None:
    masked, weights = model()
    rows = Rows.of(tf.constant([4, 4]))
    inputs = tf.constant(np.random.default_rng(0).normal(size=(8, INPUTS)), tf.float32)
    chosen, ids = tf.constant([0, 2, 5]), tf.range(8)
    good = tf.pad(inputs, [[0, 0], [0, UNITS - INPUTS]])
    kernel = np.zeros((UNITS, 4), np.float32)
    kernel[:INPUTS] = weights.variables["embed.text_golden_token/_dense/kernel"].numpy() * 50
    weights.variables["embed.text_lm_mask/_dense/kernel"].assign(kernel)
    noise = Noise(0, tf.constant(0))
    right = masked.loss(good, inputs, rows, chosen, ids, noise)
    wrong = masked.loss(-good, inputs, rows, chosen, ids, Noise(0, tf.constant(0)))
    assert float(right) < float(wrong)
    same = masked.loss(good, inputs, rows, chosen, tf.zeros(8, tf.int32), Noise(0, tf.constant(0)))
    assert float(same) == pytest.approx(0.0, abs=1e-5)  # the same token is no wrong answer


def test_its_weights_are_those_of_rasas_checkpoint() -> None:
    path = "sequence_layer.text/_tf_layers"
    _, weights = model()
    assert {name: tuple(variable.shape) for name, variable in weights.variables.items()} == {
        f"{path}/mlm_input_mask/mask_vector": (1, 1, INPUTS),
        f"{path}/sparse_to_dense_for_token_ids/kernel": (7, 2),
        "embed.text_lm_mask/_dense/kernel": (UNITS, 4),
        "embed.text_lm_mask/_dense/bias": (4,),
        "embed.text_golden_token/_dense/kernel": (INPUTS, 4),
        "embed.text_golden_token/_dense/bias": (4,),
    }
    assert f"{path}/sparse_to_dense_for_token_ids/kernel" not in weights.trainable()
    assert f"{path}/mlm_input_mask/mask_vector" in weights.trainable()
    _, with_dense = model(Widths(sequence_sparse=7, sequence_dense=2))
    assert f"{path}/sparse_to_dense_for_token_ids/kernel" not in with_dense.variables


def test_tokens_are_distinguished_by_their_features() -> None:
    indices = np.array([3, 1, 1, 3, 3], np.int32)
    sparse = SparseRows(5, np.array([0, 2, 4, 5, 5], np.int32), indices, np.array([1, 2, 2, 1, 1], np.float32))
    lengths = np.array([3, 1], np.int32)
    ids = TextData(lengths, sequence_sparse=sparse).numbered("it").tags["it"]
    assert ids[0] == ids[1]
    assert len(set(ids.tolist())) == 3
    dense = np.array([[1, 2], [1, 3], [1, 2], [0, 0]], np.float32)
    ids = TextData(lengths, sequence_sparse=sparse, sequence_dense=dense).numbered("it").tags["it"]
    assert ids[0] == ids[2]
    assert len(set(ids.tolist())) == 3
