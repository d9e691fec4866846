"""Rows of a sparse feature matrix, in compressed sparse row form.

Not by scipy.sparse, for three reasons, measured by ``python -m benchmarks sparse_rows``:

- Features belong to single messages and networks take them together. Here cutting rows apart and putting them together
  again costs next to nothing (see :meth:`SparseRows.split`); scipy makes a matrix of each message. All steps of 8,954
  texts, as many as a training of hwu64_k1 has, take scipy 2.6 times as long: 1.3 s, of them 1.0 s to cut rows apart.
- scipy checks each matrix that it makes. The steps of one text take it 0.6 ms, and 0.25 ms here; a text is parsed in
  4 ms, and in 0.2 ms among others.
- Beside NumPy, importing scipy.sparse takes a process 0.15 s on a quiet machine, and 24 MB. ``rebake check`` would pay
  for it as well.

scipy selects and adds up many rows more quickly, 2 to 15 times, which would save a training of that size 0.3 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Entries = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Of one row: columns and values."""


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A CSR matrix of float32 [n_rows, n_columns]; column indices ascend within a row.

    Attributes:
        n_columns: width.
        indptr: int32 [n_rows + 1]; row i owns entries indptr[i]:indptr[i + 1].
        indices: int32 [n_entries], columns.
        data: float32 [n_entries].
        whole: of a part that :meth:`split` made: the matrix it is of, and its first row there.
    """

    n_columns: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]
    whole: tuple[SparseRows, int] | None = field(default=None, repr=False, compare=False)

    @property
    def n_rows(self) -> int:
        return len(self.indptr) - 1

    def to_dense(self) -> NDArray[np.float32]:
        """[n_rows, n_columns]"""
        dense = np.zeros((self.n_rows, self.n_columns), np.float32)
        rows = np.repeat(np.arange(self.n_rows), np.diff(self.indptr))
        dense[rows, self.indices] = self.data
        return dense

    def row_indices(self) -> NDArray[np.int32]:
        """int32 [n_entries]: the row of each entry (COO form together with ``indices`` and ``data``)."""
        return np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.indptr))

    def take(self, rows: NDArray[np.integer]) -> SparseRows:
        """The given rows, in the given order."""
        counts = np.diff(self.indptr)[rows]
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(counts, out=indptr[1:])
        entries = np.arange(indptr[-1]) + np.repeat(self.indptr[:-1][rows] - indptr[:-1], counts)
        return SparseRows(self.n_columns, indptr, self.indices[entries], self.data[entries])

    def split(self, counts: Sequence[int]) -> list[SparseRows]:
        """Consecutive groups of rows, as views: group g has counts[g] rows; the counts add up to n_rows."""
        starts = accumulate(counts, initial=0)
        return [_Part(self, start, count) for start, count in zip(starts, counts, strict=False)]

    def between(self, start: int, end: int) -> SparseRows:
        """Rows start .. end - 1, as a view."""
        first, last = self.indptr[start], self.indptr[end]
        indptr = self.indptr[start : end + 1] - first
        return SparseRows(self.n_columns, indptr, self.indices[first:last], self.data[first:last])

    def sum_groups(self, counts: Sequence[int]) -> SparseRows:
        """[n_groups, n_columns]: the sum of each group of consecutive rows (see :meth:`split`)."""
        group_of_row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        groups = np.repeat(group_of_row, np.diff(self.indptr))
        return _summed(len(counts), self.n_columns, groups, self.indices, self.data)

    @staticmethod
    def overlaid(parts: Sequence[SparseRows]) -> SparseRows:
        """The sum of matrices of one shape."""
        rows = np.concatenate([part.row_indices() for part in parts]).astype(np.int64)
        columns, data = (np.concatenate([getattr(part, name) for part in parts]) for name in ("indices", "data"))
        return _summed(parts[0].n_rows, parts[0].n_columns, rows, columns, data)

    @staticmethod
    def from_rows(rows: Sequence[Sequence[int]], n_columns: int) -> SparseRows:
        """A one in each listed column; columns ascend within a row."""
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        indices = np.fromiter((column for row in rows for column in row), np.int32, int(indptr[-1]))
        return SparseRows(n_columns, indptr, indices, np.ones(len(indices), np.float32))

    @staticmethod
    def from_entries(rows: Sequence[Entries], n_columns: int) -> SparseRows:
        """The columns of each row, ascending, with their values."""
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([len(columns) for columns, _ in rows], out=indptr[1:])
        if not rows:
            return SparseRows(n_columns, indptr, np.zeros(0, np.int32), np.zeros(0, np.float32))
        columns, values = zip(*rows, strict=True)
        return SparseRows(n_columns, indptr, np.concatenate(columns), np.concatenate(values))

    @staticmethod
    def vstack(parts: Sequence[SparseRows]) -> SparseRows:
        """Rows below each other; all parts have the same width. What was split in just this order is not copied."""
        if (together := _unsplit(parts)) is not None:
            return together
        counts = np.concatenate([np.diff(part.indptr) for part in parts])
        indptr = np.zeros(len(counts) + 1, np.int32)
        np.cumsum(counts, out=indptr[1:])
        return SparseRows(
            parts[0].n_columns,
            indptr,
            np.concatenate([part.indices for part in parts]),
            np.concatenate([part.data for part in parts]),
        )

    @staticmethod
    def hstack(parts: Sequence[SparseRows]) -> SparseRows:
        """Columns beside each other; all parts have the same number of rows."""
        if len(parts) == 1:
            return parts[0]
        counts = [np.diff(part.indptr) for part in parts]
        indptr = np.zeros(parts[0].n_rows + 1, np.int32)
        np.cumsum(np.sum(counts, axis=0), out=indptr[1:])
        indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        free, offset = indptr[:-1].copy(), 0  # of each row the place of the next entry
        for part, count in zip(parts, counts, strict=True):
            places = np.arange(len(part.indices)) + np.repeat(free - part.indptr[:-1], count)
            indices[places] = part.indices + np.int32(offset)
            data[places] = part.data
            free += count
            offset += part.n_columns
        return SparseRows(offset, indptr, indices, data)


class _Part(SparseRows):
    """Some rows of a matrix, cut out when they are looked at: most parts are only ever put together again."""

    __slots__ = ("_count",)
    _count: int

    def __init__(self, matrix: SparseRows, start: int, count: int) -> None:
        for name, value in (("n_columns", matrix.n_columns), ("whole", (matrix, start)), ("_count", count)):
            object.__setattr__(self, name, value)

    @property
    def n_rows(self) -> int:
        return self._count

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Called for the arrays until they are there."""
        if name not in ("indptr", "indices", "data") or self.whole is None:
            raise AttributeError(name)
        matrix, start = self.whole
        cut = matrix.between(start, start + self._count)
        for array in ("indptr", "indices", "data"):
            object.__setattr__(self, array, getattr(cut, array))
        found: NDArray[Any] = getattr(cut, name)
        return found


def _summed(
    n_rows: int, n_columns: int, rows: NDArray[np.int64], columns: NDArray[np.int32], data: NDArray[np.float32]
) -> SparseRows:
    """The matrix of these entries, those of one place added up."""
    keys = rows * n_columns + columns
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    values = np.add.reduceat(data[order], starts) if len(starts) else np.zeros(0, np.float32)
    places, kept = np.divmod(keys[starts], max(n_columns, 1))
    indptr = np.zeros(n_rows + 1, np.int32)
    np.cumsum(np.bincount(places, minlength=n_rows), out=indptr[1:])
    return SparseRows(n_columns, indptr, kept.astype(np.int32), values.astype(np.float32))


def _unsplit(parts: Sequence[SparseRows]) -> SparseRows | None:
    """The rows of parts that follow each other in one matrix; None where they do not."""
    if parts[0].whole is None:
        return None
    matrix, start = parts[0].whole
    end = start
    for part in parts:
        if part.whole is None or part.whole[0] is not matrix or part.whole[1] != end:
            return None
        end += part.n_rows
    return matrix if end - start == matrix.n_rows else matrix.between(start, end)
