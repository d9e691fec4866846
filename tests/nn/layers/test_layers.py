"""The layers against the formulas they stand for, in numpy, and their written-down gradients against differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise, product
from math import erf

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.nn.layers import crf
from rebake.nn.layers.activations import gelu
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.dropout import dropout, sparse_dropout
from rebake.nn.layers.hidden_layers import HiddenLayers
from rebake.nn.layers.layer_norm import LayerNorm
from rebake.nn.layers.noise import Noise
from rebake.nn.layers.rows import Rows, permute
from rebake.nn.layers.sparse import SparseToDense, sparse_tensor
from rebake.nn.layers.transformer import Transformer, positional_encoding
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.weights import Seeded, Weights

pytestmark = pytest.mark.slow

Array = NDArray[np.float32]
rng = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32)


def assert_gradient(function: Callable[[tf.Tensor], tf.Tensor], x: Array, *, tolerance: float = 2e-2) -> None:
    """Compare the gradient of Σ w·f(x), w random, with central differences."""
    weight = normal(*function(tf.constant(x)).shape)

    def total(value: Array) -> float:
        return float(tf.reduce_sum(tf.constant(weight) * function(tf.constant(value))))

    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weight * function(variable))
    gradient = tf.convert_to_tensor(tape.gradient(loss, variable)).numpy()
    for index in rng.choice(x.size, min(x.size, 12), replace=False):
        step = np.zeros(x.size, np.float32)
        step[index] = 1e-2
        change = (total(x + step.reshape(x.shape)) - total(x - step.reshape(x.shape))) / 2e-2
        assert gradient.reshape(-1)[index] == pytest.approx(change, abs=tolerance, rel=tolerance)


def test_gelu_is_the_exact_one_and_so_is_its_gradient() -> None:
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    expected = [value * 0.5 * (1 + erf(value / 2**0.5)) for value in x.tolist()]
    np.testing.assert_allclose(gelu(tf.constant(x)), expected, atol=1e-6)
    assert_gradient(gelu, x)


def test_layer_norm_normalises_rows_and_passes_the_right_gradient() -> None:
    x = normal(3, 8)
    layer = LayerNorm(Weights(Seeded(1)), "norm", 8)
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(layer(tf.constant(x)), expected, atol=1e-5)
    assert_gradient(layer, x)


def test_a_randomly_connected_kernel_is_masked_and_leaves_nothing_unconnected() -> None:
    weights = Weights(Seeded(1))
    layer = Dense(weights, "layer", 40, 24, density=0.2)
    mask = weights.variables["layer/kernel_mask"].numpy()
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert 0.15 < mask.mean() < 0.3
    assert mask.any(axis=0).all()
    assert mask.any(axis=1).all()
    assert not layer.kernel.numpy()[mask == 0].any()
    assert weights.masks == {"layer/kernel": "layer/kernel_mask"}


def test_hidden_layers_stand_at_even_indices_of_rasas_list() -> None:
    weights = Weights(Seeded(1))
    network = HiddenLayers(weights, "ffnn", 6, [5, 4], density=1.0, l2=0.1, rate=0.5)
    assert list(weights.l2) == ["ffnn/_ffn_layers/0/kernel", "ffnn/_ffn_layers/2/kernel"]
    assert network(tf.constant(normal(3, 6))).shape == (3, 4)


def test_sparse_rows_give_what_their_dense_form_gives() -> None:
    dense = (rng.random((5, 7)) < 0.4).astype(np.float32) * normal(5, 7)
    rows = SparseRows.vstack([csr(row[None]) for row in dense])
    layer = SparseToDense(Weights(Seeded(3)), "x", 7, 4, l2=0.0)
    expected = dense @ layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(layer(sparse_tensor(rows)), expected, atol=1e-6)


def csr(row: Array) -> SparseRows:
    columns = np.flatnonzero(row[0]).astype(np.int32)
    return SparseRows(row.shape[1], np.array([0, len(columns)], np.int32), columns, row[0, columns])


def test_dropout_rescales_but_sparse_dropout_does_not() -> None:
    noise = Noise(1, tf.constant(0))
    dropped = dropout(tf.ones([2000]), 0.25, noise).numpy()
    assert set(np.round(np.unique(dropped), 5)) == {0.0, np.float32(1.33333)}
    assert 0.7 < (dropped > 0).mean() < 0.8
    sparse = sparse_tensor(
        SparseRows(1, np.arange(2001, dtype=np.int32), np.zeros(2000, np.int32), np.ones(2000, "f4"))
    )
    kept = sparse_dropout(sparse, 0.25, noise).values.numpy()
    assert set(np.unique(kept)) == {0.0, 1.0}
    assert 0.7 < kept.mean() < 0.8


def test_noise_depends_on_seed_step_and_place_alone() -> None:
    def draw(seed: int, step: int) -> tuple[int, ...]:
        noise = Noise(seed, tf.constant(step))
        shape = tf.constant([4])
        first = tuple(noise.integers(shape, tf.constant(1000)).numpy())
        return first + tuple(noise.integers(shape, tf.constant(1000)).numpy())

    assert draw(1, 2) == draw(1, 2)
    assert draw(1, 2) != draw(1, 3)
    assert draw(1, 2) != draw(2, 2)
    assert draw(1, 2)[:4] != draw(1, 2)[4:]


def _padded_heads(rows: Rows, layers: int, heads: int, x: tf.Tensor) -> tf.Tensor:
    return rows.pad_heads(x, layers, heads) * rows.mask[:, None, :, None]


def test_packing_and_padding_are_each_others_inverse_with_exact_gradients() -> None:
    rows = Rows.of(tf.constant([2, 0, 3]))
    x = normal(5, 2)
    np.testing.assert_array_equal(rows.positions, [0, 1, 0, 1, 2])
    np.testing.assert_array_equal(rows.last, [1, 2, 4])
    np.testing.assert_array_equal(rows.pack(rows.pad(tf.constant(x))), x)
    masked = rows.mask.numpy()[:, :, None]
    assert_gradient(lambda value: rows.pad(value) * masked, x)
    assert_gradient(lambda value: rows.pack(tf.reshape(value, [3, 3, 2])), normal(3, 3, 2))
    for layers, heads in ((1, 2), (3, 2)):  # of a depth of 4
        x = normal(5, layers * heads * 4)
        padded = rows.pad_heads(tf.constant(x), layers, heads)
        one_by_one = tf.reshape(rows.pad(tf.constant(x)), [3, 3, layers, heads, 4])
        np.testing.assert_array_equal(padded, tf.transpose(one_by_one, [2, 0, 3, 1, 4]))
        np.testing.assert_array_equal(rows.pack_heads(padded[-1]), x[:, -heads * 4 :])
        assert_gradient(partial(_padded_heads, rows, layers, heads), x)
    assert_gradient(rows.pack_heads, normal(3, 2, 3, 4))
    x = normal(5, 2)
    order = tf.constant([2, 0, 1, 4, 3])
    assert_gradient(lambda value: permute(value, order, tf.math.invert_permutation(order)), x)


def test_positional_encoding_alternates_sine_and_cosine() -> None:
    encoding = positional_encoding(tf.constant([0, 7]), 6).numpy()
    expected = [(np.sin if i % 2 == 0 else np.cos)(7 / 10000 ** (2 * (i // 2) / 6)) for i in range(6)]
    np.testing.assert_allclose(encoding[1], expected, atol=1e-6)


@pytest.mark.parametrize("unidirectional", [False, True])
@pytest.mark.parametrize("relative", [False, True])
def test_a_sequence_is_encoded_alike_alone_and_in_a_batch(unidirectional: bool, relative: bool) -> None:
    network = transformer(unidirectional, relative)
    x = normal(9, 5)
    together = network(tf.constant(x), Rows.of(tf.constant([4, 5]))).numpy()
    alone = network(tf.constant(x[4:]), Rows.of(tf.constant([5]))).numpy()
    np.testing.assert_allclose(together[4:], alone, atol=1e-5)


@pytest.mark.parametrize("unidirectional", [False, True])
def test_single_rows_come_out_as_among_all_rows(unidirectional: bool) -> None:
    network = transformer(unidirectional, True)
    x, rows, only = normal(9, 5), Rows.of(tf.constant([4, 5])), tf.constant([1, 8])
    everything = network(tf.constant(x), rows).numpy()
    np.testing.assert_allclose(network(tf.constant(x), rows, only=only), everything[[1, 8]], atol=1e-5)
    assert_gradient(lambda value: network(value, rows, only=only), x)


def transformer(unidirectional: bool, relative: bool) -> Transformer:
    config = TransformerConfig(
        units=8,
        layers=2,
        heads=2,
        rate=0.1,
        attention_rate=0.1,
        density=0.5,
        l2=0.0,
        unidirectional=unidirectional,
        relative_keys=relative,
        relative_values=relative,
        max_relative_position=2,
    )
    return Transformer(Weights(Seeded(5)), "transformer", 5, config)


def test_a_unidirectional_encoder_does_not_see_the_future() -> None:
    network = transformer(True, True)
    x = normal(6, 5)
    changed = x.copy()
    changed[5] += 1.0
    rows = Rows.of(tf.constant([6]))
    np.testing.assert_allclose(network(tf.constant(x), rows)[:5], network(tf.constant(changed), rows)[:5], atol=1e-6)


@pytest.mark.parametrize("unidirectional", [False, True])
def test_relative_attention_follows_its_formula(unidirectional: bool) -> None:
    attention = transformer(unidirectional, True).layers[0].attention
    x = normal(5, 8)
    heads = []
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        q, k, v = (x @ dense.kernel.numpy()[:, part] for dense in (attention.query, attention.key, attention.value))
        assert attention.relative_keys is not None
        assert attention.relative_values is not None
        keys, values = attention.relative_keys.numpy()[head], attention.relative_values.numpy()[head]
        out = np.zeros((5, 4), np.float32)
        for i in range(5):
            seen = range(i + 1) if unidirectional else range(5)
            place = {j: int(np.clip(j - i, -2, 2)) + 2 for j in seen}
            logits = np.array([q[i] @ (k[j] + keys[place[j]]) / 2.0 for j in seen])
            share = np.exp(logits - logits.max())
            share /= share.sum()
            out[i] = sum(share[n] * (v[j] + values[place[j]]) for n, j in enumerate(seen))
        heads.append(out)
    assert attention.output.bias is not None
    expected = np.concatenate(heads, 1) @ attention.output.kernel.numpy() + attention.output.bias.numpy()
    np.testing.assert_allclose(attention(tf.constant(x), Rows.of(tf.constant([5])), None), expected, atol=1e-5)


def sequence_scores(logits: Array, transitions: Array) -> dict[tuple[int, ...], float]:
    tags = range(logits.shape[1])
    return {
        path: float(
            sum(logits[t, tag] for t, tag in enumerate(path)) + sum(transitions[a, b] for a, b in pairwise(path))
        )
        for path in product(tags, repeat=len(logits))
    }


def test_crf_likelihood_is_that_of_all_sequences_enumerated() -> None:
    logits, transitions = 3 * normal(3, 4, 3), 2 * normal(3, 3)
    lengths, tags = [4, 1, 2], rng.integers(0, 3, (3, 4)).astype(np.int32)
    mask = tf.sequence_mask(lengths, 4, tf.float32)
    partition = crf.log_partition(tf.constant(logits), tf.constant(transitions), mask).numpy()
    score = crf.sequence_score(tf.constant(logits), tf.constant(tags), mask, tf.constant(transitions)).numpy()
    for row, length in enumerate(lengths):
        scores = sequence_scores(logits[row, :length], transitions)
        assert partition[row] == pytest.approx(np.log(np.sum(np.exp(list(scores.values())))), abs=1e-4)
        assert score[row] == pytest.approx(scores[tuple(tags[row, :length].tolist())], abs=1e-4)
    assert_gradient(lambda x: crf.log_partition(x, tf.constant(transitions), mask), logits)
    assert_gradient(lambda x: crf.log_partition(tf.constant(logits), x, mask), transitions)


def test_crf_likelihood_survives_extreme_logits_and_empty_sequences() -> None:
    logits = np.array([[[300.0, -300.0], [-300.0, 300.0]], [[1.0, 2.0], [3.0, 4.0]]], np.float32)
    transitions = np.zeros((2, 2), np.float32)
    mask = tf.sequence_mask([2, 0], 2, tf.float32)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        partition = crf.log_partition(variable, tf.constant(transitions), mask)
    np.testing.assert_allclose(partition, [600.0, 0.0], atol=1e-3)
    assert np.isfinite(tape.gradient(partition, variable)).all()


@pytest.mark.parametrize(("spread", "of_transitions"), [(150.0, 40.0), (300.0, 90.0)])
def test_scores_beyond_the_range_of_probabilities_give_finite_gradients(spread: float, of_transitions: float) -> None:
    logits, transitions = tf.Variable(normal(3, 5, 6) * spread), tf.Variable(normal(6, 6) * of_transitions)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(crf.log_partition(logits, transitions, tf.sequence_mask([5, 1, 0], 5, tf.float32)))
    assert np.isfinite(total)
    for gradient in tape.gradient(total, [logits, transitions]):
        assert np.isfinite(gradient).all()


def test_crf_decodes_the_best_of_all_sequences() -> None:
    logits, transitions = 2 * normal(4, 5, 3), normal(3, 3)
    tags, confidences = crf.decode(logits, transitions, np.array([5, 3, 1, 0]))
    for row, length in enumerate([5, 3, 1]):
        scores = sequence_scores(logits[row, :length], transitions)
        assert tuple(tags[row, :length].tolist()) == max(scores, key=lambda path: scores[path])
        assert (confidences[row, :length] > 0).all()
        assert not tags[row, length:].any()
    assert not confidences[3].any()
