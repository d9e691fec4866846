"""Folds of a cross-validation that jobs test side by side: a file for each, joined where all files are.

A file says what its fold was trained and tested on, so that only folds of one and the same cross-validation are joined.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rebake.base.conformity import conforms
from rebake.base.files import write_text
from rebake.base.visible import one_line
from rebake.errors import DataError, StorageError
from rebake.evaluation.json import nlu_as_dict, nlu_from_dict
from rebake.evaluation.kept import EVALUATOR, MAX_CONTENT
from rebake.evaluation.nlu.cross_validation import CrossValidation
from rebake.evaluation.result import NluTest
from rebake.staleness.fingerprints import fingerprint
from rebake.staleness.meaning import digest, example_meaning

FORMAT = 1
PATTERN = "fold-*-of-*.json"
_RERUN = "Run all folds again, with the same files, --folds and --seed."


def write_fold(directory: Path, request: CrossValidation, number: int, test: NluTest) -> Path:
    """Write what one fold found into a directory; returns the file. Raises StorageError."""
    path = directory / f"fold-{number}-of-{request.folds}.json"
    content = {"format": FORMAT, "key": _key(request, number), "fold": number, "nlu": nlu_as_dict(test)}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(content, ensure_ascii=True, allow_nan=False) + "\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error
    return path


def read_folds(paths: Iterable[Path], request: CrossValidation) -> list[NluTest]:
    """Read the files of all folds, in order.

    Args:
        paths: files, and directories: the files below them whose names are those of folds.
        request: the cross-validation that they must be of.

    Raises:
        StorageError: a file cannot be read.
        DataError: a file is no fold of this cross-validation, is there twice with another content, or is missing.
    """
    keys = {number: _key(request, number) for number in range(1, request.folds + 1)}
    found: dict[int, tuple[Path, NluTest]] = {}
    for path in _files(paths):
        number, test = _read(path, keys)
        if number in found and found[number][1] != test:
            raise DataError(f"{_shown(found[number][0])} and {_shown(path)} differ.", fix="Leave one of them out.")
        found[number] = path, test
    missing = [str(number) for number in range(1, request.folds + 1) if number not in found]
    if missing:
        raise DataError(
            f"{'Fold' if len(missing) == 1 else 'Folds'} {', '.join(missing)} of {request.folds} "
            f"{'is' if len(missing) == 1 else 'are'} missing.",
            fix="Name the files of all folds with --join, or directories with them.",
        )
    return [found[number][1] for number in range(1, request.folds + 1)]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise StorageError(f"{_shown(path)} does not exist.")
        yield from sorted(path.rglob(PATTERN)) if path.is_dir() else (path,)


def _read(path: Path, keys: Mapping[int, str]) -> tuple[int, NluTest]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONTENT + 1)
    except OSError as error:
        raise StorageError(f"{_shown(path)} cannot be read ({error.strerror or error}).") from error
    if len(content) > MAX_CONTENT:
        raise DataError(f"{_shown(path)} is larger than a fold can be.")
    try:
        values: Any = json.loads(content)
        test = nlu_from_dict(values["nlu"])
        number, is_current = values["fold"], values["format"] == FORMAT
        is_fold = conforms(test, NluTest) and len(test.folds) == 1 and type(number) is int and number >= 1
        nlu_as_dict(test)  # computes all figures
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError):
        is_fold = is_current = False
    if not is_fold or not is_current:
        raise DataError(f"{_shown(path)} is not a fold that `rebake test nlu --fold` wrote.", fix=_RERUN)
    if values["key"] != keys.get(number):
        raise DataError(f"{_shown(path)} is a fold of other files, or of another --folds or --seed.", fix=_RERUN)
    return number, test


def _key(request: CrossValidation, number: int) -> str:
    """All that the result of a fold depends on; the order of the examples decides which fold each is in."""
    nlu = fingerprint(request.assistant, parts=frozenset({"nlu"})).parts["nlu"].fingerprint
    examples = [digest(example_meaning(example)) for example in request.assistant.nlu.examples]
    return digest([EVALUATOR, "folds", nlu, examples, request.folds, request.seed, number])


def _shown(path: Path) -> str:
    return one_line(str(path))
