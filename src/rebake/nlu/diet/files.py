"""DIETClassifier's files beside its weights.

Rasa trains one step on ``data_example`` before it loads the weights, so the example is a real one with all its labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rebake.archive.feature_arrays import (
    FeatureArray,
    Group,
    SparseMatrix,
    read_feature_arrays,
    write_feature_arrays,
)
from rebake.archive.json_files import read_json, write_json
from rebake.base.sparse_rows import SparseRows
from rebake.errors import RETRAIN, ModelError
from rebake.nlu.entity_tags import TagSpec
from rebake.nlu.text_features import Stacked

NestedArrays = dict[str, dict[str, list[FeatureArray]]]


@dataclass(frozen=True)
class DietFiles:
    """What is in the files.

    Attributes:
        data_example: one training example.
        label_data: the features of all labels, and their ids.
        labels: names by id.
        tag_specs: empty if entities are not recognised.
        sparse_sizes: {"text": {"sequence": widths, "sentence": widths}}; Rasa reads it for fine-tuning.
    """

    data_example: NestedArrays
    label_data: NestedArrays
    labels: tuple[str, ...]
    tag_specs: tuple[TagSpec, ...]
    sparse_sizes: Mapping[str, Any]

    def write(self, directory: Path, prefix: str) -> None:
        """Write all files, named ``<prefix>.<file>``."""
        write_feature_arrays(directory, f"{prefix}.data_example", self.data_example)
        write_feature_arrays(directory, f"{prefix}.label_data", self.label_data)
        contents: dict[str, Any] = {
            "sparse_feature_sizes": self.sparse_sizes,
            "index_label_id_mapping": {str(index): label for index, label in enumerate(self.labels)},
            "entity_tag_specs": [spec.as_dict() for spec in self.tag_specs],
        }
        for name, content in contents.items():
            write_json(directory / f"{prefix}.{name}.json", content)

    @staticmethod
    def read(directory: Path, prefix: str) -> DietFiles:
        """Read what :meth:`write` or Rasa wrote. Raises ModelError on missing or broken files."""
        mapping = read_json(directory / f"{prefix}.index_label_id_mapping.json", dict)
        tag_specs = read_json(directory / f"{prefix}.entity_tag_specs.json", list)
        try:
            by_id = {int(index): str(label) for index, label in mapping.items()}
            labels = tuple(by_id[index] for index in range(len(by_id)))
            specs = tuple(TagSpec.from_dict(values) for values in tag_specs)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"The labels or tags of {prefix} in {directory} are broken.", fix=RETRAIN) from error
        return DietFiles(
            read_feature_arrays(directory, f"{prefix}.data_example"),
            read_feature_arrays(directory, f"{prefix}.label_data"),
            labels,
            specs,
            read_json(directory / f"{prefix}.sparse_feature_sizes.json", dict),
        )


def encode_features(stacked: Stacked, examples: Sequence[int], *, mask: bool) -> dict[str, list[FeatureArray]]:
    """The features of some examples as Rasa keeps them: keys mask, sentence, sequence and sequence_lengths, those that
    there are."""
    encoded: dict[str, list[FeatureArray]] = {}
    if mask:
        encoded["mask"] = [Group(tuple(Group(([1.0],)) for _ in examples))]
    ends = np.cumsum(stacked.lengths)
    token_rows = [np.arange(ends[i] - stacked.lengths[i], ends[i]) for i in examples]
    sentence_rows = [np.array([i]) for i in examples]
    for level, sparse, dense, rows in (
        ("sentence", stacked.sentence_sparse, stacked.sentence_dense, sentence_rows),
        ("sequence", stacked.sequence_sparse, stacked.sequence_dense, token_rows),
    ):
        arrays: list[FeatureArray] = []
        if sparse is not None:
            arrays.append(Group(tuple(_sparse_matrix(sparse.take(part)) for part in rows)))
        if dense is not None:
            arrays.append(Group(tuple(dense[part] for part in rows)))
        if arrays:
            encoded[level] = arrays
    if "sequence" in encoded:
        encoded["sequence_lengths"] = [[int(stacked.lengths[i]) for i in examples]]
    return encoded


def encode_ids(ids: Sequence[int]) -> list[FeatureArray]:
    """Label ids as Rasa keeps them: one list of one number per example."""
    return [Group(tuple([int(number)] for number in ids))]


def _sparse_matrix(rows: SparseRows) -> SparseMatrix:
    return SparseMatrix(rows.data, rows.row_indices(), rows.indices, (rows.n_rows, rows.n_columns))


def decode_features(encoded: Mapping[str, Sequence[FeatureArray]]) -> Stacked:
    """The inverse of :func:`encode_features`. Raises ModelError on anything else."""
    sequence = [_rows(array) for array in encoded.get("sequence", [])]
    sentence = [_rows(array) for array in encoded.get("sentence", [])]
    examples = max((len(rows) for rows in sequence + sentence), default=0)
    lengths = np.array([_n_rows(rows) for rows in sequence[0]] if sequence else [0] * examples, np.int32)
    return Stacked(
        lengths,
        _stack_sparse(sequence),
        _stack_dense(sequence),
        _stack_sparse(sentence),
        _stack_dense(sentence),
        {"sequence": [], "sentence": []},
    )


def _rows(array: FeatureArray) -> tuple[FeatureArray, ...]:
    if not isinstance(array, Group):
        raise ModelError("The stored features of the model have an unknown form.", fix=RETRAIN)
    return array.items


def _n_rows(array: FeatureArray) -> int:
    if isinstance(array, SparseMatrix):
        return array.shape[0]
    return len(_dense_matrix(array))


def _dense_matrix(array: FeatureArray) -> np.ndarray[Any, np.dtype[np.float32]]:
    if isinstance(array, Group):  # Rasa nests lists where all examples have one shape
        return np.array([list(_numbers(row)) for row in array.items], np.float32)
    return np.asarray(array, np.float32)


def _numbers(array: FeatureArray) -> Sequence[float]:
    if isinstance(array, list):
        return array
    raise ModelError("The stored features of the model have an unknown form.", fix=RETRAIN)


def _stack_sparse(columns: Sequence[Sequence[FeatureArray]]) -> SparseRows | None:
    for column in columns:
        if isinstance(column[0], SparseMatrix):
            return SparseRows.vstack([_csr(matrix) for matrix in column if isinstance(matrix, SparseMatrix)])
    return None


def _stack_dense(columns: Sequence[Sequence[FeatureArray]]) -> np.ndarray[Any, np.dtype[np.float32]] | None:
    for column in columns:
        if not isinstance(column[0], SparseMatrix):
            return np.concatenate([_dense_matrix(array) for array in column])
    return None


def _csr(matrix: SparseMatrix) -> SparseRows:
    order = np.lexsort((matrix.col, matrix.row))
    indptr = np.zeros(matrix.shape[0] + 1, np.int32)
    np.cumsum(np.bincount(matrix.row, minlength=matrix.shape[0]), out=indptr[1:])
    return SparseRows(
        matrix.shape[1], indptr, matrix.col[order].astype(np.int32), matrix.data[order].astype(np.float32)
    )
