"""``X.st`` with ``X_metadata.json``: how Rasa 3.6 keeps feature arrays, nested lists of arrays and sparse matrices.

The order of keys is the order in which Rasa unpacks a batch: pass attributes and
sub-keys sorted, as its training sorts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from rebake.archive.json_files import write_json
from rebake.base.tensors import write_tensors
from rebake.errors import RETRAIN, ModelError


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix in coordinate form: ``data`` int64 or float, ``row`` and ``col`` int32, all [n_entries]."""

    data: NDArray[Any]
    row: NDArray[np.int32]
    col: NDArray[np.int32]
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """A list of anything but plain numbers: the examples of a batch, the turns of a dialogue."""

    items: tuple[FeatureArray, ...]


FeatureArray = NDArray[Any] | list[float] | list[int] | SparseMatrix | Group
"""A dense array of at most 2 dimensions, a list of numbers, a sparse matrix, or a group of these."""

FeatureArrays = Mapping[str, Mapping[str, Sequence[FeatureArray]]]
"""attribute -> sub-key -> arrays, e.g. ``data["text"]["sentence"] == [Group((sparse, sparse))]``."""


def write_feature_arrays(directory: Path, name: str, data: FeatureArrays) -> None:
    """Write ``<name>.st`` and ``<name>_metadata.json``, e.g. name ``DIETClassifier.data_example``.

    Every list of arrays must have at least one element. Numbers in lists become float32 where all are floats, else
    int64, as in Rasa.
    """
    tensors: dict[str, NDArray[Any]] = {}
    metadata = [
        {
            "key": attribute,
            "components": [
                {
                    "key": key,
                    "number_of_dimensions": dimensions(arrays[0]),
                    "features": [
                        _encode(array, f"component_{attribute}_{key}_{index}", tensors)
                        for index, array in enumerate(arrays)
                    ],
                }
                for key, arrays in components.items()
            ],
        }
        for attribute, components in data.items()
    ]
    write_tensors(directory / f"{name}.st", tensors)
    write_json(directory / f"{name}_metadata.json", metadata)


def read_feature_arrays(directory: Path, name: str) -> dict[str, dict[str, list[FeatureArray]]]:
    """Read what :func:`write_feature_arrays` or Rasa wrote.

    Raises:
        ModelError: a file is missing or broken, or the two do not fit together.
    """
    path = directory / f"{name}_metadata.json"
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        tensors = load_file(directory / f"{name}.st")
        return {
            outer["key"]: {
                inner["key"]: [_decode(feature, tensors) for feature in inner["features"]]
                for inner in outer["components"]
            }
            for outer in metadata
        }
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{name}.st or {path.name} in {directory} is missing or broken ({error}).", fix=RETRAIN
        ) from error


def dimensions(array: FeatureArray) -> int:
    """Rasa's ``number_of_dimensions``: 1 lengths, 2 ids, 3 features of messages, 4 features of dialogues."""
    if isinstance(array, Group):
        if not array.items:
            raise ValueError("an empty group has no number of dimensions")
        return 1 + dimensions(array.items[0])
    if isinstance(array, SparseMatrix):
        return 2
    return array.ndim if isinstance(array, np.ndarray) else 1


def nested(array: NDArray[Any]) -> FeatureArray:
    """A numeric array of any rank as Rasa writes it: nested groups of lists of numbers."""
    if array.ndim <= 1:
        return cast("list[float]", array.tolist())
    return Group(tuple(nested(row) for row in array))


def _encode(array: FeatureArray, prefix: str, tensors: dict[str, NDArray[Any]]) -> dict[str, Any]:
    if isinstance(array, np.ndarray):
        key = f"{prefix}_array"
        tensors[key] = np.ascontiguousarray(array)
        return {"type": "dense", "key": key, "shape": list(array.shape)}
    if isinstance(array, SparseMatrix):
        for part, values in _parts(array):
            tensors[f"{prefix}_{part}"] = np.ascontiguousarray(values)
        return {"type": "sparse", "key": prefix, "shape": list(array.shape)}
    if isinstance(array, Group):
        items = [_encode(item, f"{prefix}_{index}", tensors) for index, item in enumerate(array.items)]
        return {"type": "group", "subcomponents": items}
    key = f"{prefix}_list"
    tensors[key] = np.asarray(array, np.float32 if all(isinstance(v, float) for v in array) else np.int64)
    return {"type": "list", "key": key}


def _parts(matrix: SparseMatrix) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "data", matrix.data
    yield "row", matrix.row.astype(np.int32, copy=False)
    yield "col", matrix.col.astype(np.int32, copy=False)


def _decode(feature: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> FeatureArray:
    kind = feature["type"]
    if kind == "dense":
        return tensors[feature["key"]].reshape(feature["shape"])
    if kind == "list":
        return cast("list[float]", tensors[feature["key"]].tolist())
    if kind == "sparse":
        data, row, col = (tensors[f"{feature['key']}_{part}"] for part in ("data", "row", "col"))
        rows, columns = feature["shape"]
        return SparseMatrix(data, row, col, (rows, columns))
    if kind == "group":
        return Group(tuple(_decode(item, tensors) for item in feature["subcomponents"]))
    raise ValueError(f"unknown type {kind!r} of feature array")
