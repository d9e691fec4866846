"""A divided training whose state is saved now and then, and goes on from what an earlier run has saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from rebake.nn.training.averaging import Average
from rebake.nn.training.replicas import Replicas


@dataclass(frozen=True)
class GoingOn:
    """Saves and restores.

    Attributes:
        replicas: of the training.
        node: its name in what is saved.
        variables: all that a step changes; those that are averaged come first.
        average: of the weights.
        order: what the order of examples is drawn with.
    """

    replicas: Replicas
    node: str
    variables: Sequence[tf.Variable]
    average: Average
    order: np.random.Generator

    def restore(self) -> tuple[int, int, dict[str, float]]:
        """Set everything as an earlier run left it; how many epochs and steps are done, and the last losses."""
        state = self.replicas.unfinished.saved.get(self.node)
        if state is None:
            return 0, 0, {}
        shapes = [tuple(variable.shape) for variable in self.variables]
        means = shapes[: state["averaged"]]
        arrays = self.replicas.of_first(self.replicas.unfinished.arrays(self.node, [*shapes, *means]))
        for variable, value in zip(self.variables, arrays, strict=False):
            variable.assign(value)
        self.average.go_on(state["first_averaged"], arrays[len(shapes) :])
        self.order.bit_generator.state = state["order"]
        return state["epoch"], state["step"], dict(state["losses"])

    def epoch_done(self, done: int, epochs: int, step: int, losses: Mapping[str, float]) -> None:
        """Save, if it is time to. Raises OSError."""
        if not self.replicas.unfinished.is_due(done, epochs):
            return
        first, means = self.average.state
        state = {
            "epoch": done,
            "step": step,
            "losses": dict(losses),
            "order": self.order.bit_generator.state,
            "first_averaged": first,
            "averaged": len(means),
        }
        self.replicas.unfinished.save(self.node, state, [*(variable.numpy() for variable in self.variables), *means])
