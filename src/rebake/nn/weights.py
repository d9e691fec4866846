"""The variables of one network, each under the key that Rasa 3.6 gives it in its checkpoint.

A key is a path in Rasa's object graph below ``model/_tf_layers``, e.g.
``sequence_layer.text/_tf_layers/transformer/_embedding/kernel``. A layer asks for its variables
by path and shape; where their first values come from is the business of the source: a seed, or a checkpoint.

Shapes: G blocks; K rows of a block; M columns of a block.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.errors import RETRAIN, ModelError

Initializer = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float32]]


class WeightSource(Protocol):
    """Gives the first value of a variable.

    Attributes:
        new: the weights are made here, so which of their connections exist is still open.
    """

    new: bool

    def value(self, path: str, shape: tuple[int, ...], initializer: Initializer) -> NDArray[np.float32]:
        """Return the value of the variable at ``path``, of exactly this shape."""


class Seeded:
    """New weights: each path has its own random stream, so that values do not depend on the order of creation."""

    new = True

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def value(self, path: str, shape: tuple[int, ...], initializer: Initializer) -> NDArray[np.float32]:
        return initializer(np.random.default_rng([self.seed % 2**32, zlib.crc32(path.encode())]), shape)


class Copied:
    """The weights of another network of the same shape."""

    new = False

    def __init__(self, weights: Weights) -> None:
        weights.settle()
        self._weights = weights

    def value(self, path: str, shape: tuple[int, ...], initializer: Initializer) -> NDArray[np.float32]:  # noqa: ARG002
        value: NDArray[np.float32] = self._weights.variables[path].numpy()
        return value


@dataclass(frozen=True)
class Blocks:
    """Which entries of a kernel exist: of every block all pairs of its rows and columns.

    Attributes:
        rows: int [G, K]
        columns: int [G, M]
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def index(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indexes the entries in a kernel; the shape is that of the blocks, [G, K, M]."""
        return self.rows[:, :, None], self.columns[:, None, :]

    def mask(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """1 where an entry of the kernel exists, else 0."""
        mask = np.zeros(shape, np.float32)
        mask[self.index] = 1.0
        return mask


class Weights:
    """Creates and keeps variables.

    Attributes:
        variables: all variables by path, in order of creation: the content of a checkpoint.
        l2: regularisation constant of the variables that have one.
        masks: path of a kernel -> path of its 0/1 mask; kernels are kept masked at every moment.
        blocks: path of a kernel -> the variable [G, K, M] that is used and trained in its place, and where its
            entries are; :meth:`settle` carries them over into the kernel.
    """

    def __init__(self, source: WeightSource) -> None:
        self.source = source
        self.variables: dict[str, tf.Variable] = {}
        self.l2: dict[str, float] = {}
        self.masks: dict[str, str] = {}
        self.blocks: dict[str, tuple[tf.Variable, Blocks]] = {}

    def add(
        self, path: str, shape: tuple[int, ...], initializer: Initializer, *, l2: float = 0.0, trainable: bool = True
    ) -> tf.Variable:
        """Add a float32 variable; with ``l2`` the loss gains l2 · Σ w²."""
        if path in self.variables:
            raise ValueError(f"two variables at {path}")
        value = self.source.value(path, shape, initializer)
        variable = tf.Variable(value, trainable=trainable, dtype=tf.float32)
        self.variables[path] = variable
        if l2 > 0:
            self.l2[path] = l2
        return variable

    def mask_kernel(self, path: str, density: float) -> None:
        """Keep only a random part of the kernel at ``path``, at least one entry per row and column."""
        kernel = self.variables[path]
        name = f"{path}_mask"
        mask = self.add(name, tuple(kernel.shape), random_mask(density), trainable=False)
        kernel.assign(kernel * mask)
        self.masks[path] = name

    def add_blocks(
        self, path: str, shape: tuple[int, int], blocks: Blocks, initializer: Initializer, *, l2: float = 0.0
    ) -> tf.Variable:
        """Add the blocks [G, K, M] of a kernel of ``shape``, which are trained; the kernel and its mask stand in the
        checkpoint.

        Raises:
            ModelError: a checkpoint that was to be one in blocks connects something else.
        """
        mask = blocks.mask(shape)
        if not np.array_equal(self.source.value(f"{path}_mask", shape, lambda *_: mask), mask):
            raise ModelError(f"The model's {path}_mask does not fit the other masks of its encoder.", fix=RETRAIN)
        variable = tf.Variable(self.source.value(path, shape, initializer)[blocks.index], dtype=tf.float32)
        self.variables[path] = tf.Variable(np.zeros(shape, np.float32), trainable=False)
        self.variables[f"{path}_mask"] = tf.Variable(mask, trainable=False)
        self.blocks[path] = variable, blocks
        if l2 > 0:
            self.l2[path] = l2
        return variable

    def settle(self) -> None:
        """Bring the kernels up to date with their blocks."""
        for path, (variable, blocks) in self.blocks.items():
            kernel = np.zeros(self.variables[path].shape, np.float32)
            kernel[blocks.index] = variable.numpy()
            self.variables[path].assign(kernel)

    def trainable(self) -> dict[str, tf.Variable]:
        """Return the variables that training changes; of a kernel in blocks those, under its path."""
        blocks = {path: variable for path, (variable, _) in self.blocks.items()}
        return {path: variable for path, variable in (self.variables | blocks).items() if variable.trainable}


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Keras' default for kernels (Glorot & Bengio 2010): uniform within ±sqrt(6 / (fan_in + fan_out))."""
    receptive = int(np.prod(shape[:-2]))
    limit = np.sqrt(6.0 / ((shape[-2] + shape[-1]) * receptive))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:  # noqa: ARG001
    return np.zeros(shape, np.float32)


def ones(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:  # noqa: ARG001
    return np.ones(shape, np.float32)


def random_mask(density: float) -> Initializer:
    """1 with probability ``density``, and on the tiled diagonal, so that nothing is left unconnected."""

    def initialize(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
        rows, columns = shape
        short = min(rows, columns)
        diagonal = np.arange(rows)[:, None] % short == np.arange(columns)[None, :] % short
        return np.asarray(diagonal | (rng.random(shape) < density), np.float32)

    return initialize
