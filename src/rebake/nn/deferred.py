"""TensorFlow's public interface, loaded part by part when something is asked of a part.

``import tensorflow`` loads every module of its interface and what stands behind each, most of which no network here
needs: compat.v1, lite, feature columns, an old Keras. That is a quarter of the import's time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

_INTERFACE = "tensorflow._api.v2."


class _Deferring(MetaPathFinder):
    """Finds the modules of the interface as Python does, and has them loaded at the first use of an attribute."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_INTERFACE):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def deferred_interface() -> Iterator[None]:
    """Modules of the interface that are imported inside are loaded when they are used, now or later."""
    finder = _Deferring()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
