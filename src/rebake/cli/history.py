"""``rebake history``: how good the models of a repository were, from its releases on GitHub."""

from __future__ import annotations

import argparse
import os
import sys

from rebake.cli.repository import api_of, repository_of
from rebake.errors import StorageError
from rebake.evaluation.history import history_json
from rebake.report.history import history_text
from rebake.store.connection import connect
from rebake.store.model_history import find_history, history_name
from rebake.store.names import asset_slug
from rebake.store.release_store import ReleaseStore


def history(options: argparse.Namespace) -> int:
    """Print the history: to stdout, as a table or as JSON."""
    server, repository = repository_of(options.repository)
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or None
    connection = connect(api_of(server), repository, token)
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
