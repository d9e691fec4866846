"""A process that is killed takes the work of its child process with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import os, sys, time
from rebake.base.child_process import ChildProcess
from rebake.base.progress import Silent

def work(progress, notices):
    with open(sys.argv[1], "w") as file:
        file.write(str(os.getpid()) + "\\n")
    time.sleep(300)
    return {}

ChildProcess(work, Silent(), name="The work", fix="None.").answer()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's way of ending a child with its parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_takes_its_child_with_it(number: signal.Signals, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(note)]) as parent:
        _wait_for(lambda: note.exists() and note.read_text(encoding="ascii").endswith("\n"))
        child = int(note.read_text(encoding="ascii"))
        try:
            assert _is_running(child)
            parent.send_signal(number)
            parent.wait()
            _wait_for(lambda: not _is_running(child))
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def _is_running(process: int) -> bool:
    """Whether it is there and no zombie, which nobody may have collected yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _wait_for(condition: object) -> None:
    assert callable(condition)
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within half a minute")
