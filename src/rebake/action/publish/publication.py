"""Comment and commit status for results of a verified run: what a result claims, on what the API says it is about."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rebake.action.announce import status_context
from rebake.action.event import Event
from rebake.action.publish.artifact import download_result
from rebake.action.publish.run import Runs, WorkflowRun
from rebake.action.publish.settings import PublishSettings
from rebake.action.pull_request import PullRequests, StatusState
from rebake.action.result_reader import Result, read_result
from rebake.base.location import Notice
from rebake.errors import EXIT_DATA, DataError
from rebake.report.comment import earlier_start, render_comment, render_joint_comment
from rebake.report.differences import permalinks
from rebake.report.model import Differences, Report
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer

logger = logging.getLogger("rebake")

CLAIM = (
    "This is what the run of the pull request says of itself. Whoever opened the pull request can change what it says."
)


@dataclass(frozen=True)
class Connections:
    """What the API is asked with."""

    runs: Runs
    pull_requests: PullRequests
    transfer: Transfer
    retries: Retries


@dataclass(frozen=True)
class Published:
    """What was published where; neither where there was nothing to publish."""

    pull_request: int | None = None
    comment_url: str = ""


def publish(settings: PublishSettings, event: Event, ids: tuple[int, int], connections: Connections) -> Published:
    """Verify a run, read its results, and publish them.

    Args:
        ids: of the run and of its workflow.

    Raises:
        DataError: an artifact is not what rebake uploads for this run; nothing is published then.
        UsageError: the run is another one than the event says.
        StorageError: the API refuses, or cannot be reached.
    """
    run = connections.runs.verified(*ids)
    if run is None:
        logger.info("The run is not one of an open pull request at its present commit: nothing to publish.")
        return Published()
    artifacts = connections.runs.artifacts(run, settings.artifact)
    if not artifacts:
        logger.info("The run has no artifact %s: nothing to publish.", settings.artifact)
        return Published()
    results = [
        _verified(read_result(download_result(artifact, connections.transfer, connections.retries)), run)
        for artifact in artifacts
    ]
    number = results[0].pull_request
    if {result.pull_request for result in results} != {number}:
        raise DataError("The results of the run are about different pull requests.")
    if len({result.report.name for result in results}) != len(results):
        raise DataError("Two results of the run are about the same assistant.", fix="Set the input name in each job.")
    reports = [_report(result, run, event) for result in results]
    url = _comment(settings, connections.pull_requests, number, reports)
    if settings.status:
        for result, report in zip(results, reports, strict=True):
            connections.pull_requests.set_status(
                run.head, _state(result), _description(result), status_context(report.name), run.url
            )
    return Published(number, url)


def _verified(result: Result, run: WorkflowRun) -> Result:
    if result.report.commit != run.head:
        raise DataError("The result is about another commit than the run.")
    if result.pull_request not in run.pull_requests:
        raise DataError("The result is about another pull request than the run.")
    return result


def _report(result: Result, run: WorkflowRun, event: Event) -> Report:
    """What is rendered: addresses come from the run, not from the result."""
    report = result.report
    differences = report.differences
    if differences is not None:
        base = report.changes.base if report.changes is not None else None
        link = permalinks(f"{event.server_url}/{event.repository}", result.directory, {"base": base, "head": run.head})
        differences = Differences(differences.found, link)
    notices = (Notice(CLAIM), *report.notices)
    return replace(report, differences=differences, notices=notices, commit=run.head, run_url=run.url)


def _comment(settings: PublishSettings, pull_requests: PullRequests, number: int, reports: Sequence[Report]) -> str:
    if settings.comment_mode == "off":
        return ""
    recreate = settings.comment_mode == "recreate"
    if settings.comment == "one":
        return pull_requests.write_comment(number, render_joint_comment(reports), recreate=recreate)
    urls = [
        pull_requests.write_comment(number, render_comment(report), earlier_start(report.name), recreate=recreate)
        for report in reports
    ]
    return urls[0]


def _description(result: Result) -> str:
    """The run in one sentence; a condition is not named, as its name is a claim as well."""
    report = result.report
    is_reason = report.failure is not None or (report.mode == "check" and report.code != 0)
    if not result.fails or not report.gates or is_reason:
        return report.headline
    return f"{report.headline.rstrip('.')}, but a condition is not met."


def _state(result: Result) -> StatusState:
    failure = result.report.failure
    if failure is not None:
        return "failure" if failure.exit_code == EXIT_DATA else "error"
    return "failure" if result.fails else "success"
