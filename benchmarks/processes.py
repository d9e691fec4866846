"""Run a trainer as a separate process and measure what it takes; describe the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.2


def machine() -> str:
    """Cores, their model, and the architecture."""
    processor_names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} CPU cores ({processor_names[0] if processor_names else 'unnamed'}, {platform.machine()})"


def family(process: int) -> list[int]:
    """A process and everything it started that still runs."""
    found = [process]
    try:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            for child in children.read_text().split():
                found += family(int(child))
    except OSError:
        pass  # it ended while it was looked at
    return found


def resident_bytes(process: int) -> int:
    """Of a process and everything it started, at this moment; a page that several of them share counts once."""
    members = family(process)
    if len(members) > 1:
        return sum(shared_out(member) for member in members)
    try:  # the other way takes the longer the more memory there is
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0  # it ended while it was looked at


def shared_out(process: int) -> int:
    """Resident bytes of a process, a page that several have shared out among them; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


class PeakMemory:
    """Looks at a process and its children five times a second until it is stopped."""

    def __init__(self, process: int) -> None:
        self.bytes = 0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.bytes = max(self.bytes, resident_bytes(self._process))

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self.bytes


def run_measured(command: list[str], directory: Path) -> dict[str, Any]:
    """Run it to its end; seconds of wall time and processor, and peak memory of the process with its children (by
    samples) or of the biggest of them (as the kernel counts), whichever is more. Ends this program if it fails."""
    load = os.getloadavg()[0]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    ) as process:
        memory = PeakMemory(process.pid)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    peak = max(memory.stop(), used.ru_maxrss * 1024)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {process.returncode}:\n{said[-3000:].decode()}")
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_megabytes": round(peak / 2**20),
        "load_before": round(load, 1),
    }


def train(command: list[str], directory: Path) -> dict[str, Any]:
    """Measure a trainer that writes into ``models`` in this directory, and the size of its archive."""
    figures = run_measured(command, directory)
    archives = list((directory / "models").glob("*.tar.gz"))
    if not archives:
        sys.exit(f"{' '.join(command)} wrote no archive.")
    return {**figures, "archive_megabytes": round(archives[0].stat().st_size / 1e6, 1)}
