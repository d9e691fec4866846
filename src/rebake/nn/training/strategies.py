"""TensorFlow's strategies: MultiWorkerMirroredStrategy for several processes, MirroredStrategy for several GPUs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context

from rebake.errors import UsageError
from rebake.nn.threads import for_training
from rebake.nn.training.replicas import LostWorkerError, Replicas
from rebake.nn.training.unfinished import Unfinished

__all__ = ["LostWorkerError", "replicas_of"]

_HEARTBEAT_SECONDS = 30  # without a sign of life, a worker counts as lost
_START_SECONDS = 120  # for TensorFlow's servers to find each other, which are all started at the same time
_JOB = "worker"

_made: dict[tuple[Any, ...], Any] = {}  # TensorFlow takes one cluster for a whole process


def replicas_of(
    addresses: Sequence[str],
    number: int,
    *,
    gpus: int,
    num_threads: int | None,
    warn: Callable[[str], None],
    saved: Mapping[str, Any],
    directory: Path | None,
) -> Replicas:
    """Make the replicas of a training; nothing else of TensorFlow may have run in this process before.

    Args:
        addresses: "host:port" of each process; empty = this one alone.
        number: which of them this process is.
        gpus: how many GPUs each process uses.
        num_threads, warn: as of :func:`rebake.nn.threads.for_training`.
        saved: node -> what the chief has of its training from an earlier run.
        directory: where the chief saves; None in other processes, and where nothing is saved.

    Raises:
        UsageError: there are not so many GPUs.
        LostWorkerError: another process ended meanwhile.
    """
    for_training(num_threads, warn=warn)
    key = (tuple(addresses), number, gpus)
    if key not in _made:
        devices = _gpus(gpus)
        _made[key] = _together(addresses, number) if addresses else _mirrored(devices)
    unfinished = Unfinished(directory, saved)
    return Replicas.of(_made[key], number, unfinished)


def _gpus(count: int) -> list[str]:
    """Let TensorFlow use so many GPUs of this machine alone."""
    found = tf.config.list_physical_devices("GPU")
    if count > 1 and len(found) < count:
        raise UsageError(f"--gpus is {count}, and TensorFlow finds {len(found)} here.", fix="Give no more than that.")
    if len(found) > count:
        tf.config.set_visible_devices(found[:count], "GPU")
    return [f"/gpu:{place}" for place in range(min(count, len(found)))]


def _mirrored(devices: Sequence[str]) -> Any:
    from tensorflow.python.distribute.mirrored_strategy import MirroredStrategy

    return MirroredStrategy(devices)


def _together(addresses: Sequence[str], number: int) -> Any:
    from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
    from tensorflow.python.distribute.cluster_resolver.cluster_resolver import SimpleClusterResolver
    from tensorflow.python.distribute.collective_all_reduce_strategy import CollectiveAllReduceStrategy
    from tensorflow.python.training.server_lib import ClusterSpec

    context.context().configure_coordination_service(
        "standalone",
        service_leader=f"/job:{_JOB}/replica:0/task:0",
        cluster_register_timeout_in_ms=_START_SECONDS * 1000,
        heartbeat_timeout_in_ms=_HEARTBEAT_SECONDS * 1000,
        coordinated_jobs=[CoordinatedJob(name=_JOB, num_tasks=len(addresses))],
    )
    spec = ClusterSpec({_JOB: list(addresses)})
    resolver = SimpleClusterResolver(spec, task_type=_JOB, task_id=number, rpc_layer="grpc")
    with _bounded(), _own_sigterm():
        try:
            return CollectiveAllReduceStrategy(cluster_resolver=resolver)
        except tf.errors.OpError as error:
            raise LostWorkerError.of(error) from error


@contextmanager
def _bounded() -> Iterator[None]:
    """End this process if TensorFlow waits for too long: it keeps the interpreter, so nothing else could."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, _START_SECONDS + 30)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep the handler of SIGTERM, which TensorFlow replaces by one that lets the process go on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
