"""The back ends of the store, each behind one function that opens the same store again, as a later run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rebake.store.addresses import open_store as open_address
from rebake.store.directory_store import DirectoryStore
from rebake.store.fsspec_store import FsspecStore
from rebake.store.protocol import Store
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.distribution import distribution
from support.registry import REPOSITORY, Registry
from support.s3 import s3_server

OpenStore = Callable[[], Store]
NO_LOGIN = {"DOCKER_CONFIG": "/nonexistent"}
BACK_ENDS = (
    "releases",
    "directory",
    "memory",
    "registry",
    pytest.param("distribution", marks=pytest.mark.slow),
    pytest.param("s3", marks=pytest.mark.slow),
)


@contextmanager
def closing_stores() -> Iterator[Callable[[Store], Store]]:
    """Close each store that it is given when the context ends."""
    opened: list[Store] = []

    def remember(store: Store) -> Store:
        opened.append(store)
        return store

    yield remember
    for store in opened:
        store.close()


@pytest.fixture(params=BACK_ENDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """A function that opens one and the same store, once for each run."""
    match request.param:
        case "releases":
            connect: Callable[[], Releases] = request.getfixturevalue("connect")
            yield lambda: ReleaseStore(connect(), "store", "run1")
        case "directory":
            yield lambda: DirectoryStore(tmp_path / "a store")
        case "memory":
            yield lambda: FsspecStore(f"memory://{tmp_path.name}/parts")
        case "registry":
            with Registry().serving() as registry, closing_stores() as opened:
                yield lambda: opened(open_address(f"oci://{registry.host}/{REPOSITORY}", NO_LOGIN))
        case "distribution":
            with distribution(tmp_path / "registry") as host, closing_stores() as opened:
                yield lambda: opened(open_address(f"oci://{host}/{REPOSITORY}", NO_LOGIN))
        case "s3":
            with s3_server() as bucket, closing_stores() as opened:
                yield lambda: opened(FsspecStore(f"s3://{bucket}/some/parts"))
