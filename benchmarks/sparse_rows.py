"""Rows of sparse features: rebake's own (rebake.base.sparse_rows) against scipy.sparse, step by step.

    python -m benchmarks sparse_rows

Three sizes: one text, a batch of 64, and a training of 8,954 texts (as many as hwu64_k1 has), with 20 entries in each
row of 20,000 columns. Each line is a step of featurizing, with the microseconds of its best round on either side and
scipy's time over ours. The last lines are what importing scipy.sparse beside NumPy costs a process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rebake.base.sparse_rows import Entries, SparseRows

WIDTH = 20_000
ENTRIES = 20
SIZES = {"one text": (1, 2000), "64 texts": (64, 100), "8,954 texts": (8954, 3)}  # texts, rounds
MEMORY = "print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"


def best(step: Callable[[], object], rounds: int) -> float:
    """Microseconds of the quickest round."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return 1e6 * min(times)


def table(generator: np.random.Generator, rows: int) -> list[Entries]:
    """Of each distinct token its columns and counts."""
    columns = np.sort(generator.integers(0, WIDTH // ENTRIES, (rows, ENTRIES)) + np.arange(0, WIDTH, WIDTH // ENTRIES))
    return [(row.astype(np.int32), np.ones(ENTRIES, np.float32)) for row in columns]


def csr(rows: list[Entries]) -> sparse.csr_array:
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)]).astype(np.int32)
    columns, values = zip(*rows, strict=True)
    return sparse.csr_array((np.concatenate(values), np.concatenate(columns), starts), shape=(len(rows), WIDTH))


def cut(rows: sparse.csr_array, bounds: list[int]) -> list[sparse.csr_array]:
    return [rows[start:end] for start, end in pairwise(bounds)]


def summed(rows: sparse.csr_array, bounds: NDArray[np.int32]) -> sparse.csr_array:
    """The sum of each group of rows, by a product with the matrix that says which row is in which group."""
    n_rows = rows.shape[0]
    members = (np.ones(n_rows, np.float32), np.arange(n_rows, dtype=np.int32), bounds)
    sums = sparse.csr_array(members, shape=(len(bounds) - 1, n_rows)) @ rows
    sums.sort_indices()
    return sums


def steps(texts: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Each step of featurizing so many texts: by our rows, and by scipy."""
    generator = np.random.default_rng(0)
    lengths: list[int] = generator.integers(3, 12, texts).tolist()
    bounds = np.cumsum([0, *lengths]).astype(np.int32)
    entries = table(generator, min(int(bounds[-1]), 6000))
    ids = generator.integers(0, len(entries), int(bounds[-1]))
    ours = SparseRows.from_entries(entries, WIDTH).take(ids)
    theirs = csr(entries)[ids]
    our_parts, their_parts = ours.split(lengths), cut(theirs, bounds.tolist())
    sums = summed(theirs, bounds)
    assert np.array_equal(ours.sum_groups(lengths).indices, sums.indices)
    return {
        "rows of tokens": (lambda: SparseRows.from_entries(entries, WIDTH), lambda: csr(entries)),
        "take": (lambda: SparseRows.from_entries(entries, WIDTH).take(ids), lambda: csr(entries)[ids]),
        "split": (lambda: ours.split(lengths), lambda: cut(theirs, bounds.tolist())),
        "sum_groups": (lambda: ours.sum_groups(lengths), lambda: summed(theirs, bounds)),
        "overlaid": (lambda: SparseRows.overlaid([ours] * 3), lambda: theirs + theirs + theirs),
        "vstack": (lambda: SparseRows.vstack(our_parts), lambda: sparse.vstack(their_parts, format="csr")),
        "hstack": (lambda: SparseRows.hstack([ours] * 3), lambda: sparse.hstack([theirs] * 3, format="csr")),
        "row_indices": (ours.row_indices, lambda: theirs.tocoo().coords),
    }


def measured(texts: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Microseconds of each step, ours and scipy's, and of all together."""
    found = {name: (best(ours, rounds), best(theirs, rounds)) for name, (ours, theirs) in steps(texts).items()}
    found["all steps"] = (sum(ours for ours, _ in found.values()), sum(theirs for _, theirs in found.values()))
    return found


def import_cost(modules: str) -> tuple[float, float]:
    """Milliseconds and megabytes of a process that imports nothing but these modules."""
    command = [sys.executable, "-c", f"import {modules}; {MEMORY}"]
    kilobytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return best(lambda: subprocess.run(command, capture_output=True, check=True), 7) / 1000, int(kilobytes) / 1024


def add_options(parser: ArgumentParser) -> None:
    """There are none."""


def run(_: Namespace) -> int:
    for name, (texts, rounds) in SIZES.items():
        print(f"{name:16}{'ours, us':>12}{'scipy, us':>12}{'scipy / ours':>14}")
        for step, (ours, theirs) in measured(texts, rounds).items():
            print(f"  {step:14}{ours:12.1f}{theirs:12.1f}{theirs / ours:14.2f}")
    for modules in ("numpy", "numpy, scipy.sparse"):
        milliseconds, megabytes = import_cost(modules)
        print(f"import {modules}: {milliseconds:.0f} ms, {megabytes:.0f} MB")
    return 0
