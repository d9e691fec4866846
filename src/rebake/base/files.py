"""How a model's files are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save


def write_text(path: Path, text: str) -> None:
    """UTF-8 under a temporary name beside it, then renamed: a reader sees all of it or nothing."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="")
    temporary.replace(path)


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a safetensors file. Raises OSError where the disk is full; the library's own writer has an error apart."""
    path.write_bytes(save(dict(tensors)))
