"""How git is called in a work tree that belongs to somebody else: trusting its data, running nothing of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def git_environment(
    git_dir: Path, config: Mapping[str, str] | None = None, *, protocols: tuple[str, ...] = ()
) -> dict[str, str]:
    """Environment for git in one repository, which is named and not searched for.

    It asks no questions, reads paths literally, takes no configuration of the user or the machine, and connects through
    these protocols alone. The repository's own configuration is read, so in one that somebody else has set up only
    commands may be called that start no program: ``rev-parse`` and ``for-each-ref``.
    """
    entries = {
        "safe.directory": "*",  # the repository is named, so none that a pull request adds can take its place
        "safe.bareRepository": "explicit",
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "core.alternateRefsCommand": "true",  # the program that lists nothing
        "credential.helper": "",
        "gc.auto": "0",
        "maintenance.auto": "false",
        "http.followRedirects": "false",  # the credentials are for one server
        "http.lowSpeedLimit": "1000",  # bytes per second; below that for so many seconds, fetching gives up
        "http.lowSpeedTime": "30",
        **(config or {}),
    }
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    environment = {
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_NO_LAZY_FETCH": "1",
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
