"""Features of many texts, packed once; batches are cut out of them by vectorised indexing.

Shapes: B examples of a batch (texts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal, TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.nn.layers.sparse import sparse_tensor

Level = Literal["sequence", "sentence"]
Batch = Mapping[str, Any]
"""Tensors of a batch: "lengths" int32 [B] (tokens per text), and of "sequence_sparse" (a tf.SparseTensor),
"sequence_dense" [all tokens, width], "sentence_sparse" and "sentence_dense" [B, width] those that exist."""


@dataclass(frozen=True)
class Widths:
    """How many features there are of each kind; 0 = none."""

    sequence_sparse: int = 0
    sequence_dense: int = 0
    sentence_sparse: int = 0
    sentence_dense: int = 0

    def of(self, level: Level) -> tuple[int, int]:
        """(sparse, dense)"""
        if level == "sequence":
            return self.sequence_sparse, self.sequence_dense
        return self.sentence_sparse, self.sentence_dense

    @property
    def sentences(self) -> Widths:
        """Those of whole texts alone."""
        return Widths(sentence_sparse=self.sentence_sparse, sentence_dense=self.sentence_dense)

    def signature(self) -> dict[str, tf.TypeSpec]:
        """The tensors of a :data:`Batch` with these widths."""
        specs: dict[str, tf.TypeSpec] = {"lengths": tf.TensorSpec([None], tf.int32)}
        for level in ("sequence", "sentence"):
            sparse, dense = self.of(level)
            if sparse:
                specs[f"{level}_sparse"] = tf.SparseTensorSpec([None, sparse], tf.float32)
            if dense:
                specs[f"{level}_dense"] = tf.TensorSpec([None, dense], tf.float32)
        return specs


@dataclass(frozen=True)
class TextData:
    """The texts of a training or of a prediction, tokens of all texts below each other.

    Attributes:
        lengths: int32 [texts], tokens of each.
        sequence_sparse, sequence_dense: [all tokens, width] or None.
        sentence_sparse, sentence_dense: [texts, width] or None.
        labels: int32 [texts], or None.
        tags: per name int32 [all tokens]: tags by tag name, and the numbers that :meth:`numbered` gives.
    """

    lengths: NDArray[np.int32]
    sequence_sparse: SparseRows | None = None
    sequence_dense: NDArray[np.float32] | None = None
    sentence_sparse: SparseRows | None = None
    sentence_dense: NDArray[np.float32] | None = None
    labels: NDArray[np.int32] | None = None
    tags: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)

    @property
    def widths(self) -> Widths:
        return Widths(
            sequence_sparse=0 if self.sequence_sparse is None else self.sequence_sparse.n_columns,
            sequence_dense=0 if self.sequence_dense is None else self.sequence_dense.shape[1],
            sentence_sparse=0 if self.sentence_sparse is None else self.sentence_sparse.n_columns,
            sentence_dense=0 if self.sentence_dense is None else self.sentence_dense.shape[1],
        )

    @property
    def has_sentences(self) -> bool:
        return self.sentence_sparse is not None or self.sentence_dense is not None

    def sparse(self, level: Level) -> SparseRows | None:
        """The sparse features of tokens or of whole texts."""
        return self.sequence_sparse if level == "sequence" else self.sentence_sparse

    def sentences(self) -> TextData:
        """Without what belongs to single tokens."""
        return TextData(
            np.zeros_like(self.lengths),
            sentence_sparse=self.sentence_sparse,
            sentence_dense=self.sentence_dense,
            labels=self.labels,
        )

    def numbered(self, name: str) -> TextData:
        """With tags ``name`` that number the distinct tokens: by their first dense features, else by their sparse ones,
        which is what Rasa's masked language model goes by."""
        if self.sequence_dense is not None:
            _, numbers = np.unique(self.sequence_dense, axis=0, return_inverse=True)
            ids = numbers.reshape(-1).astype(np.int32)
        elif self.sequence_sparse is not None:
            ids = _distinct(self.sequence_sparse)
        else:
            raise ValueError("texts without features of tokens")
        return replace(self, tags={**self.tags, name: ids})

    def batch(self, texts: NDArray[np.integer] | None = None) -> dict[str, Any]:
        """The tensors of these texts, all by default, as :data:`Batch`; with "label_ids" and
        tags of all packed rows (0 for the rows of whole texts) where there are labels and tags."""
        tokens = None if texts is None else self.tokens(texts)
        lengths = _chosen(self.lengths, texts)
        batch: dict[str, Any] = {"lengths": lengths}
        if self.sequence_sparse is not None:
            batch["sequence_sparse"] = sparse_tensor(_chosen(self.sequence_sparse, tokens))
        if self.sequence_dense is not None:
            batch["sequence_dense"] = _chosen(self.sequence_dense, tokens)
        if self.sentence_sparse is not None:
            batch["sentence_sparse"] = sparse_tensor(_chosen(self.sentence_sparse, texts))
        if self.sentence_dense is not None:
            batch["sentence_dense"] = _chosen(self.sentence_dense, texts)
        if self.labels is not None:
            batch["label_ids"] = _chosen(self.labels, texts)
        for name, tags in self.tags.items():
            batch[name] = self._with_sentences(_chosen(tags, tokens), lengths)
        return batch

    def tokens(self, texts: NDArray[np.integer]) -> NDArray[np.int64]:
        """Rows of the tokens of these texts, text after text."""
        lengths = self.lengths[texts].astype(np.int64)
        starts = (np.cumsum(self.lengths, dtype=np.int64) - self.lengths)[texts]
        before = np.cumsum(lengths) - lengths
        rows: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
        return rows

    def _with_sentences(self, tags: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.insert(tags, np.cumsum(lengths), 0) if self.has_sentences else tags


Matrix = TypeVar("Matrix", SparseRows, NDArray[np.float32], NDArray[np.int32])


def _chosen(matrix: Matrix, rows: NDArray[np.integer] | None) -> Matrix:
    """Some rows of a matrix; all of them, which need no copy, for None."""
    if rows is None:
        return matrix
    chosen: Matrix = matrix.take(rows) if isinstance(matrix, SparseRows) else matrix[rows]
    return chosen


def _distinct(rows: SparseRows) -> NDArray[np.int32]:
    """int32 [rows]: the same number for rows with the same entries."""
    known: dict[bytes, int] = {}
    bounds = rows.indptr.tolist()
    ids = np.empty(rows.n_rows, np.int32)
    for row, (start, end) in enumerate(pairwise(bounds)):
        order = np.argsort(rows.indices[start:end], kind="stable")
        key = rows.indices[start:end][order].tobytes() + rows.data[start:end][order].tobytes()
        ids[row] = known.setdefault(key, len(known))
    return ids
