"""Held-out examples: chosen as Rasa 3.6 chooses them, measured while training runs, and the best weights kept.

Shapes: E examples, trained and held out; K tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rebake.errors import DataError
from rebake.nn.training.fit import Losses
from rebake.nn.weights import Weights

Figures = dict[str, float]


@dataclass(frozen=True)
class EvaluationSettings:
    """What is measured, kept and logged beside a training; names of options in brackets.

    Attributes:
        examples: how many are held out (evaluate_on_number_of_examples); 0 = none.
        every: epochs from one evaluation to the next (evaluate_every_number_of_epochs).
        keep_best: end with the weights of the best evaluation (checkpoint_model).
        seed: of the choice of examples (random_seed).
        log_directory: of TensorBoard's event files (tensorboard_log_directory); None = none.
        log_level: when training losses are logged (tensorboard_log_level).
    """

    examples: int = 0
    every: int = 1
    keep_best: bool = False
    seed: int = 0
    log_directory: str | None = None
    log_level: Literal["epoch", "batch"] = "epoch"


def hold_out(
    labels: NDArray[np.integer] | None, examples: int, count: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose which examples are trained on, and which ``count`` ones are held out.

    Each label gives its share of the held-out examples, except that the only example of a label is always trained on.
    Without labels the choice is plain. For a given ``random_seed`` it is the one that Rasa makes, which leaves it to
    scikit-learn as well. (scikit-learn takes a second to import: here alone, where an evaluation is asked for.)

    Args:
        labels: int [E]; None = examples without labels.
        examples: E
        count: how many to hold out.
        seed: of the choice.

    Returns:
        int64 positions of the examples to train on, and of those held out.

    Raises:
        DataError: too many for the rest to have an example per label, or fewer than there are labels.
    """
    from sklearn.model_selection import train_test_split

    seed %= 2**32
    if labels is None:
        if count >= examples:
            raise DataError(
                f"{count} of {examples} examples cannot be held out for evaluation.",
                fix="Set evaluate_on_number_of_examples to fewer than there are.",
            )
        trained, held = train_test_split(np.arange(examples), test_size=count, random_state=seed)
        return trained, held
    present, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if not len(present) <= count < examples - len(present):
        raise DataError(
            f"{count} of {examples} examples of {len(present)} labels cannot be held out for evaluation.",
            fix=f"Set evaluate_on_number_of_examples to {len(present)} or more, and to fewer than "
            f"{examples - len(present)}, or to 0.",
        )
    alone = np.flatnonzero(counts[inverse] == 1)
    shared = np.flatnonzero(counts[inverse] > 1)
    trained, held = train_test_split(shared, test_size=count, random_state=seed, stratify=inverse[shared])
    return np.concatenate([trained, alone]), held


class Evaluation:
    """Measures held-out examples every so many epochs: a :class:`rebake.nn.training.fit.Watcher`.

    Args:
        weights: read, and with ``keep_best`` set in the end by :meth:`finish`.
        measure: the figures of the held-out examples by name; those that end with "accuracy" or "f1" say how good the
            weights are.
        log: called with the epoch and its figures; None = nothing is logged.

    Attributes:
        latest: what was measured last, names with "val_" in front.
    """

    def __init__(
        self,
        weights: Weights,
        measure: Callable[[], Mapping[str, float]],
        *,
        every: int,
        keep_best: bool,
        log: Callable[[int, Mapping[str, float]], None] | None = None,
    ) -> None:
        self.weights = weights
        self.measure = measure
        self.log = log
        self.every = every
        self.keep_best = keep_best
        self.latest: Figures = {}
        self._best: Figures = {}
        self._best_figures: Figures = {}
        self._kept: dict[str, NDArray[np.float32]] | None = None

    def step_done(self, number: int, losses: Losses) -> None:
        """Do nothing: nothing is measured within an epoch."""

    def epoch_done(self, epoch: int, means: Mapping[str, float]) -> Figures:  # noqa: ARG002
        """Return the figures, if this is an epoch to measure; else those measured last."""
        if (epoch + 1) % self.every == 0:
            figures = self.measure()
            if self.log is not None:
                self.log(epoch, figures)
            self.latest = {f"val_{name}": value for name, value in figures.items()}
            if self.keep_best and self._improves(self.latest):
                self._kept = {path: variable.numpy() for path, variable in self.weights.trainable().items()}
                self._best_figures = self.latest
        return self.latest

    def _improves(self, figures: Figures) -> bool:
        """Rasa's rule: no figure is below the best so far, and one is above it."""
        quality = {name: value for name, value in figures.items() if name.endswith(("accuracy", "f1"))}
        if not self._best:
            self._best = quality
            return bool(quality)
        better = {name: value for name, value in quality.items() if value > self._best[name]}
        if not better or any(quality[name] < best for name, best in self._best.items()):
            return False
        self._best |= better
        return True

    def finish(self) -> Figures:
        """Set the best weights, if they are to be kept and there was an evaluation; what was measured of the weights
        that there are now, or last."""
        if self._kept is None:
            return self.latest
        variables = self.weights.trainable()
        for path, value in self._kept.items():
            variables[path].assign(value)
        return self._best_figures


def micro_f1(gold: NDArray[np.integer], found: NDArray[np.integer]) -> float:
    """F1 of tags, int [K], over all but 0, which is no prediction; 0 where nothing is to be found and nothing was."""
    right = int(((gold == found) & (gold != 0)).sum())
    total = int((gold != 0).sum() + (found != 0).sum())
    return 2.0 * right / total if total else 0.0
