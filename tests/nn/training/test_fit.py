"""The training loop, and checkpoints that Rasa would load."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rebake.base.progress import Silent
from rebake.errors import ModelError
from rebake.nn.layers.dense import Dense
from rebake.nn.layers.dropout import dropout
from rebake.nn.layers.noise import Noise
from rebake.nn.training.checkpoints import FromCheckpoint, check_complete, checkpoint_key, write_checkpoint
from rebake.nn.training.fit import Adam, FitSettings, Losses, ahead, fit, with_l2
from rebake.nn.weights import Seeded, Weights
from support.weights import values_of

pytestmark = pytest.mark.slow

rng = np.random.default_rng(2)
points = rng.normal(size=(32, 3)).astype(np.float32)
targets = (points @ np.array([[1.0], [-2.0], [0.5]])).astype(np.float32)


def train(
    seed: int, epochs: int = 30, watcher: Snapshots | None = None, **settings: Any
) -> tuple[Weights, dict[str, float]]:
    weights = Weights(Seeded(seed))
    if watcher is not None:
        watcher.weights = weights
    first = Dense(weights, "first", 3, 8, density=0.5, l2=0.001)
    second = Dense(weights, "second", 8, 1)

    def losses(batch: Any, noise: Noise) -> dict[str, tf.Tensor]:
        found = second(dropout(first(batch["x"]), 0.1, noise))
        return {"fit": tf.reduce_mean(tf.square(found - batch["y"]))}

    def batches(epoch: int) -> Iterator[dict[str, Any]]:
        for size in (20 - epoch % 3, 12):
            yield {"x": points[:size], "y": targets[:size]}

    signature = {"x": tf.TensorSpec([None, 3]), "y": tf.TensorSpec([None, 1])}
    options = FitSettings(name="test", epochs=epochs, learning_rate=0.02, seed=seed, **settings)
    return weights, fit(weights, losses, batches, signature, options, Silent(), [watcher] if watcher else [])


def test_training_learns_and_keeps_masked_connections_at_zero() -> None:
    weights, losses = train(1)
    assert losses["fit"] < 0.5 * float(np.mean(targets**2))
    assert losses["loss"] == losses["fit"]
    mask = weights.variables["first/kernel_mask"].numpy()
    assert not weights.variables["first/kernel"].numpy()[mask == 0].any()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, second, other = (values_of(train(seed, epochs=3)[0]) for seed in (5, 5, 6))
    for path, value in first.items():
        np.testing.assert_array_equal(value, second[path])
    assert (first["second/kernel"] != other["second/kernel"]).any()


def test_regularisation_pulls_only_where_the_gradient_is_above_the_bound() -> None:
    gradient, variable = tf.constant([1.0, -1.0, 0.0]), tf.Variable([2.0, 2.0, 2.0])
    zero, nothing = tf.constant(0.0), tf.constant(-np.inf, tf.float32)
    np.testing.assert_allclose(with_l2(gradient, variable, 0.1, zero).numpy(), [1.4, -1.0, 0.0])
    np.testing.assert_allclose(with_l2(gradient, variable, 0.1, nothing).numpy(), [1.4, -0.6, 0.4])
    np.testing.assert_allclose(with_l2(gradient, variable, None, nothing).numpy(), gradient.numpy())


def test_regularisation_pulls_on_what_no_batch_has_after_the_first_epochs_only() -> None:
    """The input that is always 0 has no gradient."""

    def unseen(epochs: int) -> float:
        weights = Weights(Seeded(1))
        layer = Dense(weights, "layer", 2, 1, l2=0.01)
        x = np.array([[1.0, 0.0], [2.0, 0.0]], np.float32)

        def losses(batch: Any, _: Noise) -> dict[str, tf.Tensor]:
            return {"fit": tf.reduce_mean(tf.square(layer(batch["x"]) - 1.0))}

        signature = {"x": tf.TensorSpec([None, 2])}
        settings = FitSettings(name="test", epochs=epochs, learning_rate=0.01, seed=1, conditional_epochs=3)
        fit(weights, losses, lambda _: [{"x": x}], signature, settings, Silent())
        return abs(float(weights.variables["layer/kernel"].numpy()[1, 0]))

    assert unseen(3) == unseen(1)
    assert unseen(4) < unseen(1)


class Snapshots:
    """A watcher that keeps what it sees of the weights after every epoch."""

    def __init__(self) -> None:
        self.weights: Weights | None = None
        self.seen: list[dict[str, np.ndarray]] = []

    def step_done(self, number: int, losses: Losses) -> None: ...

    def epoch_done(self, epoch: int, means: Mapping[str, float]) -> Mapping[str, float]:
        assert self.weights is not None
        self.seen.append({path: variable.numpy() for path, variable in self.weights.trainable().items()})
        return {}


def test_a_training_ends_with_the_mean_of_its_last_epochs_which_its_watchers_see() -> None:
    plain, averaged = Snapshots(), Snapshots()
    train(1, epochs=10, watcher=plain)
    weights, _ = train(1, epochs=10, watcher=averaged, averaged=0.3)
    for path, value in weights.trainable().items():
        mean = np.mean([seen[path] for seen in plain.seen[7:]], axis=0)
        np.testing.assert_allclose(value.numpy(), mean, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(averaged.seen[8][path], plain.seen[8][path])
        np.testing.assert_array_equal(averaged.seen[9][path], value.numpy())
    kernel = weights.variables["first/kernel"].numpy()
    assert not kernel[weights.variables["first/kernel_mask"].numpy() == 0].any()


@pytest.mark.parametrize(("epochs", "averaged"), [(1, 0.5), (4, 0.1), (14, 0.1)])
def test_a_share_that_rounds_to_one_epoch_or_none_leaves_the_last_weights(epochs: int, averaged: float) -> None:
    plain, same = (values_of(train(1, epochs=epochs, averaged=share)[0]) for share in (0.0, averaged))
    for path, value in plain.items():
        np.testing.assert_array_equal(same[path], value)


def test_a_short_training_ends_with_its_last_weights() -> None:
    plain, short, enough = (
        values_of(train(1, epochs=10, averaged=share, averaged_after=after)[0])
        for share, after in ((0.0, 0), (0.3, 17), (0.3, 16))  # 8 epochs of two steps end with the first that counts
    )
    for path, value in plain.items():
        np.testing.assert_array_equal(short[path], value)
    assert any((enough[path] != value).any() for path, value in plain.items())


def test_batches_are_made_ahead_in_their_order_and_their_errors_are_raised() -> None:
    made = []

    def batches() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number
        raise ModelError("no more")

    coming = ahead(batches())
    assert next(coming) == 0
    deadline = time.monotonic() + 10
    while made != [0, 1] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert made == [0, 1]
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(ModelError, match="no more"):
        next(coming)
    assert list(ahead([])) == []


def test_adam_follows_keras() -> None:
    variable = tf.Variable([1.0, 2.0])
    adam = Adam([variable], 0.01)
    value, first, second = np.array([1.0, 2.0]), np.zeros(2), np.zeros(2)
    for step, gradient in enumerate([[0.5, -0.1], [0.2, 0.3]]):
        adam.apply([tf.constant(gradient)], tf.constant(step))
        first = 0.9 * first + 0.1 * np.array(gradient)
        second = 0.999 * second + 0.001 * np.array(gradient) ** 2
        rate = 0.01 * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        value = value - rate * first / (np.sqrt(second) + 1e-7)
    np.testing.assert_allclose(variable, value, rtol=1e-5)


def some_weights() -> Weights:
    weights = Weights(Seeded(1))
    Dense(weights, "embed.entity.logits/_dense", 4, 3)
    Dense(weights, "sequence_layer.text/_tf_layers/ffnn/_ffn_layers/0", 4, 3, density=0.5)
    return weights


def test_a_checkpoint_that_cannot_be_written_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^x\.tf_model: [^{]*$"):
        write_checkpoint(some_weights(), tmp_path / "file" / "x.tf_model")


def test_a_checkpoint_has_rasas_keys_and_gives_the_values_back(tmp_path: Path) -> None:
    weights = some_weights()
    write_checkpoint(weights, tmp_path / "x.tf_model")
    keys = tf.train.load_checkpoint(str(tmp_path / "x.tf_model")).get_variable_to_shape_map()
    expected = "model/_tf_layers/embed..entity..logits/_dense/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert checkpoint_key("embed.entity.logits/_dense/kernel") == expected
    assert keys[expected] == [4, 3]
    source = FromCheckpoint(tmp_path / "x.tf_model")
    again = Weights(source)
    Dense(again, "embed.entity.logits/_dense", 4, 3)
    np.testing.assert_array_equal(
        again.variables["embed.entity.logits/_dense/kernel"], values_of(weights)["embed.entity.logits/_dense/kernel"]
    )


def test_an_incomplete_or_misshapen_checkpoint_is_refused(tmp_path: Path) -> None:
    weights = some_weights()
    prefix = tmp_path / "x.tf_model"
    write_checkpoint(weights, prefix)
    shapes: dict[str, tuple[int, ...]] = {path: tuple(v.shape) for path, v in weights.variables.items()}
    check_complete(prefix, shapes)
    for wrong in ({**shapes, "more": (1,)}, dict(list(shapes.items())[1:]), {**shapes, next(iter(shapes)): (9,)}):
        with pytest.raises(ModelError):
            check_complete(prefix, wrong)
    with pytest.raises(ModelError, match="not"):
        Dense(Weights(FromCheckpoint(prefix)), "embed.entity.logits/_dense", 4, 7)
    with pytest.raises(ModelError, match="lacks"):
        Dense(Weights(FromCheckpoint(prefix)), "embed.other/_dense", 4, 3)
    with pytest.raises(ModelError, match="cannot be read"):
        FromCheckpoint(tmp_path / "absent.tf_model")
