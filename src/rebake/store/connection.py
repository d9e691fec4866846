"""A connection to the API of one repository."""

from __future__ import annotations

import re
from dataclasses import dataclass

from github import Auth, Github
from github.Repository import Repository

from rebake.base.version import __version__
from rebake.errors import UsageError
from rebake.store.releases import Releases
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer

_TOKEN = re.compile(r"[\x21-\x7e]+")

TIMEOUT = 30  # seconds for one answer of the API


@dataclass(frozen=True)
class Connection:
    """The client of an API, and what it knows of one repository."""

    client: Github
    repository: Repository
    retries: Retries
    releases: Releases


def connect(api_url: str, repository: str, token: str | None) -> Connection:
    """Connect; nothing is asked yet.

    Args:
        api_url: such as "https://api.github.com".
        repository: "owner/name".
        token: None reads what everybody may read.

    Raises:
        UsageError: the token has characters that no token has.
    """
    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError(
            "The token for GitHub has a space, a line break or another character that no token has.",
            fix="Set it again, without what surrounds it.",
        )
    client = Github(
        base_url=api_url,
        auth=None if token is None else Auth.Token(token),
        user_agent=f"rebake/{__version__}",
        timeout=TIMEOUT,
        per_page=100,
        retry=None,  # Retries does that, for assets too
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    of_repository = client.get_repo(repository)
    retries = Retries()
    return Connection(client, of_repository, retries, Releases(of_repository, Transfer(token), retries))
