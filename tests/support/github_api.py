"""A double of the part of GitHub's API that rebake uses: releases, assets, comments and commit statuses.

Three servers on the loopback address, as on GitHub: the API, the host for uploads, and the host that asset downloads
are redirected to (which must not get the token). Every request and reply is held to GitHub's own description of the API
if one is given. ``faults`` makes the next matching requests fail.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.github_bodies import BOT, Asset, Reply, forbidden, invalid, missing
from support.github_openapi import Description
from support.github_releases import ReleaseRoutes
from support.github_runs import RunRoutes


@dataclass
class Fault:
    """Answers requests whose "METHOD /path" matches with ``status``, ``times`` times, before (or after) they act.

    Attributes:
        kind: "reply"; "reset": the connection breaks; "hang": no answer comes in time; "cut": the connection breaks
            within the body, of an upload or else of the answer.
        raw: the body in place of JSON with ``message``.
        skip: how many requests pass before the first that fails.
    """

    pattern: str
    status: int = 502
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected"
    after_acting: bool = False
    kind: str = "reply"
    raw: bytes | None = None
    skip: int = 0


HANG = 0.3  # seconds without an answer; clients in tests give up earlier


class GitHubApi(ReleaseRoutes, RunRoutes):
    """The state of one repository and the servers in front of it."""

    def __init__(self, repository: str = "acme/bot", token: str = "t0ken-of-the-job") -> None:
        self.repository = repository
        self.token = token
        self.releases: dict[int, dict[str, Any]] = {}
        self.assets: dict[int, Asset] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.statuses: list[dict[str, Any]] = []
        self.open_pulls: set[int] = set()
        self.runs = {}
        self.pulls = []
        self.login: str | None = None
        self.read_only = False
        self.denied: set[str] = set()
        self.immutable_releases = False
        self.lag = 0
        self.headers: dict[str, str] = {}  # of every reply
        self.latest = None
        self.hidden = {}
        self.used_tags = set()
        self.digests = True
        self.page_size = 100
        self.path = ""  # of the API on its host: "/api/v3" on an Enterprise Server
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.description: Description | None = None
        self.before: Callable[[str], None] = lambda request: None
        self._ids = iter(range(1000, 10**9))
        self._lock = threading.RLock()
        self.hang = threading.Event()
        self._servers: dict[str, _Server] = {}

    # What tests ask

    @property
    def url(self) -> str:
        return self._url("api")

    def asset_names(self, tag: str) -> list[str]:
        release = self.release(tag)
        return sorted(asset.name for asset in self.assets.values() if release and asset.release == release["id"])

    def content(self, tag: str, name: str) -> bytes:
        release = self.release(tag)
        assert release is not None
        return next(a.content for a in self.assets.values() if a.release == release["id"] and a.name == name)

    def add_comment(self, issue: int, login: str, kind: str, body: str) -> dict[str, Any]:
        number = next(self._ids)
        self.comments[number] = {"id": number, "issue": issue, "login": login, "type": kind, "body": body}
        return self.comments[number]

    # Serving

    @contextmanager
    def serving(self) -> Iterator[GitHubApi]:
        """Serve until the context ends."""
        threads = []
        for name in ("api", "uploads", "files"):
            server = _Server(("127.0.0.1", 0), _handler(self, name))
            self._servers[name] = server
            threads.append(threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True))
            threads[-1].start()
        try:
            yield self
        finally:
            for server in self._servers.values():
                server.shutdown()
                server.server_close()
            for thread in threads:
                thread.join()

    def _url(self, server: str) -> str:
        path = self.path if server == "api" else ""
        return f"http://127.0.0.1:{self._servers[server].server_address[1]}{path}"

    def answer(self, server: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """One request, from its arrival to its reply."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if server == "api":
            if not parts.path.startswith(f"{self.path}/"):
                return missing()
            parts = parts._replace(path=parts.path.removeprefix(self.path))
        request = f"{method} {parts.path}"
        self.before(request)
        with self._lock:
            self.requests.append(f"{server} {request}")
            if server == "files":
                is_artifact = parts.path.startswith("/artifacts/")
                return self.artifact_file(parts.path, headers) if is_artifact else self._file(parts.path, headers)
            data = json.loads(body) if body and server == "api" else None
            if self.description is not None:
                self.problems += self.description.wrong_request(method, parts.path, query, data)
            fault = next((f for f in self.faults if f.times > 0 and re.search(f.pattern, request)), None)
            if fault is not None and fault.skip > 0:
                fault.skip -= 1
            elif fault is not None:
                fault.times -= 1
                if fault.after_acting:
                    self._act(server, method, parts.path, query, headers, data, body)
                if fault.kind == "cut" and server == "uploads":
                    self.cut_upload(parts.path.split("/")[-2], query)
                body_of_fault = None if fault.raw is not None else {"message": fault.message, "documentation_url": ""}
                return Reply(fault.status, body_of_fault, dict(fault.headers), fault.raw, fault.kind)
            reply = self._act(server, method, parts.path, query, headers, data, body)
            if self.description is not None:
                self.problems += self.description.wrong_reply(method, parts.path, reply.status, reply.body)
            reply.headers.update(self.headers)
            return reply

    def _act(
        self,
        server: str,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        data: Any,
        body: bytes,
    ) -> Reply:
        if headers.get("authorization", "").split(" ", 1)[-1] != self.token:
            return Reply(401, {"message": "Bad credentials", "documentation_url": ""})
        if self.read_only and method != "GET":
            return forbidden()
        permission = "contents" if "/releases" in path else "statuses" if "/statuses" in path else "pull_requests"
        needed = f"{permission}={'read' if method == 'GET' else 'write'}"
        if needed in self.denied and path != "/user":
            return Reply(403, forbidden().body, {"X-Accepted-GitHub-Permissions": needed})
        if path == "/user":
            return Reply(200, self._user(self.login, "User")) if self.login else forbidden()
        prefix = f"/repos/{self.repository}"
        if not path.startswith(prefix):
            return missing()
        route = f"{method} {path.removeprefix(prefix)}"
        routes: list[tuple[str, Callable[..., Reply]]] = [
            *self.release_routes(),
            *self.run_routes(),
            (r"GET /issues/(\d+)/comments", self._list_comments),
            (r"POST /issues/(\d+)/comments", self._create_comment),
            (r"PATCH /issues/comments/(\d+)", self._edit_comment),
            (r"DELETE /issues/comments/(\d+)", self._delete_comment),
            (r"POST /statuses/([0-9a-f]+)", self._create_status),
            (r"GET /pulls", self._list_pulls),
        ]
        for pattern, act in routes:
            match = re.fullmatch(pattern, route)
            if match and (server == "uploads") == (act == self._upload):
                return act(*match.groups(), query=query, headers=headers, data=data, body=body)
        return missing()

    # Pull requests, comments and statuses

    def _list_pulls(self, *, query: dict[str, str], **_: Any) -> Reply:
        assert query["state"] == "open"
        if "head" in query:
            return self.pulls_of(query)
        path = f"/repos/{self.repository}/pulls"
        smallest = self.description.smallest("GET", path, 200) if self.description is not None else {}
        return self._page([{**smallest, "number": number} for number in sorted(self.open_pulls)], query, "/pulls")

    def _list_comments(self, issue: str, *, query: dict[str, str], **_: Any) -> Reply:
        comments = [self._comment(c) for c in self.comments.values() if c["issue"] == int(issue)]
        return self._page(comments, query, f"/issues/{issue}/comments")

    def _create_comment(self, issue: str, *, data: Any, **_: Any) -> Reply:
        if len(data["body"]) > 65536:
            return invalid("IssueComment", "custom", "body")
        login, kind = (self.login, "User") if self.login else (BOT, "Bot")
        return Reply(201, self._comment(self.add_comment(int(issue), str(login), kind, data["body"])))

    def _edit_comment(self, number: str, *, data: Any, **_: Any) -> Reply:
        comment = self.comments.get(int(number))
        if comment is None:
            return missing()
        comment["body"] = data["body"]
        return Reply(200, self._comment(comment))

    def _delete_comment(self, number: str, **_: Any) -> Reply:
        return Reply(204) if self.comments.pop(int(number), None) else missing()

    def _create_status(self, sha: str, *, data: Any, **_: Any) -> Reply:
        if len(data.get("description") or "") > 140:
            return invalid("Status", "custom", "description")
        self.statuses.append({"sha": sha, **data})
        return Reply(201, self._status(sha, data))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up in the middle of a request is nothing to print."""


def _handler(api: GitHubApi, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # a reply in one packet: a body that follows its headers waits 40 ms for their receipt

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            reply = api.answer(server, self.command, self.path, headers, body)
            if reply.kind != "reply":
                self.close_connection = True
                if reply.kind == "hang":
                    api.hang.wait(HANG)
                elif reply.kind == "cut" and server != "uploads":
                    self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id"')
                return
            content = (
                reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
            )
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            if reply.raw is None and reply.body is not None:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _do

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
