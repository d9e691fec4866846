"""A double of an OCI registry with what registries on the internet add to the protocol: tokens, and blobs elsewhere.

Written after the distribution specification 1.1 (end-1 to end-10): upload sessions that end with a digest, which is
compared; manifests whose blobs must be there; tags in pages; deletion by digest. Two servers on the loopback address:
the registry, which also makes tokens, and the host that blobs are redirected to, which must see no token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "a-user", "a-passw0rd"
REPOSITORY = "acme/bot/parts"
PAGE = 3  # tags in an answer


@dataclass
class RegistryFault:
    """Answers requests whose "METHOD /path" matches with ``status``, ``times`` times.

    Attributes:
        kind: "reply"; "cut": the connection breaks within the body of the answer; "reset": before there is an answer;
            "damage": the answer has other bytes.
    """

    pattern: str
    status: int = 500
    times: int = 1
    kind: str = "reply"
    code: str = "UNKNOWN"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "reply"


class Registry:
    """The state of one repository, and what its servers were asked.

    Attributes:
        login: who may use it: None for everybody; "Basic" or "Bearer" with USER and PASSWORD.
        scope_of_challenge: actions that a 401 names; some registries name too few.
        elsewhere: whether downloads of blobs are redirected to another host.
        deletes: whether deletion is allowed.
        seen: what arrived: (server, "METHOD /path", headers in lower case).
    """

    def __init__(self) -> None:
        self.login: str | None = None
        self.scope_of_challenge: str | None = None
        self.elsewhere = True
        self.deletes = True
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.sessions: set[str] = set()
        self.tokens: dict[str, set[str]] = {}
        self.faults: list[RegistryFault] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self._numbers = count(1)
        self._lock = threading.RLock()
        self._ports: dict[str, int] = {}

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._ports['registry']}"

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def requests(self) -> list[str]:
        return [request for _, request, _ in self.seen]

    def age(self) -> None:
        """Let all that is there be written in 2020."""
        for tag, digest in list(self.tags.items()):
            manifest = json.loads(self.manifests.pop(digest))
            manifest["annotations"]["org.opencontainers.image.created"] = "2020-01-01T00:00:00Z"
            content = json.dumps(manifest).encode()
            self.tags[tag] = _digest(content)
            self.manifests[_digest(content)] = content

    @contextmanager
    def serving(self) -> Iterator[Registry]:
        """Serve until the context ends."""
        servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, name)) for name in ("registry", "blobs")}
        for name, server in servers.items():
            server.daemon_threads = True
            self._ports[name] = server.server_address[1]
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield self
        finally:
            for server in servers.values():
                server.shutdown()
                server.server_close()

    def answer(self, server: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request, from its arrival to its answer."""
        with self._lock:
            parts = urlsplit(target)
            request = f"{method} {parts.path}"
            self.seen.append((server, request, headers))
            fault = next((each for each in self.faults if each.times > 0 and re.search(each.pattern, request)), None)
            if fault is not None:
                fault.times -= 1
                if fault.kind in ("reply", "reset"):
                    return Answer(fault.status, _errors(fault.code), dict(fault.headers), fault.kind)
            answer = self._act(server, method, parts.path, parse_qs(parts.query), headers, body)
            if fault is not None and fault.kind == "damage":
                answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1])
            elif fault is not None:
                answer.kind = fault.kind
            return answer

    def _act(
        self, server: str, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Answer:
        if server == "blobs":
            return Answer(200, self.blobs[path.removeprefix("/")])
        if path == "/token":
            return self._token(query, headers)
        refused = self._refused(method, headers)
        if refused is not None:
            return refused
        name = re.fullmatch(r"/v2/(.+?)/(tags/list|(?:blobs|manifests)/.*)", path)
        if name is None or name[1] != REPOSITORY:
            return Answer(404, _errors("NAME_UNKNOWN"))
        what, _, reference = name[2].partition("/")
        if what == "tags":
            return self._list(query)
        if what == "manifests":
            return self._manifest(method, reference, body)
        if reference.startswith("uploads/"):
            return self._upload(method, reference.removeprefix("uploads/"), query, body)
        return self._blob(method, reference)

    def _refused(self, method: str, headers: dict[str, str]) -> Answer | None:
        needed = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(method, "push")
        kind, _, given = headers.get("authorization", "").partition(" ")
        if self.login == "Basic" and (kind, given) != ("Basic", self.basic):
            return Answer(401, _errors("UNAUTHORIZED"), {"WWW-Authenticate": 'Basic realm="a registry"'})
        if self.login == "Bearer" and (kind != "Bearer" or given not in self.tokens):
            scope = f"repository:{REPOSITORY}:{self.scope_of_challenge or needed}"
            realm = f'Bearer realm="http://{self.host}/token",service="tokens of {self.host}",scope="{scope}"'
            return Answer(401, _errors("UNAUTHORIZED"), {"WWW-Authenticate": realm})
        if self.login == "Bearer" and needed not in self.tokens[given]:
            return Answer(403, _errors("DENIED"))
        return None

    def _token(self, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if headers.get("authorization") != f"Basic {self.basic}":
            return Answer(401, _errors("UNAUTHORIZED"))
        assert query["service"] == [f"tokens of {self.host}"]
        kind, name, actions = query["scope"][0].split(":")
        assert (kind, name.startswith(REPOSITORY)) == ("repository", True)
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = set(actions.split(","))
        return Answer(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def _list(self, query: dict[str, list[str]]) -> Answer:
        if not self.tags and not self.blobs:
            return Answer(404, _errors("NAME_UNKNOWN"))
        after = [tag for tag in sorted(self.tags) if tag > query.get("last", [""])[0]]
        page = after[:PAGE]
        link = f'</v2/{REPOSITORY}/tags/list?last={page[-1]}&n={PAGE}>; rel="next"' if len(after) > PAGE else ""
        return Answer(200, json.dumps({"name": REPOSITORY, "tags": page}).encode(), {"Link": link} if link else {})

    def _manifest(self, method: str, reference: str, body: bytes) -> Answer:
        if method == "PUT":
            described = json.loads(body)
            for blob in (described["config"], *described["layers"]):
                if len(self.blobs.get(blob["digest"], b"\0" * (1 << 20))) != blob["size"]:
                    return Answer(404, _errors("MANIFEST_BLOB_UNKNOWN"))
            digest = _digest(body)
            self.manifests[digest] = body
            self.tags[reference] = digest
            return Answer(
                201, b"", {"Docker-Content-Digest": digest, "Location": f"/v2/{REPOSITORY}/manifests/{digest}"}
            )
        digest = self.tags.get(reference, reference)
        if digest not in self.manifests:
            return Answer(404, _errors("MANIFEST_UNKNOWN"))
        if method == "DELETE":
            if not self.deletes:
                return Answer(405, _errors("UNSUPPORTED"))
            assert reference == digest, "tags are deleted by the digest of their manifest"
            del self.manifests[digest]
            self.tags = {tag: other for tag, other in self.tags.items() if other != digest}
            return Answer(202)
        return Answer(200, self.manifests[digest], {"Docker-Content-Digest": digest})

    def _upload(self, method: str, session: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if method == "POST":
            session = f"session-{next(self._numbers)}"
            self.sessions.add(session)
            return Answer(202, b"", {"Location": f"/v2/{REPOSITORY}/blobs/uploads/{session}?state=kept"})
        assert method == "PUT"
        if session not in self.sessions:
            return Answer(404, _errors("BLOB_UPLOAD_UNKNOWN"))
        assert query["state"] == ["kept"], "the query of the place that was named is part of it"
        self.sessions.remove(session)
        if query["digest"] != [_digest(body)]:
            return Answer(400, _errors("DIGEST_INVALID"))
        self.blobs[_digest(body)] = body
        return Answer(201, b"", {"Docker-Content-Digest": _digest(body)})

    def _blob(self, method: str, digest: str) -> Answer:
        if digest not in self.blobs:
            return Answer(404, _errors("BLOB_UNKNOWN"))
        if self.elsewhere and method == "GET":
            return Answer(307, b"", {"Location": f"http://127.0.0.1:{self._ports['blobs']}/{digest}?signed=yes"})
        return Answer(200, self.blobs[digest])


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _errors(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()


def _handler(registry: Registry, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            answer = registry.answer(server, self.command, self.path, headers, body)
            if answer.kind == "reset":
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: len(answer.body) // 2] if answer.kind == "cut" else answer.body)
            if answer.kind == "cut":
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
