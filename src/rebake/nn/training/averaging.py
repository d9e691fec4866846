"""The mean of the weights, arrays of any shape, of the last epochs: what a training ends with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Average:
    """Stochastic weight averaging (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better
    Generalization") at the learning rate that there is.

    With a constant learning rate the weights end wherever the last batches pushed them, at the border of a region of
    good ones; their mean lies inside it. It costs a copy of the weights and one pass over them an epoch.

    The mean lags behind: by a tenth of the training where it is of the last fifth. In a short training the weights
    still go one way, so that the mean of them is less sure of what it has learned than the last ones are.

    Args:
        variables: what is trained; set to the mean after the last epoch.
        epochs: of the training.
        share: of the epochs, the last ones, whose weights make up the mean, rounded to whole epochs. Where that is no
            more than one, the weights stay as they are.
        after: steps that there must be by the end of the first of these epochs; with fewer, the weights stay.
    """

    def __init__(self, variables: Iterable[tf.Variable], epochs: int, share: float, after: int = 0) -> None:
        self.variables = list(variables)
        self.after = after
        self.last = epochs - 1
        self.first = epochs - max(round(epochs * share), 1)
        self._mean: list[NDArray[np.float32]] = []

    @property
    def state(self) -> tuple[int, list[NDArray[np.float32]]]:
        """The first epoch that counts, and the mean so far, which may be empty: what :meth:`go_on` takes."""
        return self.first, self._mean

    def go_on(self, first: int, mean: list[NDArray[np.float32]]) -> None:
        """Go on where another average was."""
        self.first, self._mean = first, mean

    def epoch_done(self, epoch: int, steps: int) -> None:
        """Counts the weights in; to be called after every epoch, counted from 0, with the number of steps so far."""
        if epoch < self.first or self.first == self.last:
            return
        if epoch == self.first:
            if steps < self.after:
                self.first = self.last
                return
            self._mean = [variable.numpy() for variable in self.variables]
            return
        count = epoch - self.first + 1
        for mean, variable in zip(self._mean, self.variables, strict=True):
            np.add(mean, (variable.numpy() - mean) / count, out=mean)
        if epoch == self.last:
            for variable, mean in zip(self.variables, self._mean, strict=True):
                variable.assign(mean)
            self._mean = []
