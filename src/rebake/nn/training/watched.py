"""A training's examples divided into those to train on and those to measure, and who follows the training.

Shapes: E examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebake.nn.training.evaluation import Evaluation, EvaluationSettings, hold_out
from rebake.nn.training.fit import Watcher
from rebake.nn.training.tensorboard import TensorBoardLog
from rebake.nn.weights import Weights


@dataclass(frozen=True)
class Watched:
    """What is trained on, and who watches.

    Attributes:
        trained: int64 [E], positions of the examples that are trained on.
        evaluation: of the others; None where none are held out.
        watchers: called after every step and epoch.
    """

    trained: NDArray[np.int64]
    evaluation: Evaluation | None
    watchers: Sequence[Watcher]

    @property
    def figures(self) -> dict[str, float]:
        """What was measured, once the training is over; sets the best weights if they are to be kept."""
        return {} if self.evaluation is None else self.evaluation.finish()

    @staticmethod
    def of(
        settings: EvaluationSettings,
        weights: Weights,
        examples: int,
        labels: Callable[[], NDArray[np.integer] | None],
        measure: Callable[[NDArray[np.int64]], Mapping[str, float]],
        logged_as: Mapping[str, str],
    ) -> Watched:
        """Divide the examples as the settings say.

        Args:
            settings: what is held out, kept and logged.
            weights: of the network.
            examples: E
            labels: gives int [E] of which the held-out examples get a share each, or None; asked only if it counts.
            measure: the figures of the examples at these positions.
            logged_as: figure -> its name in TensorBoard.

        Raises:
            DataError: so many examples cannot be held out.
            StorageError: the log cannot be written.
        """
        log: TensorBoardLog | None = None
        if settings.log_directory is not None:
            log = TensorBoardLog(settings.log_directory, settings.log_level, logged_as)
        logs = [] if log is None else [log]
        if settings.examples <= 0:
            return Watched(np.arange(examples), None, logs)
        trained, held_out = hold_out(labels(), examples, settings.examples, settings.seed)
        evaluation = Evaluation(
            weights,
            lambda: measure(held_out),
            every=settings.every,
            keep_best=settings.keep_best,
            log=None if log is None else log.evaluated,
        )
        return Watched(trained, evaluation, [evaluation, *logs])
