"""A registry for the tests of stores, and what opens a store in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rebake.store.oci.names import RegistryAddress
from rebake.store.oci_store import OciStore
from rebake.store.retries import Retries
from support.registry import REPOSITORY, Registry


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry().serving() as registry:
        yield registry


@pytest.fixture
def open_oci(registry: Registry, tmp_path: Path, waits: list[float]) -> Iterator[Callable[[], OciStore]]:
    """Opens the store as a new run does, with docker's login for it."""
    (tmp_path / "docker").mkdir()
    login = {"auths": {registry.host: {"auth": registry.basic}}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(login), encoding="utf-8")
    opened: list[OciStore] = []

    def make() -> OciStore:
        address = RegistryAddress.parse(f"{registry.host}/{REPOSITORY}")
        opened.append(OciStore(address, {"DOCKER_CONFIG": str(tmp_path / "docker")}, Retries(sleep=waits.append)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()
