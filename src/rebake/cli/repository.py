"""Which repository on GitHub a command is about."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from rebake.errors import UsageError
from rebake.staleness.git.trees import History

GITHUB = "https://github.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def repository_of(given: str | None) -> tuple[str, str]:
    """Return the server's address, and "owner/name": of the option, of a job on GitHub, or of the remote called origin.

    Raises:
        UsageError: there is none.
    """
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
        raise UsageError(f"{repository!r} is not a repository.", fix="Write OWNER/NAME.")
    return server, repository


def api_of(server: str) -> str:
    """Return the address of the API of a GitHub server."""
    known = os.environ.get("GITHUB_API_URL")
    if known and server == (os.environ.get("GITHUB_SERVER_URL") or GITHUB):
        return known
    return "https://api.github.com" if server == GITHUB else f"{server}/api/v3"
