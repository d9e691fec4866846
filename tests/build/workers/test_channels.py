"""How workers find the chief: on loopback, each in a thread."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from rebake.build.workers import channels
from rebake.build.workers.channels import answer_of, await_workers, connect_to_chief, listening
from rebake.build.workers.cluster import Cluster
from rebake.errors import StorageError


@pytest.fixture
def addresses() -> tuple[str, ...]:
    """Three of this machine, whose ports nothing uses."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return tuple(f"127.0.0.1:{server.getsockname()[1]}" for server in servers)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


def test_messages_go_both_ways_once_all_workers_are_there(addresses: tuple[str, ...], pool: ThreadPoolExecutor) -> None:
    chief = pool.submit(await_workers, Cluster(addresses, 0))
    second = pool.submit(connect_to_chief, Cluster(addresses, 2))
    first = pool.submit(connect_to_chief, Cluster(addresses, 1))
    with ExitStack() as stack:
        here = [stack.enter_context(closing(lines)) for lines in chief.result(20)]
        there = [stack.enter_context(closing(lines.result(20))) for lines in (first, second)]
        assert [lines.peer for lines in here] == [f"worker {n} of 3 ({addresses[n]})" for n in (1, 2)]
        for number, lines in enumerate(there):
            lines.send({"i am": number})
        assert [lines.receive() for lines in here] == [{"i am": 0}, {"i am": 1}]
        here[1].send({"text": "grüße"})
        here[1].send({"text": "2"})
        assert [there[1].receive(), there[1].receive()] == [{"text": "grüße"}, {"text": "2"}]


def test_who_is_no_worker_does_not_count(addresses: tuple[str, ...], pool: ThreadPoolExecutor) -> None:
    cluster = Cluster(addresses[:2], 0)
    chief = pool.submit(await_workers, cluster)
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"[" * 100_000 + b"\n", b'{"number": 7}\n', b"[]\n"):
        for _ in range(200):
            try:
                stranger = socket.create_connection(cluster.endpoint(0), timeout=5)
                break
            except ConnectionRefusedError:
                continue
        with stranger:
            stranger.sendall(junk)
            stranger.shutdown(socket.SHUT_WR)
            stranger.recv(1)  # until the chief hangs up
    worker = pool.submit(connect_to_chief, Cluster(addresses[:2], 1))
    with closing(worker.result(20)):
        [lines] = chief.result(20)
        lines.close()


def test_a_worker_that_ends_is_noticed(addresses: tuple[str, ...], pool: ThreadPoolExecutor) -> None:
    chief = pool.submit(await_workers, Cluster(addresses[:2], 0))
    pool.submit(connect_to_chief, Cluster(addresses[:2], 1)).result(20).close()
    [lines] = chief.result(20)
    with closing(lines), pytest.raises(StorageError, match=r"Worker 1 of 2 .* was lost: it closed the connection"):
        lines.receive()


def test_a_worker_that_does_not_come_is_named(
    addresses: tuple[str, ...], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "PATIENCE", 0.5)
    chief = pool.submit(await_workers, Cluster(addresses, 0))
    expected = r"Not all workers came within 0 s: worker 2 of 3 \(.*\) did not"
    with (
        closing(pool.submit(connect_to_chief, Cluster(addresses, 1)).result(20)),
        pytest.raises(StorageError, match=expected),
    ):
        chief.result(20)
    with pytest.raises(StorageError, match=r"Worker 0 of 3 .* did not come within"):
        connect_to_chief(Cluster(addresses, 2))


def test_a_port_that_is_in_use_is_named(addresses: tuple[str, ...]) -> None:
    for number in (0, 1):
        cluster = Cluster(addresses, number)
        expected = rf"Port {cluster.endpoint(number)[1]} of worker {number} .* in use"
        with listening(cluster), pytest.raises(StorageError, match=expected):
            await_workers(cluster) if cluster.is_chief else connect_to_chief(cluster)


def test_a_chief_that_has_failed_ends_a_worker_with_its_message_wherever_it_waits(
    addresses: tuple[str, ...], pool: ThreadPoolExecutor
) -> None:
    cluster = Cluster(addresses[:2], 1)
    chief = pool.submit(await_workers, Cluster(addresses[:2], 0))
    with closing(connect_to_chief(cluster)) as lines:
        [here] = chief.result(20)
        with closing(here):
            here.send({"error": "Worker 0 has failed: the disk is full."})
            with pytest.raises(StorageError, match="the disk is full"):
                answer_of(lines)
            here.send({"saved": {}})
            assert answer_of(lines) == {"saved": {}}
