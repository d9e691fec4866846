"""``rebake history``: how good the models of a repository were, from its releases on GitHub."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from rebake.errors import StorageError, UsageError
from rebake.evaluation.history import history_json
from rebake.report.history import history_text
from rebake.staleness.git.trees import History
from rebake.store.connection import connect
from rebake.store.model_history import find_history, history_name
from rebake.store.names import asset_slug
from rebake.store.release_store import ReleaseStore

GITHUB = "https://github.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def history(options: argparse.Namespace) -> int:
    """Print the history: to stdout, as a table or as JSON."""
    server, repository = _repository(options.repository)
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or None
    connection = connect(_api_of(server), repository, token)
    store = ReleaseStore(connection.releases, options.store_tag, "history")
    name = history_name(asset_slug(options.name))
    models = find_history(store, name)
    if not models:
        hint = "" if token else " Set GITHUB_TOKEN if the repository is private."
        raise StorageError(
            f"{repository} has no history of models: its release {options.store_tag} has no file {name}.",
            fix=f"The action writes it on the default branch and on tags, where it tests a model.{hint}",
        )
    if options.format == "json":
        sys.stdout.write(history_json(models))
    else:
        print(history_text(models))
    return 0


def _repository(given: str | None) -> tuple[str, str]:
    """The server's address, and "owner/name": of the option, of a job on GitHub, or of the remote called origin."""
    server = os.environ.get("GITHUB_SERVER_URL") or GITHUB
    repository = given or os.environ.get("GITHUB_REPOSITORY")
    if repository is None:
        with History(Path.cwd()) as clone:
            address = clone.web_address()
        if address is None:
            raise UsageError("The clone has no remote called origin on a server.", fix="Use --repository OWNER/NAME.")
        parts = urlsplit(address)
        server, repository = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"{repository!r} is no repository.", fix="Write OWNER/NAME.")
    return server, repository


def _api_of(server: str) -> str:
    known = os.environ.get("GITHUB_API_URL")
    if known and server == (os.environ.get("GITHUB_SERVER_URL") or GITHUB):
        return known
    return "https://api.github.com" if server == GITHUB else f"{server}/api/v3"
