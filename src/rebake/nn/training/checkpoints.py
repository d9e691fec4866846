"""TensorFlow checkpoints, variables of any shape, in the exact layout that Rasa 3.6 reads.

Rasa loads an incomplete checkpoint without a word and keeps random weights in the gaps, so the writer reads back what
it wrote and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# What tf.train gives; that module itself brings the optimizers of an old Keras, half a second of imports.
from tensorflow.python.checkpoint.checkpoint import Checkpoint
from tensorflow.python.training.checkpoint_utils import load_checkpoint

from rebake.errors import RETRAIN, ModelError
from rebake.nn.weights import Initializer, Weights

PREFIX = "model/_tf_layers/"
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
METRIC = "/f1_score_metric/"  # of Rasa's CRFs; counts of its last training, which no prediction reads


def checkpoint_key(path: str) -> str:
    """Return the key of a path of :class:`Weights`: dots in names are doubled."""
    return PREFIX + path.replace(".", "..") + SUFFIX


def write_checkpoint(weights: Weights, prefix: Path) -> None:
    """Write ``<prefix>.index`` and ``<prefix>.data-00000-of-00001``.

    Raises:
        ModelError: what was written does not contain every variable with its shape.
        OSError: it cannot be written; TensorFlow has errors of its own for a full disk.
    """
    weights.settle()
    root = _Node()
    for path, variable in sorted(weights.variables.items()):  # the same bytes, in whatever order they were made
        node = root.child("model").child("_tf_layers")
        *parents, leaf = path.split("/")
        for name in parents:
            node = node.child(name)
        setattr(node, leaf, variable)
    try:
        Checkpoint(model=root.child("model")).write(str(prefix))
    except tf.errors.OpError as error:
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]  # what the system says comes last
        raise OSError(f"{prefix.name}: {reason}") from error
    check_complete(prefix, {path: tuple(variable.shape) for path, variable in weights.variables.items()})


class _Node(Checkpoint):  # type: ignore[misc]  # TensorFlow has no types
    """One level of nested trackables; names may be anything that a key may be."""

    def child(self, name: str) -> _Node:
        if name not in self.__dict__:
            setattr(self, name, _Node())
        found: _Node = getattr(self, name)
        return found


def check_complete(prefix: Path, expected: Mapping[str, tuple[int, ...]]) -> None:
    """Compare a checkpoint with the paths and shapes it should have.

    Raises:
        ModelError: naming the first paths that are missing, misshapen or too many.
    """
    found = {key: tuple(shape) for key, shape in _open(prefix).get_variable_to_shape_map().items()}
    wanted = {checkpoint_key(path): shape for path, shape in expected.items()}
    wrong = sorted(key for key, shape in wanted.items() if found.get(key) != shape)
    wrong += sorted(key for key in found if key.startswith(PREFIX) and key not in wanted and METRIC not in key)
    if wrong:
        raise ModelError(f"The checkpoint {prefix} is not complete: {', '.join(wrong[:3])}.", fix=RETRAIN)


class FromCheckpoint:
    """Weights read from a checkpoint, ours or Rasa's; every path must be there in its shape.

    Raises:
        ModelError: the file cannot be read, or a variable is missing or misshapen.
    """

    new = False

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.reader = _open(prefix)
        self.shapes: dict[str, list[int]] = self.reader.get_variable_to_shape_map()

    def shape(self, path: str) -> tuple[int, ...]:
        """Return the shape of a variable; raises ModelError if it is not there."""
        key = checkpoint_key(path)
        if key not in self.shapes:
            raise ModelError(f"The checkpoint {self.prefix} lacks {path}.", fix=RETRAIN)
        return tuple(self.shapes[key])

    def value(self, path: str, shape: tuple[int, ...], initializer: Initializer) -> NDArray[np.float32]:  # noqa: ARG002
        if self.shape(path) != shape:
            raise ModelError(f"{path} in the checkpoint {self.prefix} is {self.shape(path)}, not {shape}.", fix=RETRAIN)
        value: NDArray[np.float32] = self.reader.get_tensor(checkpoint_key(path))
        return value


@dataclass(frozen=True)
class Growth:
    """How many inputs a layer of sparse features had and has, feature by feature, in the order of the pipeline."""

    before: tuple[int, ...]
    now: tuple[int, ...]

    def grown(self, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        """The kernel with rows of zeros for the new inputs of each feature, behind its old ones.

        A text without new words means the same to the network as before, and a word that no text of the training has
        stays without a say. (Rasa draws the rows at random.)
        """
        parts = np.split(kernel, np.cumsum(self.before)[:-1])
        return np.concatenate(
            [np.pad(part, ((0, now - len(part)), (0, 0))) for part, now in zip(parts, self.now, strict=True)]
        )


class GrownCheckpoint(FromCheckpoint):
    """Weights read from a checkpoint to be trained on, some kernels of which have new inputs.

    Args:
        prefix: of the checkpoint.
        growth: path of a kernel -> the inputs that it has now.
    """

    def __init__(self, prefix: Path, growth: Mapping[str, Growth]) -> None:
        super().__init__(prefix)
        self.growth = growth

    def value(self, path: str, shape: tuple[int, ...], initializer: Initializer) -> NDArray[np.float32]:
        growth = self.growth.get(path)
        if growth is None:
            return super().value(path, shape, initializer)
        before = super().value(path, (sum(growth.before), *shape[1:]), initializer)
        return growth.grown(before)


def _open(prefix: Path) -> Any:
    try:
        return load_checkpoint(str(prefix))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ModelError(f"The checkpoint {prefix} cannot be read ({error}).", fix=RETRAIN) from error
