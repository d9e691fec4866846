"""``rebake check``: the verdict goes to stdout; the exit code is its bit code."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from rebake.build.plan import Plan, explain_plan
from rebake.cli.console import can_draw, text_width, use_color
from rebake.cli.planning import plan_of, report_of, reporting, text_stream, write_report
from rebake.report.explanation import explanation_text
from rebake.report.model import with_explanations
from rebake.report.text import verdict_text
from rebake.staleness.dry_run import comparison_of, dry_run_result


def check(options: argparse.Namespace) -> int:
    """Print the verdict."""
    started = time.monotonic()
    with reporting(options, "check") as notices:
        plan = plan_of(options, notices, to_train=False)
        report = replace(report_of(plan, time.monotonic() - started), model_path=_fresh_model(plan))
        stream = text_stream(options)
        if getattr(options, "explain", False):
            report = with_explanations(report, explain_plan(plan))
            color, width, lines = use_color(stream), text_width(stream), can_draw(stream)
            print(explanation_text(report, color=color, width=width, lines=lines), file=stream)
        else:
            print(verdict_text(report, color=use_color(stream)), file=stream)
        _, texts = dry_run_result(comparison_of(plan.verdict))
        print("\n".join(texts), file=stream)
        write_report(options, report)
    return plan.verdict.code


def _fresh_model(plan: Plan) -> str | None:
    old = plan.baseline.path
    return str(old) if old is not None and plan.verdict.is_fresh else None
