"""Announce the result of a run: comment, status, annotations, job summary, outputs, report file.

What cannot be announced in one place is announced in the others.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rebake.action.event import Event
from rebake.action.outcome import exit_code, failing_gates, fails_check, outcome
from rebake.action.pull_request import StatusState
from rebake.action.result_file import RESULT_NAME, result_values, write_result
from rebake.action.run_plan import RunPlan
from rebake.action.runner import Annotation
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.base.confinement import confined_to, require_inside
from rebake.base.location import Notice
from rebake.base.notice_kinds import Severity
from rebake.base.notices import NoticeGroup, grouped
from rebake.errors import EXIT_DATA, DataError, RebakeError, StorageError
from rebake.report.comment import earlier_start, render_comment
from rebake.report.comparison.words import wrong_turn
from rebake.report.figures import failed_stories
from rebake.report.html.page import missing_libraries, render_html
from rebake.report.json import render_json
from rebake.report.model import Failure, Report
from rebake.report.redaction import Redaction
from rebake.report.summary import render_summary
from rebake.report.writing import write_report

logger = logging.getLogger("rebake")

STATUS_CONTEXT = "rebake/model"
REPORT_NAME = "rebake-report.json"
PAGE_NAME = "rebake-report.html"


class Announcement:
    """Announces one report; what goes wrong meanwhile becomes part of it."""

    def __init__(
        self, settings: Settings, event: Event, run_plan: RunPlan, services: Services, redaction: Redaction
    ) -> None:
        self._settings = settings
        self._event = event
        self._run_plan = run_plan
        self._services = services
        self._redaction = redaction
        self._report = Report(mode=settings.report_mode)
        self._comment_url = ""
        self._page = ""
        self._result_path = ""

    def pending(self, report: Report) -> None:
        """Set the status that stands while training, if it can be set; the last one reports why not."""
        if self._run_plan.can_write and self._settings.status:
            parts = tuple(part.part for part in report.parts if part.is_stale or report.forced)
            with suppress(Exception):
                self._send_status("pending", f"Training {report.named(parts)}.")

    def announce(self, report: Report) -> Report:
        """Announce it everywhere; returns the report with the warnings that this gave rise to.

        A run that was cancelled has a few seconds left: it writes no comment, and the status comes first.
        """
        self._report = self._redaction.report(report)
        is_cancelled = report.failure is not None and report.failure.is_cancelled
        has_comment = self._settings.comment and self._run_plan.pull_request is not None and not is_cancelled
        if self._run_plan.can_write and has_comment:
            self._try(self._comment, "writing the comment")
        if self._run_plan.can_write and self._settings.status:
            self._try(self._set_status, "setting the commit status")
        out = Path(self._settings.out)
        runner = self._services.runner
        if not is_cancelled:
            self._try(lambda: self._write_page(out / PAGE_NAME), "writing the HTML report")
        self._write(out / REPORT_NAME)
        self._try(self._write_result, "writing the result")
        self._annotate()
        runner.summary(render_summary(self._report))
        for name, value in self._outputs(runner.in_repository((out / REPORT_NAME).as_posix())).items():
            runner.output(name, value)
        logger.info("%s", outcome(self._settings, self._report))
        return self._report

    def _try(self, announce: Callable[[], None], what: str) -> None:
        """Whatever happens, the rest is announced."""
        try:
            announce()
        except RebakeError as error:
            message = str(error)
        except Exception as error:
            logger.exception("internal error while %s", what)
            message = f"Internal error while {what}: {type(error).__name__}."
        else:
            return
        notice = Notice(self._redaction.text(message))
        self._report = replace(self._report, notices=(*self._report.notices, notice))

    def _write_page(self, path: Path) -> None:
        if missing_libraries():  # as in the image that only checks, which is small for that
            logger.info("There is no HTML report, as what makes it is not installed.")
            return
        with confined_to(self._event.workspace):
            require_inside(path.parent)
        write_report(render_html(self._report), path)
        self._page = self._services.runner.in_repository(path.as_posix())

    def _write(self, path: Path) -> None:
        try:
            with confined_to(self._event.workspace):
                require_inside(path.parent)  # a file at the path itself is replaced, and no link there is followed
            write_report(render_json(self._report), path)
        except (StorageError, DataError) as error:
            self._report = replace(self._report, failure=self._report.failure or Failure.of(error))

    def _write_result(self) -> None:
        """For a pull request that got no comment, what another workflow can publish."""
        number = self._run_plan.pull_request
        if number is None or (self._run_plan.can_write and self._settings.comment):
            return
        path = Path(self._settings.out) / RESULT_NAME
        with confined_to(self._event.workspace):
            require_inside(path.parent)
        directory = self._services.runner.in_repository(".")
        fails = exit_code(self._settings, self._report) != 0
        write_result(result_values(self._report, number, directory, fails=fails), path)
        self._result_path = self._services.runner.in_repository(path.as_posix())

    def _annotate(self) -> None:
        runner = self._services.runner
        elsewhere = f"the job summary, or all of them in {REPORT_NAME}"
        runner.warnings(self._warnings(), elsewhere)
        failure = self._report.failure
        if failure is not None:
            found = (failure, *failure.others)
            runner.errors([(f"{one.message} {one.fix or ''}".strip(), one.location) for one in found], elsewhere)
            return
        gates = failing_gates(self._settings, self._report)
        errors: list[Annotation] = [(f"{gate.name}: {gate.message}", None) for gate in gates]
        if fails_check(self._settings, self._report):
            errors.insert(0, (self._report.headline, None))
        if any(gate.name == "stories" for gate in gates):
            errors += self._failed_stories()
        runner.errors(errors, elsewhere)

    def _failed_stories(self) -> list[Annotation]:
        """At their lines; those that the base gets right come first."""
        quality = self._report.quality
        return [
            (f"Test story '{one.story.name}' {one.text}: {wrong_turn(one.story)}.", one.story.location)
            for one in (failed_stories(quality) if quality is not None else ())
        ]

    def _warnings(self) -> list[Annotation]:
        """The most severe first: findings that are errors, failed stories that fail nothing, other findings."""
        groups = self._most_useful_first()
        errors = [group for group in groups if group.first.severity is Severity.ERROR]
        others = [group for group in groups if group.first.severity is not Severity.ERROR]
        is_gate = any(gate.name == "stories" for gate in failing_gates(self._settings, self._report))
        stories = [] if is_gate else self._failed_stories()
        return [*map(_annotation, errors), *stories, *map(_annotation, others)]

    def _most_useful_first(self) -> list[NoticeGroup]:
        """GitHub shows an annotation beside the line that it is about if the pull request changes that file; one
        without a line stands on the run's page alone."""
        changes = self._report.changes
        changed = {file.path for file in changes.files} if changes is not None else set()

        def rank(group: NoticeGroup) -> int:
            if group.location is None:
                return 2
            return 0 if self._services.runner.in_repository(group.location.file) in changed else 1

        return sorted(grouped(self._report.notices), key=rank)

    def _comment(self) -> None:
        number = self._run_plan.pull_request
        if number is not None:
            self._comment_url = self._services.pull_requests.write_comment(
                number,
                render_comment(self._report),
                earlier_start(self._report.name),
                recreate=self._settings.comment_mode == "recreate",
            )

    def _set_status(self) -> None:
        self._send_status(self._status_state(), outcome(self._settings, self._report))

    def _send_status(self, state: StatusState, description: str) -> None:
        context = status_context(self._settings.name)
        self._services.pull_requests.set_status(self._run_plan.commit, state, description, context, self._event.run_url)

    def _status_state(self) -> StatusState:
        failure = self._report.failure
        if failure is not None:
            return "failure" if failure.exit_code == EXIT_DATA else "error"
        return "failure" if exit_code(self._settings, self._report) else "success"

    def _outputs(self, report_path: str) -> dict[str, str]:
        """A run that failed has no verdict: an output that is empty cannot be taken for "fresh"."""
        report = self._report
        failed = report.failure is not None
        release = report.release
        assets = [] if release is None else [asdict(asset) for asset in release.assets]
        outputs: dict[str, Any] = {
            "result": result_of(report),
            "stale": "" if failed else report.code != 0,
            "verdict-code": "" if failed else report.code,
            "stale-parts": "" if failed else ",".join(report.stale),
            "trained": ",".join(report.trained),
            "failed-conditions": ",".join(gate.name for gate in failing_gates(self._settings, report)),
            "model-path": report.model_path or "",
            "model-url": report.model_url or "",
            "release-id": "" if release is None else release.id,
            "release-url": "" if release is None else release.url,
            "assets": assets if release is not None else "",
            "provenance": report.provenance_path or "",
            "report": report_path,
            "report-html": self._page,
            "result-file": self._result_path,
            "matrix": "",  # of mode plan, as is the next one
            "assistants": "",
            "comment-url": self._comment_url,
        }
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in outputs.items()}


def _annotation(group: NoticeGroup) -> Annotation:
    return group.message, group.location


def status_context(name: str) -> str:
    """What the commit status of an assistant is called."""
    return f"{STATUS_CONTEXT} ({name})" if name else STATUS_CONTEXT


def result_of(report: Report) -> str:
    """The run in one word, the output ``result``."""
    if report.failure is not None:
        return "failed"
    if report.code == 0:
        return "fresh"
    return "stale" if report.mode == "check" else "trained"
