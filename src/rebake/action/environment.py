"""The environment of a job: inputs, and secrets that no other process gets."""

from __future__ import annotations

import os

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


def forget_secrets() -> None:
    """No process that is started from here on finds a token or a key in its environment."""
    for name in list(os.environ):
        if name in _SECRETS or name.startswith(("ACTIONS_RUNTIME_", "ACTIONS_ID_TOKEN_REQUEST_")):
            del os.environ[name]
