"""Which examples make up the batches of an epoch, as Rasa draws them.

Shapes: E examples of the training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Batching:
    """How batches are drawn.

    Attributes:
        sizes: batch size, or first and last of a size that grows linearly with the epoch (batch_size).
        epochs: of the whole training.
        strategy: "balanced" repeats rare labels, "sequence" does not (batch_strategy).
        drop_small_last: leave out a last batch of less than half the size (drop_small_last_batch).
    """

    sizes: int | tuple[int, int]
    epochs: int
    strategy: Literal["balanced", "sequence"] = "balanced"
    drop_small_last: bool = False

    def size(self, epoch: int) -> int:
        """The batch size of an epoch, counted from 0."""
        if isinstance(self.sizes, int):
            return self.sizes
        first, last = self.sizes[0], self.sizes[1]
        return int(first + epoch * (last - first) / (self.epochs - 1)) if self.epochs > 1 else int(first)

    def batches(
        self, epoch: int, n_examples: int, labels: NDArray[np.integer] | None, rng: np.random.Generator
    ) -> list[Indices]:
        """The example indices of each batch of one epoch.

        Args:
            labels: int [E] for balancing; None = nothing to balance by.
        """
        size = self.size(epoch)
        order = rng.permutation(n_examples)
        if self.strategy == "balanced" and labels is not None:
            order = balanced(order, labels, size, rng)
        count = math.ceil(len(order) / size)
        if self.drop_small_last and count > 1 and 0 < len(order) % size < math.ceil(size / 2):
            count -= 1
        return [order[i * size : (i + 1) * size] for i in range(count)]


def balanced(order: Indices, labels: NDArray[np.integer], size: int, rng: np.random.Generator) -> Indices:
    """Mix the examples, int64 [E] with int [E] labels, so that every label is in about every other batch: rare labels
    come again and again.

    Passes over the labels in random order, each taking int(share · size) + 1 of its examples; a label that has come
    round once sits out every other pass. It ends when every label has come round.
    """
    present, counts = np.unique(labels, return_counts=True)
    by_label = [order[labels[order] == label] for label in present]
    portions = [int(count / len(labels) * size) + 1 for count in counts]
    place = [0] * len(present)
    rounds = [0] * len(present)
    sat_out = [False] * len(present)
    waiting = len(present)
    mixed: list[Indices] = []
    while waiting:
        for index in rng.permutation(len(present)).tolist():
            if rounds[index] > 0 and not sat_out[index]:
                sat_out[index] = True
                continue
            sat_out[index] = False
            start, place[index] = place[index], place[index] + portions[index]
            mixed.append(by_label[index][start : place[index]])
            if place[index] >= counts[index]:
                place[index] = 0
                waiting -= rounds[index] == 0
                rounds[index] += 1
                if not waiting:
                    break
    return np.concatenate(mixed)
