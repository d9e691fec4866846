"""A stand-in for a Duckling server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs


class Duckling(BaseHTTPRequestHandler):
    """Finds digits, and returns the locale that it was asked with, so that a wrong question shows."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        text, locale = form.get("text", [""])[0], form.get("locale", [None])[0]
        found = [
            {"body": c, "start": i, "end": i + 1, "dim": "number", "value": {"value": int(c), "locale": locale}}
            for i, c in enumerate(text)
            if c.isascii() and c.isdigit()
        ]
        answer = [*found, {"body": text, "start": 0, "end": len(text), "dim": "all", "value": {"value": form["dims"]}}]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def duckling() -> Iterator[str]:
    """Serve while the context lasts; yield the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Duckling)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
