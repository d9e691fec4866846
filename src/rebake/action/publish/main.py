"""The way in from GitHub to publish/action.yml."""

from __future__ import annotations

import logging
import os
import sys

from rebake.action.environment import forget_secrets, hide_process, read_input
from rebake.action.event import Event
from rebake.action.publish.publication import Connections, publish
from rebake.action.publish.run import Runs, run_of
from rebake.action.publish.settings import PublishSettings
from rebake.action.pull_request import PullRequests
from rebake.action.runner import Runner
from rebake.errors import EXIT_INTERNAL, RebakeError
from rebake.store.connection import connect
from rebake.store.transfer import Transfer


def main() -> int:
    """Publish in the environment of a job; returns the exit code."""
    hide_process()
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("rebake").setLevel(logging.INFO)
    with Runner() as runner:
        try:
            settings = PublishSettings.read(read_input)
            runner.mask(settings.token)
            forget_secrets()
            event = Event.read(os.environ)
            ids = run_of(event)
            published = publish(settings, event, ids, _connections(settings, event))
        except RebakeError as error:
            runner.error(str(error))
            return error.exit_code
        except Exception as error:
            logging.getLogger("rebake").exception("internal error")
            runner.error(f"Internal error: {type(error).__name__}. The log has the traceback.")
            return EXIT_INTERNAL
        runner.output("pull-request", "" if published.pull_request is None else str(published.pull_request))
        runner.output("comment-url", published.comment_url)
        return 0


def _connections(settings: PublishSettings, event: Event) -> Connections:
    connection = connect(event.api_url, event.repository, settings.token)
    repository, retries = connection.repository, connection.retries
    return Connections(
        Runs(repository, event.repository, retries),
        PullRequests(connection.client, repository, retries),
        Transfer(settings.token),
        retries,
    )
