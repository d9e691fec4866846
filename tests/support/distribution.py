"""The registry of the distribution project on loopback, which Debian packages as docker-registry."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DEADLINE = 20  # seconds until it answers


@contextmanager
def distribution(directory: Path, *, deletes: bool = True) -> Iterator[str]:
    """Run it, and return its host and port; the test is skipped where it is not installed."""
    program = os.environ.get("REBAKE_REGISTRY") or shutil.which("docker-registry")
    if program is None:
        pytest.skip("needs a registry: scripts/registry --install")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    settings = directory / "registry.json"  # YAML, too
    directory.mkdir(exist_ok=True)
    content = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "kept")}, "delete": {"enabled": deletes}},
        "http": {"addr": host},
    }
    settings.write_text(json.dumps(content), encoding="utf-8")
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen([program, "serve", str(settings)], stdout=log, stderr=log) as server,
    ):
        try:
            _wait_for(f"http://{host}/v2/")
            yield host
        finally:
            server.terminate()


def _wait_for(url: str) -> None:
    end = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
