"""The result of a run that may not write, in one file: rebake/rebake/publish reads it and writes comment and status.

It has what the comment needs, as values; whoever publishes it renders them again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from rebake.base.files import replacing
from rebake.base.location import Location
from rebake.differences.model import Clause, Difference
from rebake.errors import StorageError
from rebake.report.gates import unmet_gates
from rebake.report.model import Failure, PartReport, Report

RESULT_NAME = "rebake-result.json"
FORMAT = 1
MAX_SIZE = 1_000_000  # bytes
MAX_TEXT = 1_000  # characters; a comment shows fewer
MAX_ITEMS = 500  # of one list; a comment shows fewer

T = TypeVar("T")


def result_values(report: Report, pull_request: int, directory: str, *, fails: bool) -> dict[str, Any]:
    """What the file says.

    Args:
        report: redacted.
        pull_request: its number.
        directory: of the assistant, relative to the repository's root.
        fails: whether the run fails its job.
    """
    changes, differences, failure = report.changes, report.differences, report.failure
    return {
        "format": FORMAT,
        "pull_request": pull_request,
        "commit": report.commit,
        "name": report.name,
        "directory": directory,
        "mode": report.mode,
        "code": report.code,
        "forced": report.forced,
        "fails": fails,
        "compared_with": _text(report.compared_with),
        "seconds": _number(report.seconds),
        "parts": [_part(part) for part in report.parts],
        "changes": None
        if changes is None
        else {
            "base": changes.base,
            "base_name": _text(changes.base_name),
            "problem": _text(changes.problem),
            "files": [
                {"status": file.status, "path": _text(file.path), "old_path": _text(file.old_path)}
                for file in _first(changes.files)
            ],
        },
        "differences": None if differences is None else [_difference(one) for one in _first(differences.found)],
        "gates": [{"name": gate.name, "message": _text(gate.message)} for gate in unmet_gates(report)],
        "notices": [
            {"message": _text(notice.message), "severity": str(notice.severity), **_place(notice.location)}
            for notice in _first(report.notices)
        ],
        "failure": None
        if failure is None
        else {
            **_failure(failure),
            "exit_code": failure.exit_code,
            "is_cancelled": failure.is_cancelled,
            "others": [_failure(other) for other in _first(failure.others)],
        },
    }


def write_result(values: dict[str, Any], path: Path) -> None:
    """Write the file; while it is too large, half of the longest list is left out. Raises StorageError."""
    content = _encoded(values)
    while len(content) > MAX_SIZE:
        holder, key = max(_lists(values), key=lambda place: len(_encoded(place[0][place[1]])))
        holder[key] = holder[key][: len(holder[key]) // 2]
        content = _encoded(values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise StorageError(f"The result {path} cannot be written ({error.strerror or error}).") from error


def _lists(values: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where the long lists are, each as an object and its key; without them, the rest is far below the limit."""
    holders = [(values, "notices"), (values, "differences"), (values, "gates")]
    holders += [(part, "reasons") for part in values["parts"]]
    holders += [(values["changes"], "files"), (values["failure"], "others")]
    return [(holder, key) for holder, key in holders if holder is not None and holder[key]]


def _encoded(values: Any) -> bytes:
    return (json.dumps(values, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _part(part: PartReport) -> dict[str, Any]:
    return {
        "part": part.part,
        "state": part.state,
        "reasons": [_text(reason) for reason in _first(part.reasons)],
        "origin": part.origin,
        "source": _text(part.source),
        "seconds": _number(part.seconds),
        "saved_seconds": _number(part.saved_seconds),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": _text(difference.kind),
        "name": _text(difference.name),
        "clauses": [_clause(clause) for clause in difference.clauses[:50]],
    }


def _clause(clause: Clause) -> dict[str, Any]:
    return {
        "text": _text(clause.text),
        "side": clause.side,
        "lines": [_text(line) for line in clause.lines[:20]],
        **_place(clause.location),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {"message": _text(failure.message), "fix": _text(failure.fix), **_place(failure.location)}


def _place(location: Location | None) -> dict[str, Any]:
    return {"file": _text(location.file) if location else None, "line": location.line if location else None}


def _text(text: str | None) -> str | None:
    """Names of files may have bytes that are no UTF-8."""
    return None if text is None else text[:MAX_TEXT].encode(errors="replace").decode()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)


def _first(items: Sequence[T]) -> Sequence[T]:
    return items[:MAX_ITEMS]
