"""The tiers of the tests: what ``--fast`` leaves out, and how it notices a test that is not marked as it should be.

``slow`` says that a test needs TensorFlow, whether here or in a process that it starts, takes a second, or starts one
process after another.
``long`` says that it takes so long that ``scripts/test`` leaves it out; ``--long`` runs it.
``--fast`` runs the others, with a package on the path that fails instead of TensorFlow, and without a network.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

WITHOUT_TENSORFLOW = Path(__file__).parent / "no_tensorflow"

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # an address to compare with, not one to listen on
_WHOLE_MODULE = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.slow\b", re.MULTILINE)

_markers: frozenset[str] = frozenset()


def forbid_tensorflow() -> None:
    """Let an import of TensorFlow fail from now on, in this process and in those that inherit its environment."""
    sys.path.insert(0, str(WITHOUT_TENSORFLOW))
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(WITHOUT_TENSORFLOW), *([inherited] if inherited else [])])


def forbid_network() -> None:
    """Let a connection to another machine fail from now on, in this process."""
    sys.addaudithook(_refuse_other_machines)


def _refuse_other_machines(event: str, given: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = given[1]
        host = address[0] if isinstance(address, tuple) else None  # None: a Unix socket, on this machine
    elif event == "socket.getaddrinfo":
        host = given[0]
    else:
        return
    if host and not str(host).startswith(_LOOPBACK):
        raise RuntimeError(f"A test of the fast tier asked for {host}, which is another machine.")


def is_slow_module(path: Path) -> bool:
    """Whether the file says that each of its tests is slow. It is read, since importing it may import TensorFlow."""
    return _WHOLE_MODULE.search(path.read_text(encoding="utf-8")) is not None


def remember_markers(names: frozenset[str]) -> None:
    """Note the markers of the test that is about to run."""
    global _markers  # noqa: PLW0603 # one test runs at a time
    _markers = names


def is_marked(name: str) -> bool:
    """Whether the test that is running has this marker."""
    return name in _markers
