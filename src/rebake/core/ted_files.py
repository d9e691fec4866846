"""The files beside the weights of TEDPolicy and its kin, in the shapes that Rasa 3.6 reads.

Rasa builds the network from ``meta.json`` and the signature of ``data_example``, trains one step on that example and
only then reads the weights: so the example has to be one that can be trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from rebake.archive.feature_arrays import (
    RETRAIN,
    FeatureArray,
    FeatureArrays,
    Group,
    SparseMatrix,
    nested,
    read_feature_arrays,
    write_feature_arrays,
)
from rebake.core.ted_data import ATTRIBUTES
from rebake.errors import ModelError, UnsupportedError

ORIGIN = "SingleStateFeaturizer"


@dataclass(frozen=True, slots=True)
class TedFiles:
    """What the files say.

    Attributes:
        options: the merged configuration that the network was built from.
        priority: of the policy.
        widths: input attribute -> number of its feature columns, sorted by attribute.
        label_features: float32 [n_labels, n_columns], one row per label in index order.
        label_attribute: what the labels are: ``label_action_name``, or ``label_intent`` of UnexpecTEDIntentPolicy.
        example: one training example, see :func:`example_arrays`.
    """

    options: dict[str, Any]
    priority: int
    widths: dict[str, int]
    label_features: NDArray[np.float32]
    label_attribute: str
    example: FeatureArrays


def write_ted_files(directory: Path, name: str, files: TedFiles) -> None:
    """Write everything but weights and ``featurizer.json``; ``name`` is the prefix, e.g. ``ted_policy``."""
    _write_json(directory / f"{name}.meta.json", files.options)
    _write_json(directory / f"{name}.priority.json", files.priority)
    _write_json(directory / f"{name}.entity_tag_specs.json", [])  # tags of user texts: end to end only
    write_feature_arrays(directory, f"{name}.data_example", files.example)
    write_feature_arrays(directory, f"{name}.label_data", _label_arrays(files))
    _write_fake_features(directory, name, files.widths)


def read_ted_files(directory: Path, name: str, label_attribute: str) -> TedFiles:
    """Read what :func:`write_ted_files` or Rasa wrote.

    Raises:
        ModelError: a file is missing or broken.
        UnsupportedError: the model was trained end to end.
    """
    options = _read_json(directory / f"{name}.meta.json", dict)
    priority = _read_json(directory / f"{name}.priority.json", int)
    widths = _read_widths(directory / f"{name}.fake_features_metadata.json")
    example = read_feature_arrays(directory, f"{name}.data_example")
    labels = read_feature_arrays(directory, f"{name}.label_data")
    if set(labels) != {"label", label_attribute}:
        raise _end_to_end(directory)
    try:
        rows = [_dense_row(item) for item in _items(labels[label_attribute]["sentence"][0])]
    except (KeyError, IndexError) as error:
        raise ModelError(f"{name}.label_data in {directory} holds no features of labels.", fix=RETRAIN) from error
    if any(row is None for row in rows):
        raise _end_to_end(directory)
    return TedFiles(options, priority, widths, np.array(rows, np.float32), label_attribute, example)


def example_arrays(
    widths: Mapping[str, int], turns: Sequence[Mapping[str, NDArray[np.float32]]], labels: Sequence[int]
) -> FeatureArrays:
    """One window of training data for ``data_example``.

    Args:
        widths: attribute -> width, the attributes of the model.
        turns: per turn, oldest first: attribute -> float32 [width], only the attributes that the turn has.
        labels: indices of the right labels, -1 where the example has fewer than others.
    """
    arrays: dict[str, dict[str, list[FeatureArray]]] = {
        "dialogue": {"length": [[len(turns)]]},
        "label": {"ids": [nested(np.array([[[label] for label in labels]], np.int64))]},
    }
    for attribute, width in widths.items():
        mask = np.array([[float(attribute in turn)] for turn in turns], np.float32)
        rows = tuple(_sparse_row(turn.get(attribute), width) for turn in turns)
        arrays[attribute] = {"mask": [Group((mask,))], "sentence": [Group((Group(rows),))]}
    return dict(sorted(arrays.items()))  # the order in which Rasa unpacks a batch


def _sparse_row(row: NDArray[np.float32] | None, width: int) -> SparseMatrix:
    """One turn of one attribute; a matrix without rows where the turn lacks it."""
    if row is None:
        none = np.zeros(0, np.int32)
        return SparseMatrix(np.zeros(0, np.float64), none, none, (0, width))
    columns = np.flatnonzero(row).astype(np.int32)
    return SparseMatrix(row[columns], np.zeros_like(columns), columns, (1, width))


def _label_arrays(files: TedFiles) -> dict[str, dict[str, list[FeatureArray]]]:
    features = files.label_features
    ids = np.arange(len(features), dtype=np.int64)[:, np.newaxis]
    mask = np.ones((len(features), 1, 1), np.float32)
    return {
        files.label_attribute: {"mask": [nested(mask)], "sentence": [nested(features[:, np.newaxis, np.newaxis, :])]},
        "label": {"ids": [nested(ids)]},
    }


def _write_fake_features(directory: Path, name: str, widths: Mapping[str, int]) -> None:
    """Templates without rows: width and sparsity of each attribute, for turns and batches that lack it."""
    tensors: dict[str, NDArray[Any]] = {}
    metadata: dict[str, list[dict[str, Any]]] = {}
    for attribute, width in widths.items():
        key = f"{attribute}_0"
        tensors[f"{key}_data"] = np.zeros(0, np.float64)
        tensors[f"{key}_row"] = np.zeros(0, np.int32)
        tensors[f"{key}_col"] = np.zeros(0, np.int32)
        metadata[attribute] = [
            {
                "data_type": "sentence",
                "attribute": attribute,
                "origin": ORIGIN,
                "is_sparse": True,
                "shape": [0, width],
                "safetensors_key": key,
            }
        ]
    save_file(tensors, directory / f"{name}.fake_features.st")
    _write_json(directory / f"{name}.fake_features_metadata.json", metadata)


def _read_widths(path: Path) -> dict[str, int]:
    metadata = _read_json(path, dict)
    if not set(metadata) <= set(ATTRIBUTES):
        raise _end_to_end(path.parent)
    try:
        if any(len(features) != 1 or not features[0]["is_sparse"] for features in metadata.values()):
            raise _end_to_end(path.parent)
        return {attribute: int(metadata[attribute][0]["shape"][1]) for attribute in sorted(metadata)}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} in {path.parent} is broken ({error}).", fix=RETRAIN) from error


def _items(array: FeatureArray) -> tuple[FeatureArray, ...]:
    return array.items if isinstance(array, Group) else ()


def _dense_row(item: FeatureArray) -> list[float] | None:
    """The one row of a label's features; None if they are not dense one-hot features."""
    while isinstance(item, Group) and len(item.items) == 1:
        item = item.items[0]
    if isinstance(item, np.ndarray):
        return [float(value) for value in item.ravel()]
    return [float(value) for value in item] if isinstance(item, list) else None


def _end_to_end(directory: Path) -> UnsupportedError:
    return UnsupportedError(f"The policy in {directory} was trained end to end, which rebake cannot run yet.")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")


def _read_json(path: Path, kind: type) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} in {path.parent} is missing or broken ({error}).", fix=RETRAIN) from error
    if not isinstance(value, kind):
        raise ModelError(f"{path.name} in {path.parent} is broken: it holds no {kind.__name__}.", fix=RETRAIN)
    return value
