"""The report for programs; docs/reference/report-json.md describes the format."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from rebake.base.location import Location
from rebake.base.notice_kinds import NoticeKind
from rebake.report.differences import difference_json
from rebake.report.gates import gates_of
from rebake.report.model import Failure, Report
from rebake.report.quality_json import quality_as_dict
from rebake.staleness.explanation import Cause, PartExplanation, location_of

FORMAT = 1


def as_dict(report: Report) -> dict[str, Any]:
    """The report as JSON values. New keys may come within a format; a key that changes meaning raises ``format``."""
    failure = report.failure
    changes = report.changes
    return {
        "format": FORMAT,
        "tool_version": report.tool_version,
        "name": report.name,
        "mode": report.mode,
        "commit": report.commit,
        "code": report.code if failure is None else None,
        "fresh": failure is None and report.code == 0,
        "forced": report.forced,
        "summary": report.headline,
        "compared_with": report.compared_with,
        "parts": {
            part.part: {
                "state": part.state,
                "reasons": list(part.reasons),
                "fingerprint": part.fingerprint,
                "origin": part.origin,
                "source": part.source,
                "seconds": _rounded(part.seconds),
                "saved_seconds": _rounded(part.saved_seconds),
                "finetuned": None if part.finetuned is None else part.finetuned.as_dict(),
                "explanation": None if part.explanation is None else _explanation(part.explanation),
            }
            for part in report.parts
        },
        "model": {"path": report.model_path, "written": report.model_written, "url": report.model_url},
        "metrics": {name: value if math.isfinite(value) else None for name, value in sorted(report.metrics.items())},
        "seconds": _rounded(report.seconds),
        "saved_seconds": _rounded(report.saved_seconds),
        "changes": None
        if changes is None
        else {
            "base": changes.base,
            "base_name": changes.base_name,
            "problem": changes.problem,
            "files": [{"status": file.status, "path": file.path, "old_path": file.old_path} for file in changes.files],
        },
        "differences": None
        if report.differences is None
        else [difference_json(one, report.differences.link) for one in report.differences.found],
        "gates": [asdict(gate) for gate in gates_of(report)],
        "quality": None if report.quality is None else quality_as_dict(report.quality),
        "notices": [
            {
                "message": notice.message,
                **_place(notice.location),
                "kind": _code(notice.kind),
                "severity": str(notice.severity),
            }
            for notice in report.notices
        ],
        "error": None
        if failure is None
        else {
            **_error(failure),
            "exit_code": failure.exit_code,
            "others": [_error(other) for other in failure.others],
        },
    }


def render_json(report: Report) -> str:
    """The report as a JSON document that ends in a newline."""
    return json.dumps(as_dict(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _explanation(explanation: PartExplanation) -> dict[str, Any]:
    return {
        "changes": [
            {
                "change": change.verb,
                "kind": change.item.kind,
                "name": change.item.name,
                **_place(location_of(change)),
            }
            for change in explanation.changes
        ],
        "causes": [_cause(cause) for cause in explanation.causes],
        "components": [
            {
                "id": component.id,
                "name": component.name,
                "state": component.state,
                **_place(component.location),
                "causes": [_cause(cause) for cause in component.causes],
            }
            for component in explanation.components
        ],
        "note": explanation.note or None,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {"message": cause.message, **_place(cause.location)}


def _error(failure: Failure) -> dict[str, Any]:
    return {
        "message": failure.message,
        "fix": failure.fix,
        **_place(failure.location),
        "kind": _code(failure.kind),
    }


def _code(kind: NoticeKind | None) -> str | None:
    return None if kind is None else kind.value


def _place(location: Location | None) -> dict[str, Any]:
    return {"file": location.file if location else None, "line": location.line if location else None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
