"""The cache of this user on this machine: parts that any checkout of any branch has trained or downloaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from rebake.archive.scratch import remove_leftovers
from rebake.errors import UsageError
from rebake.store.directory_store import DirectoryStore

DIRECTORY_VARIABLE = "REBAKE_CACHE_DIR"
SIZE_VARIABLE = "REBAKE_CACHE_GIB"
DEFAULT_GIB = 5.0
_KEPT = 0.9  # of the size, after files had to go: so that this is not done by every run


class Cache(DirectoryStore):
    """A directory of parts that does not grow beyond its size: those that were not used for longest go first.

    Args:
        directory: of the parts.
        max_bytes: of all files together.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        super().__init__(directory)
        self._max_bytes = max_bytes

    def finish(self) -> None:
        """As :meth:`Store.finish`. Keeps the size, and removes what killed runs left; another run may do so as well."""
        remove_leftovers(self.directory)
        files = sorted(self.entries().values(), key=lambda file: (file.modified, file.name))
        total = sum(file.size for file in files)
        if total <= self._max_bytes:
            return
        for file in files:
            if total <= self._max_bytes * _KEPT:
                break
            if file.name not in self.used:
                self.delete(file.name)
                total -= file.size


def open_cache(environment: Mapping[str, str], scope: str = "") -> Cache | None:
    """Return the cache; None where it is turned off.

    Args:
        environment: REBAKE_CACHE_DIR names its directory (by default rebake in the user's cache directory), and
            REBAKE_CACHE_GIB its size in GiB (by default 5; 0 turns it off).
        scope: word for a cache apart, which has only the parts of runs with the same word.

    Raises:
        UsageError: the size is no number, or no home directory is known.
    """
    given = environment.get(SIZE_VARIABLE, "").strip()
    try:
        size = float(given) if given else DEFAULT_GIB
    except ValueError:
        size = -1.0
    if not 0 <= size < float("inf"):
        raise UsageError(f"The variable {SIZE_VARIABLE} is {given!r}.", fix="Set it to a number of GiB, such as 5.")
    directory = cache_directory(environment) if size > 0 else None
    name = f"parts-{scope}" if scope else "parts"
    return None if directory is None else Cache(directory / name, int(size * (1 << 30)))


def cache_directory(environment: Mapping[str, str]) -> Path | None:
    """Return rebake's directory among the user's caches; None where the user has no home."""
    if environment.get(DIRECTORY_VARIABLE):
        return Path(environment[DIRECTORY_VARIABLE])
    xdg = environment.get("XDG_CACHE_HOME", "")
    if Path(xdg).is_absolute():  # others are to be ignored, by the specification
        return Path(xdg) / "rebake"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "rebake"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "rebake" / "Cache"
    return home / ".cache" / "rebake"
