"""``TF_CONFIG``: which processes train together, as TensorFlow's launchers and Kubernetes operators set it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebake.errors import UsageError

VARIABLE = "TF_CONFIG"
_FIX = f"Correct {VARIABLE}, or unset it to train in this process alone."
_CHIEFS = ("chief", "master")  # "master" is what older launchers call it
_WORKERS = (*_CHIEFS, "worker")


@dataclass(frozen=True)
class Cluster:
    """The processes of a training.

    Attributes:
        addresses: "host:port" of each, the chief's first.
        number: which of them this process is; 0 is the chief, which writes the model.
    """

    addresses: tuple[str, ...]
    number: int

    @property
    def is_chief(self) -> bool:
        return self.number == 0

    @property
    def name(self) -> str:
        """What messages call this process."""
        return self.name_of(self.number)

    def name_of(self, number: int) -> str:
        """What messages call one of the processes."""
        return f"worker {number} of {len(self.addresses)} ({self.addresses[number]})"

    def endpoint(self, number: int) -> tuple[str, int]:
        """Host and port of a process."""
        host, _, port = self.addresses[number].rpartition(":")
        return host.strip("[]"), int(port)


def cluster_of(environment: Mapping[str, str]) -> Cluster | None:
    """Read ``TF_CONFIG``; None where it is not set, or names no more than one worker.

    Raises:
        UsageError: it is not JSON, or does not say which of its workers this process is.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _error(f"is not JSON ({error})") from error
    if not isinstance(given, dict):
        raise _error("is not an object")
    jobs = given.get("cluster") or {}
    if not isinstance(jobs, dict):
        raise _error("has a `cluster` that is not an object")
    places = [(job, index) for job in _WORKERS for index in range(len(_addresses(jobs, job)))]
    if sum(job in _CHIEFS for job, _ in places) > 1:
        raise _error("has more than one chief")
    addresses = tuple(_addresses(jobs, job)[index] for job, index in places)
    if len(addresses) < 2:
        return None
    if len(set(addresses)) < len(addresses):
        raise _error("names an address twice")
    return Cluster(addresses, places.index(_task(given.get("task"), jobs)))


def _addresses(jobs: Mapping[str, Any], job: str) -> list[str]:
    found = jobs.get(job, [])
    if not isinstance(found, list):
        raise _error(f"has a `cluster.{job}` that is not a list of addresses")
    for address in found:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise _error(f"has an address in `cluster.{job}` that is not host:port: {address!r}")
    return list(found)


def _task(task: object, jobs: Mapping[str, Any]) -> tuple[str, int]:
    """Job and index of this process."""
    if not isinstance(task, dict) or "type" not in task or "index" not in task:
        raise _error("does not say which worker this is: it needs `task.type` and `task.index`")
    job, index = task["type"], str(task["index"])
    if job not in _WORKERS:
        raise _error(f"has the `task.type` {job!r}; only workers and a chief train here")
    if not index.isdecimal() or int(index) >= len(_addresses(jobs, job)):
        raise _error(f"has the `task.index` {task['index']!r}, which `cluster.{job}` does not have")
    return job, int(index)


def _error(what: str) -> UsageError:
    return UsageError(f"The variable {VARIABLE} {what}.", fix=_FIX)
