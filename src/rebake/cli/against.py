"""``rebake test --against``: the other side of the comparison, and what the comparison prints and decides."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rebake.base.visible import one_line
from rebake.cli.files import model_path
from rebake.errors import DataError, StorageError, UsageError
from rebake.evaluation.comparison.result import ModelComparison
from rebake.evaluation.json import from_dict
from rebake.evaluation.result import ModelTest
from rebake.report.comparison.words import TITLES, metric_name

WORSE = 1  # the exit code
_GZIP = b"\x1f\x8b"
_FIX = "Name a file that `rebake test --format json` wrote, or a model."


def find_base(options: argparse.Namespace) -> ModelTest | Path | None:
    """Return the test that a file has, or the path of a model that is still to be tested; None without --against.

    Raises:
        StorageError: there is nothing, or it cannot be read.
        DataError: the file is neither a test nor an archive.
        UsageError: --fail-on-worse stands alone.
    """
    if options.against is None:
        if options.fail_on_worse is not None:
            raise UsageError("--fail-on-worse has nothing to compare with.", fix="Name a test or a model by --against.")
        return None
    path = model_path(options.against, "--against")
    try:
        with path.open("rb") as file:
            if file.read(len(_GZIP)) == _GZIP:
                return path
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror or error}).", fix=_FIX) from error
    try:
        return from_dict(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the result of a test ({error}).", fix=_FIX) from error


def compare(base: ModelTest, head: ModelTest) -> ModelComparison:
    """Compare both. Raises DataError if they have no example in common."""
    from rebake.evaluation.comparison.compare import compare_tests

    comparison = compare_tests(base, head)
    if comparison.is_empty:
        raise DataError(
            f"The tests of {base.subject} and {head.subject} have no example in common.",
            fix="Test both on the same examples and stories.",
        )
    return comparison


def exit_code(comparison: ModelComparison, max_drop: float | None) -> int:
    """Return 1 if a metric is worse and that is to fail, and name these metrics on stderr."""
    if max_drop is None:
        return 0
    worse = comparison.worse_by_more_than(max_drop)
    names = [f"{TITLES[kind.kind]}, {metric_name(kind.kind, metric)}" for kind, metric in worse]
    for name, (_, metric) in zip(names, worse, strict=True):
        figure = metric.figure
        print(f"Worse than the base: {one_line(name)}: {figure.base:.3f} -> {figure.head:.3f}.", file=sys.stderr)
    return WORSE if worse else 0
