"""Several processes that train together on loopback, each a `rebake train nlu` with a TF_CONFIG."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

SECONDS = 240.0


@dataclass
class Worker:
    """A process and what it writes."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def code(self) -> int:
        """Its exit code, once it has ended; a process that does not end in time is killed."""
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine whose ports nothing uses."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]


def start_workers(projects: Sequence[Path], out: Path, *arguments: str, **environment: str) -> list[Worker]:
    """Start a worker in each project; worker N writes its models to ``out/N``, and its messages to ``out/N.txt``."""
    out.mkdir(exist_ok=True)
    addresses = free_addresses(len(projects))
    workers = []
    for number, project in enumerate(projects):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        output = out / f"{number}.txt"
        command = [sys.executable, "-m", "rebake", "train", "nlu", "--out", str(out / str(number)), *arguments]
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=project,
                env={**os.environ, **environment, "TF_CONFIG": json.dumps(config)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        workers.append(Worker(process, output))
    return workers


def wait_for(path: Path, pattern: str, workers: Sequence[Worker]) -> None:
    """Wait until there is a file below ``path``, which one of the workers is to write."""
    while not any(path.glob(pattern)):
        assert all(worker.process.poll() is None for worker in workers), workers[0].text
        time.sleep(0.05)
