"""The way in from GitHub: reads the job's environment, connects, runs."""

from __future__ import annotations

import base64
import logging
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

from rebake.action.cancellation import Cancellation, CancelledError
from rebake.action.environment import forget_secrets, hide_process, read_input
from rebake.action.event import Event
from rebake.action.installed import require_installed
from rebake.action.matrix import plan_matrices
from rebake.action.ownership import give_back
from rebake.action.pull_request import PullRequests
from rebake.action.run import Run
from rebake.action.run_plan import Tags, parts_alone, plan_run
from rebake.action.runner import Runner
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.action.trust import trust_of
from rebake.base.progress import LineProgress
from rebake.errors import EXIT_INTERNAL, EXIT_IO, RebakeError, UsageError
from rebake.report.redaction import Redaction
from rebake.staleness.git.history import Remote
from rebake.store.addresses import open_store
from rebake.store.connection import connect
from rebake.store.protocol import Store
from rebake.store.release_store import ReleaseStore
from rebake.store.remote_storage import open_remote_storage


def main() -> int:
    """Run the action in the environment of a job; returns the exit code."""
    hide_process()
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("rebake").setLevel(logging.INFO)
    cancellation = Cancellation()
    with Runner() as runner:
        runner.output("result", "failed")  # until there is a better one
        try:
            cancellation.watch()
            return _run(runner, cancellation)
        except CancelledError:
            runner.error("The job was cancelled.")
            return cancellation.exit_code


def _run(runner: Runner, cancellation: Cancellation) -> int:
    try:
        settings = Settings.read(read_input)
        for secret in (settings.token, *read_input("signing-key").splitlines()):
            runner.mask(secret)
        forget_secrets()
        values = [os.environ.get(name, "") for name in sorted(settings.env)]
        for value in values:
            runner.mask(value)
        _redact_log(Redaction.of(values))
        require_installed(settings)
        event = Event.read(os.environ)
        run_plan = plan_run(event, Tags(settings.store_tag, settings.tag_pattern))
        runner.working_directory = settings.working_directory
        _enter(event, settings)
        services = None if run_plan.skip is not None else _services(settings, event, runner, cancellation)
    except RebakeError as error:
        runner.error(str(error), error.location)
        return error.exit_code
    except OSError as error:
        runner.error(str(error))
        return EXIT_IO
    if services is None:
        logging.getLogger("rebake").info("%s Nothing to do.", run_plan.skip)
        runner.output("result", "")
        return 0
    if settings.parts:
        run_plan, settings = parts_alone(run_plan), settings.for_parts()
    try:
        if settings.mode == "plan":
            return plan_matrices(settings, event, services.store, runner)
        return Run(settings, event, run_plan, services).execute()
    except Exception as error:  # while announcing, the last step; Python's own exit code means stale Core
        logging.getLogger("rebake").exception("internal error")
        runner.error(f"Internal error: {type(error).__name__}. The log has the traceback.")
        return EXIT_INTERNAL
    finally:
        with suppress(OSError):
            give_back(event.workspace, [Path(settings.out)])


def _redact_log(redaction: Redaction) -> None:
    """The runner hides masked values, too, but not in every form, and not where the log is kept elsewhere."""

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return redaction.text(super().format(record))

    for handler in logging.getLogger().handlers:
        handler.setFormatter(Formatter("%(message)s"))


def _enter(event: Event, settings: Settings) -> None:
    directory = event.workspace / settings.working_directory
    is_inside = directory.resolve().is_relative_to(event.workspace.resolve())
    if not directory.is_dir() or not is_inside:
        raise UsageError(
            f"The working directory {settings.working_directory} does not exist in the workspace.",
            fix="Run actions/checkout before this action, and check the input working-directory.",
        )
    os.chdir(directory)


def _services(settings: Settings, event: Event, runner: Runner, cancellation: Cancellation) -> Services:
    connection = connect(event.api_url, event.repository, settings.token)
    releases = connection.releases
    run_word = f"{event.run_id}-{secrets.token_hex(4)}"
    store: Store = ReleaseStore(releases, settings.store_tag, run_word)
    if settings.store:
        github = {"GITHUB_API_URL": event.api_url, "GITHUB_TOKEN": settings.token}
        store = open_store(settings.store, {**os.environ, **github})
    store.trust = trust_of(settings.trust == "signed", settings.signing_key, settings.verify_key, event)
    return Services(
        store=store,
        releases=releases,
        pull_requests=PullRequests(connection.client, connection.repository, connection.retries),
        runner=runner,
        progress=LineProgress(logging.getLogger("rebake").info),
        run_word=run_word,
        remote=_remote(settings, event, runner),
        cancellation=cancellation,
        remote_storage=open_remote_storage(settings.remote_storage) if settings.remote_storage else None,
    )


def _remote(settings: Settings, event: Event, runner: Runner) -> Remote:
    """The repository's address as GitHub names it, and the token as git sends it, to this GitHub alone."""
    basic = base64.b64encode(f"x-access-token:{settings.token}".encode()).decode()
    runner.mask(basic)
    return Remote(event.clone_url, {f"http.{event.server_url}/.extraheader": f"AUTHORIZATION: basic {basic}"})
