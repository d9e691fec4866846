"""Whether a run fails its job, and with which exit code, where nothing went wrong but a condition is not met."""

from __future__ import annotations

from rebake.action.settings import Settings
from rebake.report.gates import reason, unmet_gates
from rebake.report.model import Report
from rebake.report.quality import Gate

UNMET = 16  # the exit code; verdicts of a check are below, and errors above


def fails_check(settings: Settings, report: Report) -> bool:
    """Whether the job is to fail because the model is stale."""
    return report.mode == "check" and "stale" in settings.fail_on and report.code != 0


def failing_gates(settings: Settings, report: Report) -> tuple[Gate, ...]:
    """The conditions that fail the job; none with ``fail-on: never``."""
    return unmet_gates(report) if settings.fail_on else ()


def exit_code(settings: Settings, report: Report) -> int:
    """0; the verdict's code if a check fails; 16 is added where a condition is not met. Of a failure, its own."""
    if report.failure is not None:
        return report.failure.exit_code
    verdict = report.code if fails_check(settings, report) else 0
    return verdict + (UNMET if failing_gates(settings, report) else 0)


def outcome(settings: Settings, report: Report) -> str:
    """The run in one sentence, with the first reason why it fails: fit for a commit status."""
    gates = failing_gates(settings, report)
    if report.failure is not None or fails_check(settings, report) or not gates:
        return report.headline
    return f"{report.headline.rstrip('.')}, but {reason(gates[0])}."
