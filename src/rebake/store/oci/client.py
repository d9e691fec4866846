"""Requests to a registry. oras supplies their paths and their order. This module decides who may see a password.

oras's own requests would send a token to whatever host an answer names, wait without end, and read a blob into memory
before it is sent.
"""

from __future__ import annotations

import json as json_library
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from oras.auth.utils import parse_auth_header
from oras.container import Container
from oras.provider import Registry
from oras.utils import append_url_params

from rebake.base.version import __version__
from rebake.errors import StorageError
from rebake.store.credentials import without_secrets
from rebake.store.oci.login import RegistryLogin
from rebake.store.oci.names import RegistryAddress, is_loopback
from rebake.store.retries import CorruptTransferError, ReplyError

TIMEOUT = (10.0, 120.0)  # seconds to connect, and between two pieces of an answer
MAX_REDIRECTS = 5
MAX_ANSWER = 4 << 20  # bytes of an answer that is read into memory, as of a manifest by the distribution specification
MAX_PAGES = 1000  # of a list of tags

_READ = frozenset({"pull"})
_ACTIONS = {"GET": _READ, "HEAD": _READ, "DELETE": frozenset({"pull", "push", "delete"})}
_WRITE = frozenset({"pull", "push"})
_PAGE = 1000  # tags that are asked for at once; a registry may answer with fewer
_CHUNK = 1 << 16
_IN_A_HEADER = re.compile(r"[\x21-\x7e]+")
_PORTS = {"http": 80, "https": 443}


class RegistryClient(Registry):  # type: ignore[misc]  # oras has no types
    """oras's client of one repository. Every answer that is no success raises ReplyError.

    Args:
        address: of the repository.
        login: what is sent to the registry, or to where it says that tokens are made, once it asks for it.
        timeout: seconds to connect, and between two pieces of an answer.
    """

    def __init__(self, address: RegistryAddress, login: RegistryLogin, timeout: tuple[float, float] = TIMEOUT) -> None:
        host = urlsplit(address.origin).netloc
        super().__init__(hostname=host, insecure=address.is_local)
        self._address = address
        self._login = login
        self._timeout = timeout
        self._container = f"{host}/{address.repository}"
        self._authorization: str | None = None
        self._challenge: tuple[str, Mapping[str, str]] | None = None  # where tokens are made, and for which service
        self._asked: frozenset[str] = frozenset()  # what the token that we have is for

    def container(self, reference: str | None = None) -> Container:
        """Return oras's name of a tag, or of the repository as a whole."""
        return Container(self._container if reference is None else f"{self._container}:{reference}")

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: IO[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        stream: bool = False,
    ) -> requests.Response:
        """As in oras, which sends all requests through this method; a 404 for a HEAD is no error.

        Raises:
            ReplyError: the answer is no success.
            StorageError: the answer leads to plain HTTP on another machine.
            requests.RequestException: the connection failed.
        """
        wanted = _ACTIONS.get(method, _WRITE)
        if self._challenge is not None and not wanted <= self._asked:  # some refuse a write without asking for a login
            self._get_token(wanted)
        reply = self._send(url, method, data, headers, json)
        if reply.status_code == 401 and self._is_own(reply.url):
            try:
                is_worth_it = self._answer(reply, wanted)
            except BaseException:
                reply.close()
                raise
            if is_worth_it:
                reply.close()
                reply = self._send(url, method, data, headers, json)
        if not reply.ok or reply.is_redirect:
            if method == "HEAD" and reply.status_code == 404:
                return reply
            raise _error_of(reply)
        if not stream:
            for _ in limited(reply):  # to the end, so that the connection can be used again
                pass
        return reply

    def tags(self) -> list[str]:
        """Return all tags of the repository, which come in pages; none if nothing was ever pushed.

        Raises:
            StorageError: there are more pages than a store can have.
            CorruptTransferError: an answer is not a list of tags, or too long.
            ReplyError, requests.RequestException: as :meth:`do_request`.
        """
        found: dict[str, None] = {}
        url = f"{self.prefix}://{self.container().tags_url(N=_PAGE)}"
        for _ in range(MAX_PAGES):
            try:
                reply = self.do_request(url, stream=True)
            except ReplyError as error:
                if error.status == 404 and not found:
                    return []
                raise
            with reply:
                new = _tags_of(read_json(reply))
            known = len(found)
            found.update(dict.fromkeys(new))
            link = reply.links.get("next", {}).get("url")
            if not link or len(found) == known:  # a page may name itself as the next one
                return list(found)
            url = urljoin(url, link)
        raise StorageError(
            f"The registry {self._address.host} lists the tags in more than {MAX_PAGES} pages.",
            fix="Use a repository for the store alone, and delete old tags.",
        )

    def put_upload(self, blob: str, container: Container, layer: Mapping[str, Any]) -> requests.Response:
        """As in oras, but not by way of the memory; in one piece, since some registries take no others."""
        begun = self.do_request(f"{self.prefix}://{container.upload_blob_url()}", "POST")
        place = begun.headers.get("Location")
        if not place:
            raise ReplyError(begun.status_code, "no place to upload to was named", begun.headers)
        target = append_url_params(urljoin(begun.url, place), {"digest": layer["digest"]})
        with open(blob, "rb") as file:  # noqa: PTH123  # oras has paths as text
            headers = {"Content-Type": "application/octet-stream"}
            return self.do_request(target, "PUT", data=file if layer["size"] else b"", headers=headers)

    def _send(
        self,
        url: str,
        method: str,
        data: IO[bytes] | bytes | None,
        headers: Mapping[str, str] | None,
        json: object,
    ) -> requests.Response:
        """One answer; where a blob is kept elsewhere, that of the other host, which sees no token."""
        for _ in range(MAX_REDIRECTS + 1):
            self._require_safe(url)
            own = {"Authorization": self._authorization} if self._authorization and self._is_own(url) else {}
            if data is not None and not isinstance(data, bytes):
                data.seek(0)
            reply: requests.Response = self.session.request(
                method,
                url,
                data=data,
                json=json,
                headers={**(headers or {}), "User-Agent": f"rebake/{__version__}", **own},
                stream=True,
                timeout=self._timeout,
                allow_redirects=False,
                auth=_as_it_is,
            )
            if not reply.is_redirect or method not in ("GET", "HEAD"):
                return reply
            url = urljoin(url, reply.headers["Location"])
            reply.close()
        raise requests.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")

    def _is_own(self, url: str) -> bool:
        return _origin_of(url) == _origin_of(self._address.origin)

    def _require_safe(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "https" or (self._address.is_local and is_loopback(parts.hostname or "")):
            return
        raise StorageError(
            f"The registry {self._address.host} answers with an address that is not https.",
            fix="Set the registry up so that it knows its own address.",
        )

    def _answer(self, reply: requests.Response, wanted: frozenset[str]) -> bool:
        """Get what a 401 asks for; returns whether another try is worth it."""
        raw = reply.headers.get("WWW-Authenticate", "")
        if raw.lower().startswith("basic"):
            given = f"Basic {self._login.basic}"
            if self._login.basic is None or self._authorization == given:
                return False
            self._authorization = given
            return True
        challenge = parse_auth_header(raw)
        if not raw.lower().startswith("bearer") or not challenge.realm:
            return False
        self._challenge = challenge.realm, {"service": challenge.service} if challenge.service else {}
        self._get_token(wanted)
        return True

    def _get_token(self, wanted: frozenset[str]) -> None:
        """Get a token for what was asked for so far, and for this."""
        assert self._challenge is not None, "who asks for a token has said where"
        realm, service = self._challenge
        self._require_safe(realm)
        actions = self._asked | wanted
        basic = self._login.basic if self._login.may_see(realm) else None
        reply = self.session.get(
            realm,
            params={**service, "scope": f"repository:{self._address.repository}:{','.join(sorted(actions))}"},
            headers={
                "User-Agent": f"rebake/{__version__}",
                **({} if basic is None else {"Authorization": f"Basic {basic}"}),
            },
            stream=True,
            timeout=self._timeout,
            allow_redirects=False,
            auth=_as_it_is,
        )
        if not reply.ok or reply.is_redirect:
            raise _error_of(reply)
        with reply:
            answer = read_json(reply)
        token = (answer.get("token") or answer.get("access_token")) if isinstance(answer, Mapping) else None
        if not isinstance(token, str) or not token:
            raise ReplyError(401, "no token came", reply.headers)
        if not _IN_A_HEADER.fullmatch(token):
            raise ReplyError(401, "a token came that cannot be sent in a header", reply.headers)
        self._authorization, self._asked = f"Bearer {token}", actions


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An ``auth`` that adds nothing: without one, requests would look into the user's .netrc."""
    return request


def limited(reply: requests.Response, limit: int = MAX_ANSWER) -> Iterator[bytes]:
    """Yield what comes. Raises CorruptTransferError at the first piece beyond a number of bytes."""
    total = 0
    for chunk in reply.iter_content(_CHUNK):
        total += len(chunk)
        if total > limit:
            reply.close()
            raise CorruptTransferError(f"more than {limit} bytes came")
        yield chunk


def read_json(reply: requests.Response) -> Any:
    """Return what an answer in JSON says. Raises CorruptTransferError: it is not JSON, or too long."""
    content = b"".join(limited(reply))
    try:
        return json_library.loads(content)
    except (ValueError, RecursionError) as error:
        raise CorruptTransferError("an answer came that cannot be read as JSON") from error


def _tags_of(answer: Any) -> list[str]:
    tags = (answer.get("tags") or []) if isinstance(answer, Mapping) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise CorruptTransferError("an answer came that is not a list of tags")
    return tags


def _origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host in lower case, and port, also where it is the scheme's own; no origin equals one that is broken."""
    parts = urlsplit(url)
    try:
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # not a port
        return "", None, None


def _error_of(reply: requests.Response) -> ReplyError:
    """What is wrong, in the registry's words: ``{"errors": [{"code": ..., "message": ...}]}``."""
    text = str(reply.reason)
    try:
        errors = read_json(reply)["errors"]
        text = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors) or text
    except (CorruptTransferError, LookupError, TypeError, AttributeError, requests.RequestException):
        pass
    finally:
        reply.close()
    return ReplyError(reply.status_code, without_secrets(text), reply.headers)
