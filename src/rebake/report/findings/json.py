"""Findings for programs; docs/reference/findings.md describes the format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rebake.base.json_text import dumped
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
            "findings": [finding_as_dict(finding) for finding in findings],
        }
    )


def finding_as_dict(finding: Finding) -> dict[str, Any]:
    """Return one finding as JSON values."""
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
