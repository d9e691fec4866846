"""What is saved of a training that several processes take part in, so that the next run goes on from there.

A file ``<node>.npz`` has the variables, Adam's means and the averaged weights, arrays of any shape, with a line of
JSON: epochs and steps that are done, the last losses, and the state of the random order of examples. Dropout needs no
state; its numbers follow from the number of the step.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.base.files import replacing

_STATE = "state"
_SHARE = 0.05  # of the epochs lie between one saving and the next


@dataclass(frozen=True)
class Unfinished:
    """What an earlier run left, and where this one saves.

    Attributes:
        directory: where worker 0 saves; None in other processes, and where nothing is saved.
        saved: node -> the state that worker 0 found.
    """

    directory: Path | None = None
    saved: Mapping[str, Any] = field(default_factory=dict)

    def is_due(self, done: int, epochs: int) -> bool:
        """Whether to save after so many of the epochs."""
        return self.directory is not None and (done == epochs or done % max(round(epochs * _SHARE), 1) == 0)

    def save(self, node: str, state: Mapping[str, Any], arrays: Sequence[NDArray[np.float32]]) -> None:
        """Replace what is saved of a node. Raises OSError."""
        assert self.directory is not None
        self.directory.mkdir(parents=True, exist_ok=True)
        content: dict[str, Any] = {str(number): array for number, array in enumerate(arrays)}
        content[_STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        with replacing(self.directory / f"{node}.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, **content)

    def arrays(self, node: str, shapes: Sequence[tuple[int, ...]]) -> list[NDArray[np.float32]]:
        """What was saved of a node; zeros in a process that did not save it."""
        if self.directory is None:
            return [np.zeros(shape, np.float32) for shape in shapes]
        with np.load(self.directory / f"{node}.npz", allow_pickle=False) as file:
            arrays = [file[str(number)] for number in range(len(shapes))]
        if [array.shape for array in arrays] != list(shapes):
            raise OSError(f"{self.directory / node}.npz is of another network")
        return arrays


def read_saved(directory: Path | None) -> dict[str, Any]:
    """Node -> the state that is saved of it; files that cannot be read are removed."""
    found: dict[str, Any] = {}
    if directory is None or not directory.is_dir():
        return found
    for path in sorted(directory.glob("*.npz")):
        try:
            with np.load(path, allow_pickle=False) as file:
                found[path.stem] = json.loads(file[_STATE].tobytes())
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    return found
