"""Findings as SARIF 2.1.0, which GitHub's code scanning and many editors read.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rebake.base.json_text import dumped
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.version import __version__
from rebake.validation.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"  # GitHub takes it for the repository


def findings_sarif(findings: Sequence[Finding]) -> str:
    """Return the findings as a SARIF log of one run."""
    used = {finding.kind for finding in findings}
    kinds = [kind for kind in NoticeKind if kind in used]
    numbers = {kind: number for number, kind in enumerate(kinds)}
    driver = {"name": "rebake", "semanticVersion": __version__, "rules": [_rule(kind) for kind in kinds]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, numbers[finding.kind]) for finding in findings],
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(kind: NoticeKind) -> dict[str, Any]:
    return {
        "id": kind.value,
        "shortDescription": {"text": f"{kind.plural[0].upper()}{kind.plural[1:]}."},
        "help": {"text": kind.fix},
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.fix or ''}".strip()},
    }
    if finding.location is not None:
        region = {"startLine": finding.location.line}
        if finding.column is not None:
            region["startColumn"] = finding.column
        result["locations"] = [
            {"physicalLocation": {"artifactLocation": _artifact(finding.location.file), "region": region}}
        ]
    return result


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    address = quote(path.as_posix(), errors="surrogateescape")
    return {"uri": f"file://{address}"} if path.is_absolute() else {"uri": address, "uriBaseId": _ROOT}
