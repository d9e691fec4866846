"""Held-out examples are chosen as by Rasa, measured beside the training, and decide which weights are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from rebake.errors import DataError, StorageError
from rebake.nn.training.evaluation import Evaluation, hold_out, micro_f1
from rebake.nn.training.tensorboard import TensorBoardLog
from rebake.nn.weights import Seeded, Weights, ones

pytestmark = pytest.mark.slow

# What scikit-learn 1.1.3 (Rasa's) gives: train_test_split(..., test_size=6, random_state=0, stratify=labels), to whose
# training examples Rasa adds the only example of label 3.
LABELS = [0] * 7 + [1] * 5 + [2] * 3 + [3] + [4] * 2
TRAINED = [8, 1, 3, 0, 17, 6, 14, 13, 11, 10, 2, 15]
HELD_OUT = [7, 12, 9, 16, 4, 5]
PLAINLY_TRAINED = [7, 1, 0, 5, 6, 3]


def test_the_held_out_examples_are_those_that_rasa_holds_out() -> None:
    trained, held_out = hold_out(np.array(LABELS), len(LABELS), 6, seed=0)
    assert trained.tolist() == TRAINED
    assert held_out.tolist() == HELD_OUT


def test_without_labels_they_are_drawn_plainly() -> None:
    trained, held_out = hold_out(None, 9, 3, seed=5)
    assert (trained.tolist(), held_out.tolist()) == (PLAINLY_TRAINED, [2, 4, 8])


@pytest.mark.parametrize("seed", range(5))
def test_every_example_is_on_one_side_and_single_ones_are_trained_on(seed: int) -> None:
    trained, held_out = hold_out(np.array(LABELS), len(LABELS), 7, seed)
    assert sorted([*trained, *held_out]) == list(range(len(LABELS)))
    assert len(held_out) == 7
    assert LABELS.index(3) in trained


@pytest.mark.parametrize("count", [4, 13])
def test_too_few_and_too_many_to_hold_out_are_refused(count: int) -> None:
    with pytest.raises(DataError, match="evaluate_on_number_of_examples"):
        hold_out(np.array(LABELS), len(LABELS), count, seed=0)
    with pytest.raises(DataError, match="evaluate_on_number_of_examples"):
        hold_out(None, 9, 9, seed=0)


def test_f1_counts_what_is_no_tag_neither_as_right_nor_as_found() -> None:
    gold, found = np.array([0, 0, 1, 2, 2, 0]), np.array([0, 1, 1, 1, 2, 0])
    assert micro_f1(gold, found) == pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))
    assert micro_f1(np.zeros(3, int), np.zeros(3, int)) == 0.0


def evaluated(figures: list[dict[str, float]], *, keep_best: bool = True, every: int = 1) -> tuple[float, Evaluation]:
    """The weight after a training in which it is the number of the epoch, and what was measured came one by one."""
    weights = Weights(Seeded(0))
    variable = weights.add("w", (1,), ones)
    measured = iter(figures)
    evaluation = Evaluation(weights, lambda: next(measured), every=every, keep_best=keep_best)
    for epoch in range(len(figures) * every):
        variable.assign([float(epoch)])
        evaluation.epoch_done(epoch, {})
    evaluation.finish()
    return float(variable.numpy()[0]), evaluation


def test_the_best_weights_are_kept_when_nothing_got_worse_and_something_better() -> None:
    figures = [
        {"loss": 3.0, "intent_accuracy": 0.5, "entity_f1": 0.5},
        {"loss": 2.0, "intent_accuracy": 0.9, "entity_f1": 0.4},  # one worse
        {"loss": 1.0, "intent_accuracy": 0.5, "entity_f1": 0.5},  # a better loss does not count
        {"loss": 9.0, "intent_accuracy": 0.5, "entity_f1": 0.6},
        {"loss": 0.5, "intent_accuracy": 0.5, "entity_f1": 0.6},
    ]
    assert evaluated(figures)[0] == 3.0
    assert evaluated(figures, keep_best=False)[0] == 4.0
    assert evaluated(figures)[1].finish()["val_loss"] == 9.0
    assert evaluated(figures, keep_best=False)[1].finish()["val_loss"] == 0.5


def test_without_an_evaluation_the_last_weights_stay() -> None:
    weights = Weights(Seeded(0))
    variable = weights.add("w", (1,), ones)
    evaluation = Evaluation(weights, dict, every=3, keep_best=True)
    assert evaluation.epoch_done(0, {}) == {}
    variable.assign([5.0])
    assert evaluation.finish() == {}
    assert variable.numpy().tolist() == [5.0]


def test_it_is_measured_every_so_many_epochs() -> None:
    assert evaluated([{"intent_accuracy": 0.1}, {"intent_accuracy": 0.2}], every=3)[0] == 5.0


def scalars(directory: Path) -> list[tuple[str, int, float]]:
    """What TensorBoard would find: tag, step and value of every scalar."""
    found = []
    for path in sorted(directory.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found.append((value.tag, event.step, float(tf.make_ndarray(value.tensor))))
    return found


@pytest.mark.parametrize("level", ["epoch", "batch"])
def test_the_log_holds_losses_and_held_out_figures_under_rasas_names(level: str, tmp_path: Path) -> None:
    log = TensorBoardLog(str(tmp_path / "deep" / "log"), level, {"loss": "t_loss"})  # type: ignore[arg-type]
    for number in range(4):
        log.step_done(number, {"loss": tf.constant(float(number))})
    log.epoch_done(0, {"loss": 1.5, "other": 0.5})
    log.evaluated(1, {"loss": 2.5})
    epoch = [("epoch_t_loss", 0, 1.5), ("epoch_other", 0, 0.5)]
    steps = [("batch_t_loss", number, float(number)) for number in range(4)]
    assert scalars(tmp_path / "deep" / "log" / "train") == (steps if level == "batch" else []) + epoch
    assert scalars(tmp_path / "deep" / "log" / "validation") == [("epoch_t_loss", 1, 2.5)]


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="tensorboard_log_directory"):
        TensorBoardLog(str(tmp_path / "file"), "epoch", {})
