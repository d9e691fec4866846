"""How git is called in a work tree that belongs to somebody else: trusting its data, running nothing of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def git_environment(root: Path, config: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment for git: trusts the work tree ``root``, sets ``config``, asks no questions, reads paths literally.

    That the work tree is trusted does not mean that hooks and helpers named in its own configuration may run.
    """
    entries = {
        "safe.directory": str(root),
        "safe.bareRepository": "explicit",  # a directory that a pull request adds may look like one
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "protocol.ext.allow": "never",
        "gc.auto": "0",
        "maintenance.auto": "false",
        "http.lowSpeedLimit": "1000",  # bytes per second; below that for so many seconds, fetching gives up
        "http.lowSpeedTime": "30",
        **(config or {}),
    }
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    environment = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }
    for index, (key, value) in enumerate(entries.items(), start=count):
        environment[f"GIT_CONFIG_KEY_{index}"] = key
        environment[f"GIT_CONFIG_VALUE_{index}"] = value
    environment["GIT_CONFIG_COUNT"] = str(count + len(entries))
    return environment
