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

from support.github_bodies import BOT, Asset, Bodies, Reply, forbidden, invalid, missing
from support.github_openapi import Description


@dataclass
class Fault:
    """Answers requests whose "METHOD /path" matches with ``status``, ``times`` times, before (or after) they act."""

    pattern: str
    status: int = 502
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected"
    after_acting: bool = False


class GitHubApi(Bodies):
    """The state of one repository and the servers in front of it."""

    def __init__(self, repository: str = "acme/bot", token: str = "t0ken-of-the-job") -> None:
        self.repository = repository
        self.token = token
        self.releases: dict[int, dict[str, Any]] = {}
        self.assets: dict[int, Asset] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.statuses: list[dict[str, Any]] = []
        self.login: str | None = None
        self.read_only = False
        self.page_size = 100
        self.path = ""  # of the API on its host: "/api/v3" on an Enterprise Server
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.description: Description | None = None
        self.before: Callable[[str], None] = lambda request: None
        self._ids = iter(range(1000, 10**9))
        self._lock = threading.RLock()
        self._servers: dict[str, ThreadingHTTPServer] = {}

    # What tests ask

    @property
    def url(self) -> str:
        return self._url("api")

    def release(self, tag: str) -> dict[str, Any] | None:
        return next((release for release in self.releases.values() if release["tag_name"] == tag), None)

    def asset_names(self, tag: str) -> list[str]:
        release = self.release(tag)
        return sorted(asset.name for asset in self.assets.values() if release and asset.release == release["id"])

    def content(self, tag: str, name: str) -> bytes:
        release = self.release(tag)
        assert release is not None
        return next(a.content for a in self.assets.values() if a.release == release["id"] and a.name == name)

    def add_release(self, tag: str, **more: Any) -> dict[str, Any]:
        number = next(self._ids)
        self.releases[number] = {"id": number, "tag_name": tag, "name": tag, "body": "", "prerelease": False, **more}
        return self.releases[number]

    def add_asset(self, release: int, name: str, content: bytes, state: str = "uploaded") -> Asset:
        asset = Asset(next(self._ids), release, name, content, "application/octet-stream", state)
        self.assets[asset.id] = asset
        return asset

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
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, name))
            server.daemon_threads = True
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
                return self._file(parts.path, headers)
            data = json.loads(body) if body and server == "api" else None
            if self.description is not None:
                self.problems += self.description.wrong_request(method, parts.path, query, data)
            fault = next((f for f in self.faults if f.times > 0 and re.search(f.pattern, request)), None)
            if fault is not None:
                fault.times -= 1
                if fault.after_acting:
                    self._act(server, method, parts.path, query, headers, data, body)
                return Reply(fault.status, {"message": fault.message, "documentation_url": ""}, dict(fault.headers))
            reply = self._act(server, method, parts.path, query, headers, data, body)
            if self.description is not None:
                self.problems += self.description.wrong_reply(method, parts.path, reply.status, reply.body)
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
        if path == "/user":
            return Reply(200, self._user(self.login, "User")) if self.login else forbidden()
        prefix = f"/repos/{self.repository}"
        if not path.startswith(prefix):
            return missing()
        route = f"{method} {path.removeprefix(prefix)}"
        routes: list[tuple[str, Callable[..., Reply]]] = [
            (r"GET /releases/tags/([^/]+)", self._get_release),
            (r"POST /releases", self._create_release),
            (r"GET /releases/(\d+)/assets", self._list_assets),
            (r"POST /releases/(\d+)/assets", self._upload),
            (r"GET /releases/assets/(\d+)", self._get_asset),
            (r"PATCH /releases/assets/(\d+)", self._rename_asset),
            (r"DELETE /releases/assets/(\d+)", self._delete_asset),
            (r"GET /issues/(\d+)/comments", self._list_comments),
            (r"POST /issues/(\d+)/comments", self._create_comment),
            (r"PATCH /issues/comments/(\d+)", self._edit_comment),
            (r"DELETE /issues/comments/(\d+)", self._delete_comment),
            (r"POST /statuses/([0-9a-f]+)", self._create_status),
        ]
        for pattern, act in routes:
            match = re.fullmatch(pattern, route)
            if match and (server == "uploads") == (act == self._upload):
                return act(*match.groups(), query=query, headers=headers, data=data, body=body)
        return missing()

    # Releases and assets

    def _get_release(self, tag: str, **_: Any) -> Reply:
        release = self.release(tag)
        return Reply(200, self._release(release)) if release else missing()

    def _create_release(self, *, data: Any, **_: Any) -> Reply:
        if self.release(data["tag_name"]) is not None:
            return invalid("Release", "already_exists", "tag_name")
        release = self.add_release(
            data["tag_name"],
            name=data.get("name", ""),
            body=data.get("body", ""),
            prerelease=data.get("prerelease", False),
            make_latest=data.get("make_latest"),
        )
        return Reply(201, self._release(release))

    def _list_assets(self, release: str, *, query: dict[str, str], **_: Any) -> Reply:
        assets = [asset for asset in self.assets.values() if asset.release == int(release)]
        return self._page([self._asset(asset) for asset in assets], query, f"/releases/{release}/assets")

    def _upload(self, release: str, *, query: dict[str, str], headers: dict[str, str], body: bytes, **_: Any) -> Reply:
        name = re.sub(r"[^A-Za-z0-9._-]", ".", query["name"])
        if any(asset.release == int(release) and asset.name == name for asset in self.assets.values()):
            return invalid("ReleaseAsset", "already_exists", "name")
        asset = self.add_asset(int(release), name, body)
        asset.content_type = headers["content-type"]
        return Reply(201, self._asset(asset))

    def _get_asset(self, number: str, *, headers: dict[str, str], **_: Any) -> Reply:
        asset = self.assets.get(int(number))
        if asset is None:
            return missing()
        if headers.get("accept") == "application/octet-stream":
            return Reply(302, headers={"Location": f"{self._url('files')}/{number}?signature=abc"})
        return Reply(200, self._asset(asset))

    def _rename_asset(self, number: str, *, data: Any, **_: Any) -> Reply:
        asset = self.assets.get(int(number))
        if asset is None:
            return missing()
        if any(o.release == asset.release and o.name == data["name"] and o is not asset for o in self.assets.values()):
            return Reply(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]})
        asset.name = data["name"]
        return Reply(200, self._asset(asset))

    def _delete_asset(self, number: str, **_: Any) -> Reply:
        return Reply(204) if self.assets.pop(int(number), None) else missing()

    def _file(self, path: str, headers: dict[str, str]) -> Reply:
        if "authorization" in headers:
            self.problems.append("the host of the files was sent an Authorization header")
        asset = self.assets.get(int(path.strip("/")))
        return Reply(200, raw=asset.content) if asset else Reply(404, raw=b"gone")

    # Comments and statuses

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


def _handler(api: GitHubApi, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # a reply in one packet: a body that follows its headers waits 40 ms for their receipt

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            reply = api.answer(server, self.command, self.path, headers, body)
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
