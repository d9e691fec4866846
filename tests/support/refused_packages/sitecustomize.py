"""Hides the packages that REFUSED_PACKAGES names, as JSON. Put this folder first on the path."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_REFUSED = frozenset(json.loads(os.environ.get("REFUSED_PACKAGES", "[]")))


class _Without(PathFinder):
    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname.partition(".")[0] in _REFUSED else PathFinder.find_spec(fullname, path, target)


sys.meta_path[:] = [_Without if finder is PathFinder else finder for finder in sys.meta_path]
