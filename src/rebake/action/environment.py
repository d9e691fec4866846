"""The environment of a job: inputs, and secrets that no other process gets."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

from actions_toolkit import core

_SECRETS = (
    "INPUT_TOKEN",
    "INPUT_SIGNING-KEY",
    "INPUT_SIGNING_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
)


def read_input(name: str) -> str:
    """An input as GitHub passes it to a container, or as host/action.yml does: "" where it is not set."""
    return str(core.get_input(name) or core.get_input(name.replace("-", "_")))


_PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Let no other process of the same user read this one's memory, or the environment that it was started with.

    Removing a variable does not remove it from there: on Linux a child finds it in ``/proc/PID/environ``. Linux alone
    can refuse that, and not to a process that may trace others, such as root's.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without it
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def forget_secrets() -> None:
    """No process that is started from here on finds a token or a key in its environment."""
    for name in list(os.environ):
        if name in _SECRETS or name.startswith(("ACTIONS_RUNTIME_", "ACTIONS_ID_TOKEN_REQUEST_")):
            del os.environ[name]
