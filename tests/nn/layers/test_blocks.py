"""Connections in blocks, and the products of sparse rows: training multiplies what the checkpoint contains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from rebake.base.sparse_rows import SparseRows
from rebake.errors import ModelError
from rebake.nn.layers.blocks import Groups, product
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.noise import Noise, rounded
from rebake.nn.layers.rows import Rows
from rebake.nn.layers.sparse import sparse_product, sparse_tensor
from rebake.nn.layers.transformer import Transformer
from rebake.nn.layers.transformer_config import TransformerConfig
from rebake.nn.training.checkpoints import FromCheckpoint, write_checkpoint
from rebake.nn.weights import Blocks, Seeded, Weights, WeightSource

pytestmark = pytest.mark.slow


def encoder(
    source: WeightSource, *, units: int = 32, density: float = 0.2, **options: bool
) -> tuple[Weights, Transformer]:
    weights = Weights(source)
    config = TransformerConfig(
        units=units, layers=2, heads=2, rate=0.0, attention_rate=0.0, density=density, l2=0.01, **options
    )
    return weights, Transformer(weights, "transformer", 12, config)


@pytest.mark.parametrize("options", [{}, {"relative_keys": True, "relative_values": True}, {"unidirectional": True}])
@pytest.mark.parametrize("only_last", [False, True])
def test_a_trained_encoder_reads_back_from_its_checkpoint(
    options: dict[str, bool], only_last: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows.of(tf.constant([3, 1, 5]))
    x = tf.constant(np.random.default_rng(1).normal(size=(9, 12)).astype(np.float32))
    weights, trained = encoder(Seeded(4), **options)
    assert weights.blocks, "the encoder is to be one in blocks"
    for variable, _ in weights.blocks.values():
        variable.assign(variable * 1.5)  # as training does: the kernels follow when they are written
    write_checkpoint(weights, tmp_path / "model")
    source = FromCheckpoint(tmp_path / "model")
    again, in_blocks = encoder(source, **options)
    monkeypatch.setattr(Groups, "fit", lambda *_: False)  # as Rasa reads it: whole kernels, masked
    plain, whole = encoder(source, **options)
    assert again.blocks.keys() == weights.blocks.keys()
    assert not plain.blocks
    only = rows.last if only_last else None
    np.testing.assert_array_equal(trained(x, rows, only=only), in_blocks(x, rows, only=only))
    np.testing.assert_allclose(trained(x, rows, only=only), whole(x, rows, only=only), atol=2e-5)


def test_connections_drawn_one_by_one_are_not_read_as_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Groups, "fit", lambda *_: False)
        weights, _ = encoder(Seeded(4))
    write_checkpoint(weights, tmp_path / "model")
    loaded, _ = encoder(FromCheckpoint(tmp_path / "model"))
    assert not loaded.blocks


def test_blocks_of_an_earlier_layout_are_read_as_single_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 12 inputs runs are of one unit, so that the first layer's mask is the same in both layouts."""
    rows = Rows.of(tf.constant([3, 1, 5]))
    x = tf.constant(np.random.default_rng(1).normal(size=(9, 12)).astype(np.float32))
    with monkeypatch.context() as patch:
        patch.setattr(Groups, "run", lambda *_: 1)
        weights, trained = encoder(Seeded(4), units=64)
        assert weights.blocks
    write_checkpoint(weights, tmp_path / "model")
    again, loaded = encoder(FromCheckpoint(tmp_path / "model"), units=64)
    assert not again.blocks
    np.testing.assert_allclose(trained(x, rows), loaded(x, rows), atol=2e-5)


@pytest.mark.parametrize(("read", "write", "layers"), [(1, 8, 1), (2, 2, 3), (6, 8, 1), (3, 4, 1)])
def test_the_product_of_blocks_and_its_gradients_are_those_of_the_whole_kernel(
    read: int, write: int, layers: int
) -> None:
    groups, rng = Groups(4, 32, 2), np.random.default_rng(7)
    x = tf.constant(rng.normal(size=(5, 24)).astype(np.float32))
    blocks = tf.constant(rng.normal(size=(4, 6, 8 * layers)).astype(np.float32))
    columns = np.concatenate([groups.dealt(32, write) + 32 * layer for layer in range(layers)], axis=1)
    place = Blocks(groups.dealt(24, read), columns)
    at = np.stack(np.broadcast_arrays(*place.index), axis=-1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, blocks])
        ours = product(x, blocks, read, write)
        theirs = tf.matmul(x, tf.scatter_nd(at, blocks, [24, 32 * layers]))
        losses = tf.reduce_sum(tf.sin(ours)), tf.reduce_sum(tf.sin(theirs))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for source in (x, blocks):
        np.testing.assert_allclose(tape.gradient(losses[0], source), tape.gradient(losses[1], source), atol=1e-5)


def test_an_encoder_whose_masks_do_not_belong_together_is_refused(tmp_path: Path) -> None:
    weights, _ = encoder(Seeded(4))
    mask = weights.variables["transformer/_enc_layers/1/_ffn_layers/3/kernel_mask"]
    mask.assign(1.0 - mask)
    write_checkpoint(weights, tmp_path / "model")
    with pytest.raises(ModelError, match="_ffn_layers/3/kernel_mask"):
        encoder(FromCheckpoint(tmp_path / "model"))


def test_every_unit_is_connected_and_the_density_is_at_least_the_wanted_one() -> None:
    weights, _ = encoder(Seeded(4))
    for path in weights.blocks:
        mask = weights.variables[f"{path}_mask"].numpy()
        assert mask.any(axis=0).all(), path
        assert mask.any(axis=1).all(), path
        assert mask.mean() == pytest.approx(0.25), path


def test_two_layers_in_blocks_connect_everything_with_everything() -> None:
    weights, _ = encoder(Seeded(4))
    masks = {path: weights.variables[f"{path}_mask"].numpy() for path in weights.blocks}
    for layer in (0, 1):
        place = f"transformer/_enc_layers/{layer}"
        expand, contract = (masks[f"{place}/_ffn_layers/{number}/kernel"] for number in (1, 3))
        assert (expand @ contract > 0).all()
        value, output = (masks[f"{place}/_mha/_{name}_dense_layer/kernel"] for name in ("value", "output"))
        assert (value @ output > 0).all()


def test_sizes_that_no_group_divides_get_single_connections() -> None:
    assert Groups.of(0.2, inputs=13, units=32, heads=2) is None
    assert Groups.of(0.6, inputs=12, units=32, heads=2) is None
    weights, _ = encoder(Seeded(4), units=30)
    assert not weights.blocks
    assert weights.masks


def test_everything_connected_has_neither_blocks_nor_masks() -> None:
    weights, _ = encoder(Seeded(4), density=1.0)
    assert not weights.blocks
    assert not weights.masks


def sparse_rows(rows: int, columns: int, each: int) -> SparseRows:
    rng = np.random.default_rng(2)
    indices = np.concatenate([np.sort(rng.choice(columns, each, replace=False)) for _ in range(rows)])
    values = rng.normal(size=len(indices)).astype(np.float32)
    starts = np.arange(0, len(indices) + 1, each)
    return SparseRows(columns, starts.astype(np.int64), indices.astype(np.int32), values)


def test_the_sparse_product_and_its_gradient_are_those_of_the_dense_one() -> None:
    rows = sparse_rows(7, 11, 3)
    kernel = tf.Variable(np.random.default_rng(3).normal(size=(11, 4)).astype(np.float32))
    dense = tf.sparse.to_dense(sparse_tensor(rows))
    with tf.GradientTape(persistent=True) as tape:
        ours, theirs = sparse_product(sparse_tensor(rows), kernel), tf.matmul(dense, kernel)
        losses = tf.reduce_sum(ours**3), tf.reduce_sum(theirs**3)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    np.testing.assert_allclose(tape.gradient(losses[0], kernel), tape.gradient(losses[1], kernel), rtol=1e-4, atol=1e-4)


def test_the_sparse_product_adds_up_in_the_same_order_every_time() -> None:
    rows = sparse_tensor(sparse_rows(2000, 9000, 40))
    kernel = tf.Variable(np.random.default_rng(3).normal(size=(9000, 32)).astype(np.float32))
    found = set()
    for _ in range(8):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(sparse_product(rows, kernel)))
        found.add(tape.gradient(loss, kernel).numpy().tobytes())
    assert len(found) == 1


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3, 0.5, 0.013, 0.97])
def test_dropout_drops_its_part_and_keeps_the_mean(rate: float) -> None:
    assert rounded(rate) == pytest.approx(rate, rel=0.02)
    kept = dropout(tf.ones([401, 503]), rate, Noise(3, tf.constant(5))).numpy()
    assert (kept == 0).mean() == pytest.approx(rate, abs=0.006)
    assert set(np.unique(kept)) == {0.0, np.float32(1.0 / (1.0 - rounded(rate)))}
