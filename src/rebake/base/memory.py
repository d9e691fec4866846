"""How much memory this process may still take: in a container often less than the machine has."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_MACHINE = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")


def available_memory(machine: Path = _MACHINE, container: Path = _CONTAINER) -> int | None:
    """Return the number of bytes that can be taken without swapping; None where the system does not say (macOS)."""
    found = []
    with suppress(OSError):
        text = machine.read_text(encoding="ascii")
        found += [int(size) * 1024 for size in re.findall(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)]
    with suppress(OSError, ValueError):  # "max" is no limit
        limit = int((container / "memory.max").read_text(encoding="ascii"))
        found.append(limit - int((container / "memory.current").read_text(encoding="ascii")))
    return max(min(found), 0) if found else None
