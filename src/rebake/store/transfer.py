"""Release assets as streams, with their SHA-256 checked: PyGithub reads them byte by byte."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from rebake.base.files import replacing
from rebake.base.version import __version__
from rebake.errors import DataError
from rebake.store.retries import CorruptTransferError, ReplyError, all_messages

CHUNK = 1 << 20
TIMEOUT = (10.0, 120.0)  # seconds to connect, and between two pieces of an answer
MAX_REDIRECTS = 5


class Transfer:
    """Sends and fetches asset files for one API token; without one, fetches what everybody may read."""

    def __init__(
        self, token: str | None, session: requests.Session | None = None, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self._headers = {
            **({} if token is None else {"Authorization": f"Bearer {token}"}),
            "User-Agent": f"rebake/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._session = session or requests.Session()
        self._timeout = timeout

    def download(self, url: str, path: Path, *, digest: str | None, size: int | None, limit: int | None = None) -> None:
        """Fetch the asset whose API address is ``url``; written under a temporary name, then renamed.

        The token goes to the API alone, not to the host that it redirects to.

        Args:
            limit: most bytes that are taken.

        Raises:
            DataError: more bytes come than ``limit``.
            ReplyError: the answer is no success.
            CorruptTransferError: size or digest ("sha256:...") differ.
            requests.RequestException: the connection failed.
        """
        with replacing(path) as temporary:
            with self._follow(url) as reply, temporary.open("wb") as file:
                checksum = hashlib.sha256()
                for chunk in reply.iter_content(CHUNK):
                    checksum.update(chunk)
                    file.write(chunk)
                    if limit is not None and file.tell() > limit:
                        raise DataError(f"The file is larger than {limit:,} bytes.")
            if size is not None and temporary.stat().st_size != size:
                raise CorruptTransferError(f"{temporary.stat().st_size} bytes came where {size} were announced")
            if digest and digest.startswith("sha256:") and digest != f"sha256:{checksum.hexdigest()}":
                raise CorruptTransferError("the SHA-256 of what came is not the announced one")

    def upload(self, url: str, path: Path, name: str) -> dict[str, Any]:
        """Send a file as the asset ``name`` of the release whose ``upload_url`` is given; what the API says of it.

        Raises:
            ReplyError: the answer is no success (422: an asset of that name is there).
            requests.RequestException: the connection failed.
        """
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        headers = {**self._headers, "Accept": "application/vnd.github+json", "Content-Type": kind}
        with path.open("rb") as file:
            reply = self._session.post(
                url.split("{", 1)[0],
                params={"name": name},
                data=file if path.stat().st_size else b"",
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                auth=_as_it_is,
            )
        _raise_for(reply)
        asset: dict[str, Any] = reply.json()
        return asset

    def _follow(self, url: str) -> requests.Response:
        """The last reply. Not by requests' own redirects, which look into the user's .netrc for the other host."""
        headers = {**self._headers, "Accept": "application/octet-stream"}
        origin = urlsplit(url).netloc
        for _ in range(MAX_REDIRECTS):
            reply = self._session.get(
                url, headers=headers, stream=True, timeout=self._timeout, allow_redirects=False, auth=_as_it_is
            )
            if not reply.is_redirect:
                _raise_for(reply)
                return reply
            url = urljoin(url, reply.headers["Location"])
            reply.close()
            if urlsplit(url).netloc != origin:
                headers.pop("Authorization", None)
        raise requests.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An ``auth`` that adds nothing: without one, requests would look into the user's .netrc."""
    return request


def _raise_for(reply: requests.Response) -> None:
    if reply.ok and not reply.is_redirect:
        return
    try:
        message = all_messages(reply.json(), str(reply.reason))
    except ValueError:
        message = str(reply.reason)
    finally:
        reply.close()
    raise ReplyError(reply.status_code, message, reply.headers)
