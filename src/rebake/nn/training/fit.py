"""The training loop: one traced step for all batch shapes, Adam (Kingma & Ba 2015), and Rasa's regularisation.

Batches are structures of tensors of any shape. Nothing is retraced, and no Python runs between the operations of a
step; meanwhile a thread makes the next batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from rebake.base.names import named
from rebake.base.progress import Progress
from rebake.nn.layers.noise import Noise
from rebake.nn.tracing import Traced
from rebake.nn.training.averaging import Average
from rebake.nn.training.going_on import GoingOn
from rebake.nn.training.replicas import Replicas, Step
from rebake.nn.weights import Weights

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras' Adam

Losses = Mapping[str, tf.Tensor]
LossFunction = Callable[[Any, Noise], Losses]  # (batch, noise) -> named scalar losses; their sum is minimised


class Watcher(Protocol):
    """Follows a training while it runs."""

    def step_done(self, number: int, losses: Losses) -> None:
        """Follow a step; ``number`` counts from 0 over all epochs, ``losses`` are the step's with their sum."""

    def epoch_done(self, epoch: int, means: Mapping[str, float]) -> Mapping[str, float]:
        """Follow an epoch, counted from 0, with its mean losses. Returns figures to be shown with the progress."""


@dataclass(frozen=True)
class FitSettings:
    """How the loop trains.

    Attributes:
        name: of the network, shown with the progress.
        epochs: passes over the examples.
        learning_rate: of Adam, the size of a step; it stays the same throughout, as with Rasa.
        seed: of dropout and negative sampling.
        conditional_epochs: how long L2 pulls only where the gradient of the losses is positive; to the end with Rasa.
        averaged: the share of the epochs, the last ones, whose weights are averaged into the model's; 0 = none are, as
            with Rasa.
        averaged_after: steps that there must be by the end of the first of these epochs; else none are averaged.
    """

    name: str
    epochs: int
    learning_rate: float
    seed: int
    conditional_epochs: float = math.inf
    averaged: float = 0.0
    averaged_after: int = 0


def fit(
    weights: Weights,
    losses: LossFunction,
    batches: Callable[[int], Iterable[Any]],
    signature: Any,
    settings: FitSettings,
    progress: Progress,
    watchers: Sequence[Watcher] = (),
    replicas: Replicas | None = None,
    order: np.random.Generator | None = None,
    sparse: Sequence[str] = (),
) -> dict[str, float]:
    """Train the variables in place.

    Args:
        losses: the network's forward pass and losses.
        batches: epoch -> its batches, each a structure of tensors or arrays that fits ``signature``.
        signature: tf.TensorSpec structure of a batch, with None for every size that changes.
        watchers: called after every step and epoch, in order; they may read the variables, which after the last epoch
            are those of the model.
        replicas: among which each step is divided; the variables are theirs, and the batches are as they take them.
            None = there is no division.
        order: what the order of examples is drawn with; given, the state of a divided training is saved, and one that
            an earlier run has saved is gone on from.
        sparse: paths of the kernels for which the batches of a divided training have rows.

    Returns:
        The mean of each loss over the last epoch's batches as they were trained, and their sum as "loss".
    """
    trainable = weights.trainable()
    with nullcontext() if replicas is None else replicas.variables():
        adam = Adam(list(trainable.values()), settings.learning_rate)

    def step(batch: Any, number: tf.Tensor, bound: tf.Tensor) -> Losses:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(trainable.values()))
            noise = Noise if replicas is None else replicas.noise
            named = losses(batch, noise(settings.seed, number))
            total = tf.add_n(list(named.values()))
        gradients = tape.gradient(total, list(trainable.values()))
        if replicas is not None:
            gradients = replicas.sum(dict(zip(trainable, gradients, strict=True)))
        regularized = [
            None if gradient is None else with_l2(gradient, variable, weights.l2.get(path), bound)
            for (path, variable), gradient in zip(trainable.items(), gradients, strict=True)
        ]
        adam.apply(regularized, number)
        for kernel, mask in weights.masks.items():
            value = weights.variables[kernel] * weights.variables[mask]
            tf.raw_ops.AssignVariableOp(resource=weights.variables[kernel].handle, value=value)
        return {**named, "loss": total}

    run: Step = step
    batch_signature = signature
    if replicas is not None:
        run, batch_signature = replicas.run(step), replicas.signature(signature, sparse)
    traced = Traced(run, batch_signature, tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32))
    average = Average(trainable.values(), settings.epochs, settings.averaged, settings.averaged_after)
    going_on = None
    if replicas is not None and order is not None:
        going_on = GoingOn(replicas, settings.name, [*trainable.values(), *adam.first, *adam.second], average, order)
    done, number, means = (0, 0, {}) if going_on is None else going_on.restore()
    with progress.task(named(settings.name), settings.epochs) as task:
        task.advance(done)
        for epoch in range(done, settings.epochs):
            results = []
            bound = tf.constant(0.0 if epoch < settings.conditional_epochs else -np.inf, tf.float32)
            for batch in ahead(batches(epoch)):
                results.append(traced(batch, tf.constant(number, tf.int32), bound))
                for watcher in watchers:
                    watcher.step_done(number, results[-1])
                number += 1
            means = {key: float(np.mean([result[key].numpy() for result in results])) for key in results[0]}
            average.epoch_done(epoch, number)
            figures = {"loss": means["loss"]}
            for watcher in watchers:
                figures |= watcher.epoch_done(epoch, means)
            task.advance(1, **figures)
            if going_on is not None:
                going_on.epoch_done(epoch + 1, settings.epochs, number, means)
    return means


def ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches in their order, each made while the one before is worked on."""
    end = object()
    iterator = iter(batches)
    with ThreadPoolExecutor(1, thread_name_prefix="rebake-batches") as maker:
        coming = maker.submit(next, iterator, end)
        while (batch := coming.result()) is not end:
            coming = maker.submit(next, iterator, end)
            yield batch


def with_l2(gradient: tf.Tensor, variable: tf.Variable, l2: float | None, bound: tf.Tensor) -> tf.Tensor:
    """The gradient of prediction loss + l2 · Σ w², the second term left out where the first is not above ``bound``.

    With a bound of 0 so does Rasa, which learns faster at first: weights of features that a batch lacks, whose gradient
    is 0, would else be gone (Adam takes full steps however small a gradient is) before their features were seen often
    enough. Later that spares what ought to go, and DIET finds fewer entities (benchmarks/README.md).
    """
    gradient = tf.convert_to_tensor(gradient)
    if l2 is None:
        return gradient
    penalty = 2.0 * l2 * variable
    return gradient + tf.where(gradient > bound, penalty, 0.0)


class Adam:
    """Adam (Kingma & Ba 2015) with Keras' defaults, as one fused operation per variable."""

    def __init__(self, variables: list[tf.Variable], learning_rate: float) -> None:
        self.variables = variables
        self.learning_rate = learning_rate
        self.first = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
        self.second = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def apply(self, gradients: list[tf.Tensor | None], step: tf.Tensor) -> None:
        """Apply one update; ``step`` counts from 0. Variables without a gradient stay."""
        time = tf.cast(step + 1, tf.float32)
        # Made once: a number given to each operation would be a node of the graph each.
        constants = (self.learning_rate, BETA_1, BETA_2, EPSILON)
        rate, beta_1, beta_2, epsilon = (tf.constant(value, tf.float32) for value in constants)
        power_1, power_2 = tf.pow(beta_1, time), tf.pow(beta_2, time)
        for variable, first, second, gradient in zip(self.variables, self.first, self.second, gradients, strict=True):
            if gradient is None:
                continue
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=rate,
                beta1=beta_1,
                beta2=beta_2,
                epsilon=epsilon,
                grad=gradient,
            )
