"""The back ends of the store, each behind one function that opens the same store again, as a later run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rebake.store.directory_store import DirectoryStore
from rebake.store.protocol import Store
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases

OpenStore = Callable[[], Store]
BACK_ENDS = ("releases", "directory")


@pytest.fixture(params=BACK_ENDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """A function that opens one and the same store, once for each run."""
    if request.param == "releases":
        connect: Callable[[], Releases] = request.getfixturevalue("connect")
        yield lambda: ReleaseStore(connect(), "store", "run1")
    else:
        yield lambda: DirectoryStore(tmp_path / "a store")
