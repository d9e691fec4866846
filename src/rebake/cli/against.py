"""``rebake test --against``: the other side of the comparison."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rebake.base.conformity import conforms
from rebake.cli.files import GZIP, model_path
from rebake.errors import DataError, StorageError
from rebake.evaluation.comparison.result import ModelComparison
from rebake.evaluation.json import as_dict, from_dict
from rebake.evaluation.result import ModelTest

_FIX = "Name a file that `rebake test --format json` wrote, or a model."


def find_base(options: argparse.Namespace) -> ModelTest | Path | None:
    """Return the test that a file has, or the path of a model that is still to be tested; None without --against.

    Raises:
        StorageError: there is nothing, or it cannot be read.
        DataError: the file is neither a test nor an archive.
    """
    if options.against is None:
        return None
    path = model_path(options.against, "--against")
    try:
        with path.open("rb") as file:
            if file.read(len(GZIP)) == GZIP:
                return path
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror or error}).", fix=_FIX) from error
    try:
        test = from_dict(json.loads(content))
        if not conforms(test, ModelTest):
            raise TypeError("a value is of another type")
        as_dict(test)  # computes all figures
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is not the result of a test ({error}).", fix=_FIX) from error
    return test


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
