"""The one way in which a model's arrays are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a safetensors file. Raises OSError where the disk is full; the library's own writer has an error apart."""
    path.write_bytes(save(dict(tensors)))
