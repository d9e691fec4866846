"""Findings for programs; docs/findings.md describes the format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rebake.base.version import __version__
from rebake.validation.finding import Finding, counts

FORMAT = 1


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON document that ends in a newline."""
    return dumped(
        {
            "format": FORMAT,
            "tool_version": __version__,
            "counts": {str(severity): number for severity, number in counts(findings).items()},
            "findings": [_finding(finding) for finding in findings],
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.location
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "fix": finding.fix or finding.kind.fix,
        "file": None if place is None else place.file,
        "line": None if place is None else place.line,
        "column": finding.column,
    }


def dumped(content: Any) -> str:
    """Return JSON that is printed into a log: GitHub obeys ``##[`` there, and bytes of names need not be UTF-8."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.replace("##[", "##\\u005b").encode(errors="backslashreplace").decode()
