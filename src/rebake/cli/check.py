"""``rebake check``: the verdict goes to stdout; the exit code is its bit code."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from rebake.build.plan import Plan, explain_plan
from rebake.cli.console import can_draw, text_width, use_color
from rebake.cli.planning import plan_of, report_of, reporting, text_stream, write_report
from rebake.cli.stores import Stores
from rebake.report.explanation import explanation_text
from rebake.report.model import Report, with_explanations
from rebake.report.text import verdict_text


def check(options: argparse.Namespace) -> int:
    """Print the verdict."""
    started = time.monotonic()
    with reporting(options, "check") as notices:
        stores = Stores(options, notices, with_cache=False)
        explains = getattr(options, "explain", False)
        plan = plan_of(options, notices, to_train=False, store=stores.store, may_recall=not explains)
        report = stores.judged(plan, report_of(plan))
        report = replace(report, seconds=time.monotonic() - started, model_path=_fresh_model(plan))
        stream = text_stream(options)
        if explains:
            report = with_explanations(report, explain_plan(plan))
            color, width, lines = use_color(stream), text_width(stream), can_draw(stream)
            print(explanation_text(report, color=color, width=width, lines=lines), file=stream)
        else:
            print(verdict_text(report, color=use_color(stream)), file=stream)
        print(_next_step(plan, report), file=stream)
        write_report(options, report)
    return report.code


def _next_step(plan: Plan, report: Report) -> str:
    """What follows from the verdict, which stands above it."""
    if report.model_path is not None:
        return f"{report.model_path} is up to date."
    if report.code == 0:
        return "Nothing to train."
    if plan.request.force:
        return "`rebake train --force` trains all of it."
    if all(part.part == "nlg" for part in report.parts if part.is_stale):
        return "`rebake train` updates the responses, without training."
    return "`rebake train` trains what is stale."


def _fresh_model(plan: Plan) -> str | None:
    old = plan.baseline.path
    return str(old) if old is not None and plan.verdict.is_fresh else None
