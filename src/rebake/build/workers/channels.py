"""How the workers of a training find each other, agree on what is trained, and learn that the model is written.

Each worker connects to the chief, at the address that TensorFlow uses from then on, and keeps the connection. Messages
are lines of JSON. TensorFlow itself would wait for workers without an end, and could not be interrupted meanwhile.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any

from rebake.base.visible import one_line
from rebake.build.workers.cluster import Cluster
from rebake.errors import StorageError

PATIENCE = 600.0  # seconds until all workers must be there: a scheduler starts them one by one
_BETWEEN = 0.25  # seconds from one attempt to connect to the next
_LONGEST = 1 << 20  # bytes of a message
_START_ALL = "Start all workers again."

Message = Mapping[str, Any]


class Lines:
    """A connection that takes and gives messages."""

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self.peer = peer
        self._connection = connection
        self._received = b""

    def send(self, message: Message) -> None:
        """Raise StorageError where the other side is gone."""
        try:
            self._connection.settimeout(PATIENCE)
            self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise lost(self.peer, error.strerror or str(error)) from error

    def receive(self, seconds: float | None = PATIENCE) -> Message:
        """Wait for a message. Raises StorageError where the other side is gone, or says nothing for so long."""
        try:
            self._connection.settimeout(seconds)
            while b"\n" not in self._received:
                some = self._connection.recv(65536)
                if not some or len(self._received) > _LONGEST:
                    raise lost(self.peer, "it closed the connection" if not some else "it sent too much")
                self._received += some
        except OSError as error:
            raise lost(self.peer, error.strerror or str(error)) from error
        line, _, self._received = self._received.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise lost(self.peer, "it is not a worker of rebake")
        return message

    def close(self) -> None:
        self._connection.close()


def answer_of(chief: Lines, seconds: float | None = PATIENCE) -> Message:
    """Wait for what the chief says. Raises StorageError where it has failed, or is gone."""
    answer = chief.receive(seconds)
    if "error" in answer:
        raise StorageError(one_line(str(answer["error"])))
    return answer


def lost(peer: str, why: str, fix: str = _START_ALL) -> StorageError:
    """The error where a worker is gone."""
    return StorageError(f"{peer[0].upper()}{peer[1:]} was lost: {why}.", fix=fix)


def await_workers(cluster: Cluster) -> list[Lines]:
    """Wait, as the chief, until every worker has connected and said its number; their connections in order.

    Raises:
        StorageError: the port is in use, or a worker has not come in time.
    """
    found: dict[int, Lines] = {}
    ends = time.monotonic() + PATIENCE
    with ExitStack() as connected, listening(cluster) as listener:
        while len(found) < len(cluster.addresses) - 1:
            listener.settimeout(max(ends - time.monotonic(), 0.001))
            try:
                connection, _ = listener.accept()
            except TimeoutError as error:
                missing = [cluster.name_of(n) for n in range(1, len(cluster.addresses)) if n not in found]
                raise StorageError(
                    f"Not all workers came within {PATIENCE:.0f} s: {', '.join(missing)} did not.", fix=_START_ALL
                ) from error
            lines = Lines(connection, "a worker")
            with suppress(StorageError):  # a port scanner, or a health check
                number = lines.receive(seconds=10).get("number")
                if isinstance(number, int) and 0 < number < len(cluster.addresses) and number not in found:
                    lines.peer = cluster.name_of(number)
                    found[number] = lines
                    connected.callback(lines.close)
                    continue
            lines.close()
        connected.pop_all()
    return [found[number] for number in sorted(found)]


def connect_to_chief(cluster: Cluster) -> Lines:
    """Connect, as a worker, as soon as the chief is there.

    Raises:
        StorageError: this worker's own port is in use, or the chief has not come in time.
    """
    listening(cluster).close()  # TensorFlow's message would not say which port it is
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            connection = socket.create_connection(cluster.endpoint(0), timeout=10)
            break
        except OSError as error:
            if time.monotonic() > ends:
                raise StorageError(
                    f"{cluster.name_of(0).capitalize()} did not come within {PATIENCE:.0f} s: {error.strerror}.",
                    fix=_START_ALL,
                ) from error
            time.sleep(_BETWEEN)
    lines = Lines(connection, cluster.name_of(0))
    lines.send({"number": cluster.number})
    return lines


def listening(cluster: Cluster) -> socket.socket:
    """Listen at the address of this process. Raises StorageError where something else does."""
    _, port = cluster.endpoint(cluster.number)
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=family == socket.AF_INET6)
    except OSError as error:
        raise StorageError(
            f"Port {port} of {cluster.name} cannot be used: {error.strerror}.",
            fix="End the process that uses it, or give the worker another port in TF_CONFIG.",
        ) from error
