"""``rebake validate``: the findings go to stdout, a summary of them to stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rebake.assistant.reading import did_you_mean
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.cli.console import say, use_color
from rebake.cli.files import files_of, require_assistant
from rebake.errors import UsageError
from rebake.report.findings.json import findings_json
from rebake.report.findings.sarif import findings_sarif
from rebake.report.findings.text import findings_text, summary_text
from rebake.validation.finding import Finding
from rebake.validation.project import ValidationOptions, validate_project

FOUND = 1  # as of linters
DEFAULT_TESTS = "tests"


def validate(options: argparse.Namespace) -> int:
    """Print the findings; return 1 if one of them is as severe as ``--fail-on``, or worse."""
    require_assistant(options)
    domain, data = files_of(options)
    tests: list[str] = options.tests or ([DEFAULT_TESTS] if Path(DEFAULT_TESTS).exists() else [])
    findings = validate_project(
        ValidationOptions(
            config=options.config,
            domain=domain,
            data=data,
            tests=tests,
            env=frozenset(options.env),
            ignored=frozenset(map(_kind, options.ignore)),
            max_history=options.max_history,
            min_examples=options.min_examples,
        )
    )
    shown = _from(findings, options.level)
    if options.format == "text":
        for line in findings_text(shown, color=use_color(sys.stdout)):
            print(line)
    else:
        render = findings_json if options.format == "json" else findings_sarif
        sys.stdout.write(render(shown))
    say(summary_text(findings, hidden=len(findings) - len(shown)))
    return FOUND if _from(findings, options.fail_on) else 0


def _from(findings: Sequence[Finding], severity: str) -> list[Finding]:
    """Return the findings of a severity and of worse ones."""
    return [finding for finding in findings if finding.severity.rank <= Severity(severity).rank]


def _kind(code: str) -> NoticeKind:
    known = {kind.value: kind for kind in NoticeKind}
    if code not in known:
        hint = did_you_mean(code, known).strip()
        hint = hint or "docs/reference/findings.md lists them."
        raise UsageError(f"--ignore: no finding has the code '{code}'.", fix=hint)
    return known[code]
