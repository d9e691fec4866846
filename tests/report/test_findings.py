"""Findings as text, JSON and SARIF: whatever a file says, no format breaks and no log is commanded."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.report.findings.json import findings_json
from rebake.report.findings.sarif import findings_sarif
from rebake.report.findings.text import findings_text, summary_text
from rebake.validation.finding import Finding
from support.paths import ROOT

ODD = Finding(NoticeKind.UNKNOWN_KEY, Severity.WARNING, "Unknown key.", Location("data/a b.yml", 3), 5)
WRONG = Finding(NoticeKind.INVALID_YAML, Severity.ERROR, "No YAML.", Location("/x/ü.yml", 1), fix="Mend it.")
BARE = Finding(NoticeKind.EMPTY_DOMAIN, Severity.WARNING, "There is no domain.")
HOSTILE = st.text(min_size=1) | st.sampled_from(["\n::error::x", "##[error]x", "\x1b[2J", "\u202e", "\udcff", "%0A%25"])


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schema of SARIF 2.1.0; see tests/data/sarif."""
    schema = json.loads((ROOT / "tests/data/sarif/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    return import_module("jsonschema").Draft4Validator(schema)  # comes with openapi-schema-validator, without types


def test_a_line_has_place_severity_message_fix_and_code() -> None:
    assert list(findings_text([ODD, WRONG, BARE])) == [
        "data/a b.yml:3:5: warning: Unknown key. [unknown-key]",
        "/x/ü.yml:1: error: No YAML. Mend it. [invalid-yaml]",
        "warning: There is no domain. [empty-domain]",
    ]
    assert "\x1b[31merror\x1b[0m" in next(findings_text([WRONG], color=True))


def test_the_summary_counts_what_is_shown_and_what_is_not() -> None:
    info = Finding(NoticeKind.UNREAD_FILE, Severity.INFO, "Not read.")
    assert summary_text([], hidden=0) == "Nothing was found."
    found = summary_text([WRONG, ODD, BARE, info], hidden=1)
    assert found.startswith("Found 1 error, 2 warnings, 1 piece of information (1 not shown")


def test_json_has_every_field_and_a_fix_for_each() -> None:
    content = json.loads(findings_json([ODD, WRONG, BARE]))
    assert content["counts"] == {"error": 1, "warning": 2, "info": 0}
    first, second, third = content["findings"]
    assert first["fix"] == NoticeKind.UNKNOWN_KEY.fix
    assert second == {
        "code": "invalid-yaml",
        "severity": "error",
        "message": "No YAML.",
        "fix": "Mend it.",
        "file": "/x/ü.yml",
        "line": 1,
        "column": None,
    }
    assert (third["file"], third["line"]) == (None, None)


def test_sarif_names_rules_levels_and_places(validator: Any) -> None:
    log = json.loads(findings_sarif([ODD, WRONG, BARE]))
    validator.validate(log)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [f.code for f in (ODD, WRONG, BARE)]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "warning"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "data/a%20b.yml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    absolute = run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert absolute == {"uri": "file:///x/%C3%BC.yml"}
    assert "locations" not in run["results"][2]


def test_the_schema_refuses_what_is_no_sarif(validator: Any) -> None:
    log = json.loads(findings_sarif([ODD]))
    log["runs"][0]["results"][0]["level"] = "info"
    assert not validator.is_valid(log)


@given(HOSTILE, HOSTILE, st.sampled_from(NoticeKind), st.none() | st.integers(1, 99))
def test_nothing_that_a_file_says_breaks_a_format_or_commands_a_log(
    message: str, file: str, kind: NoticeKind, column: int | None
) -> None:
    finding = Finding(kind, kind.severity, message, Location(file, 1), column, fix=message)
    [line] = findings_text([finding])
    assert "\n" not in line
    assert line.isprintable()
    for text in (line, findings_json([finding]), findings_sarif([finding])):
        assert "##[" not in text
        assert not any(row.startswith("::") for row in text.split("\n")) or text is line
        text.encode()
    assert json.loads(findings_json([finding]))["findings"][0]["column"] == column
