"""An unmodified Rasa 3.6.21 by its command line, in a project's directory, and its server over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 300  # seconds for Rasa to answer on a busy machine


class Rasa:
    """Rasa's command line in a project's directory."""

    def __init__(self, environment: Path, project: Path) -> None:
        self.command = environment / "bin" / "rasa"
        self.project = project
        self.variables = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore"}

    def run(self, *arguments: str, typed: str = "") -> str:
        """What the command said when this was typed into it; the script ends where it fails."""
        began = time.monotonic()
        done = subprocess.run(
            [str(self.command), *arguments], cwd=self.project, env=self.variables, check=False, text=True,
            input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"rasa {' '.join(arguments)} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}")
        print(f"  rasa {' '.join(arguments[:2])} took {time.monotonic() - began:.0f} s", flush=True)
        return done.stdout

    @contextmanager
    def server(self, archive: Path, *options: str) -> Iterator[str]:
        """`rasa run --enable-api` while the context lasts; the URL that it answers at."""
        port = free_port()
        command = [self.command, "run", "--enable-api", "--model", archive, "--interface", "127.0.0.1", "--port", port]
        with (self.project / "server.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*(str(word) for word in command), *options], cwd=self.project, env=self.variables,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answered(url: str, body: Any = None) -> Any:
    """What GET, or POST of this body, answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def wait_for_model(url: str) -> None:
    """Until the server is there and has loaded its model."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answered(f"{url}/status")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
        else:
            return
    sys.exit(f"rasa run did not answer within {PATIENCE} s")
