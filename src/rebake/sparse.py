"""Rows of a sparse feature matrix, in compressed sparse row form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A CSR matrix of float32 [n_rows, n_columns]; column indices ascend within a row.

    Attributes:
        n_columns: width.
        indptr: int32 [n_rows + 1]; row i owns entries indptr[i]:indptr[i + 1].
        indices: int32 [n_entries], columns.
        data: float32 [n_entries].
    """

    n_columns: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]

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
        offsets = np.arange(indptr[-1], dtype=np.int32) - np.repeat(indptr[:-1], counts)
        entries = np.repeat(self.indptr[:-1][rows], counts) + offsets
        return SparseRows(self.n_columns, indptr, self.indices[entries], self.data[entries])

    def split(self, counts: Sequence[int]) -> list[SparseRows]:
        """Consecutive groups of rows, as views: group g has counts[g] rows; the counts add up to n_rows."""
        rows = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=rows[1:])
        bounds = rows.tolist()
        entries = self.indptr[rows].tolist()
        return [
            SparseRows(self.n_columns, self.indptr[a : b + 1] - first, self.indices[first:last], self.data[first:last])
            for a, b, first, last in zip(bounds, bounds[1:], entries, entries[1:], strict=False)
        ]

    def sum_groups(self, counts: Sequence[int]) -> SparseRows:
        """[n_groups, n_columns]: the sum of each group of consecutive rows (see :meth:`split`)."""
        group_of_row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        keys = np.repeat(group_of_row, np.diff(self.indptr)) * self.n_columns + self.indices
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        data = np.add.reduceat(self.data[order], starts) if len(starts) else np.zeros(0, np.float32)
        groups, columns = np.divmod(keys[starts], max(self.n_columns, 1))
        indptr = np.zeros(len(counts) + 1, np.int32)
        np.cumsum(np.bincount(groups, minlength=len(counts)), out=indptr[1:])
        return SparseRows(self.n_columns, indptr, columns.astype(np.int32), data.astype(np.float32))

    @staticmethod
    def from_rows(rows: Sequence[Sequence[int]], n_columns: int) -> SparseRows:
        """A one in each listed column; columns ascend within a row."""
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        indices = np.fromiter((column for row in rows for column in row), np.int32, int(indptr[-1]))
        return SparseRows(n_columns, indptr, indices, np.ones(len(indices), np.float32))

    @staticmethod
    def from_counts(rows: Sequence[Mapping[int, int]], n_columns: int) -> SparseRows:
        """The count in each named column, whatever the order of the names."""
        ordered = [sorted(row.items()) for row in rows]
        n_entries = sum(map(len, ordered))
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([len(row) for row in ordered], out=indptr[1:])
        indices = np.fromiter((column for row in ordered for column, _ in row), np.int32, n_entries)
        data = np.fromiter((count for row in ordered for _, count in row), np.float32, n_entries)
        return SparseRows(n_columns, indptr, indices, data)

    @staticmethod
    def vstack(parts: Sequence[SparseRows]) -> SparseRows:
        """Rows below each other; all parts have the same width."""
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
        rows = np.concatenate([part.row_indices() for part in parts])
        widths = np.cumsum([0] + [part.n_columns for part in parts])
        indices = np.concatenate([part.indices + np.int32(offset) for part, offset in zip(parts, widths, strict=False)])
        data = np.concatenate([part.data for part in parts])
        order = np.argsort(rows, kind="stable")
        indptr = np.zeros(parts[0].n_rows + 1, np.int32)
        np.cumsum(np.sum([np.diff(part.indptr) for part in parts], axis=0), out=indptr[1:])
        return SparseRows(int(widths[-1]), indptr, indices[order].astype(np.int32), data[order])
