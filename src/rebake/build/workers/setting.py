"""Whether a training runs in several processes or on several GPUs: what the environment and the options say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rebake.build.workers.cluster import cluster_of
from rebake.store.cache import cache_directory, open_cache

if TYPE_CHECKING:
    from rebake.build.workers.workers import Workers


def workers_of(environment: Mapping[str, str], *, gpus: int = 1, saves: bool = True) -> Workers | None:
    """Return who trains together; None where this process trains alone, on one device.

    Args:
        environment: its TF_CONFIG names the processes, and REBAKE_CACHE_DIR the cache, in which the state of a training
            is saved.
        gpus: how many GPUs each process uses.
        saves: whether the cache may be used.

    Raises:
        UsageError: TF_CONFIG, or a setting of the cache, is wrong.
    """
    cluster = cluster_of(environment)
    if cluster is None and gpus == 1:
        return None
    from rebake.build.workers.workers import Workers

    cache = cache_directory(environment) if saves and open_cache(environment) is not None else None
    return Workers(cluster, gpus, cache)
