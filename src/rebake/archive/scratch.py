"""Directories for what is not finished, beside the models or elsewhere, and what killed runs left of theirs."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = ".rebake-"
LEFTOVER_SECONDS = 3600.0  # younger ones are left alone, whoever they belong to
_UNFINISHED = re.compile(r"\..*\.tar\.gz\.[0-9a-f]+\.tmp")  # as :func:`rebake.base.files.replacing` names archives


@contextmanager
def scratch_directory(output: Path) -> Iterator[Path]:
    """Create a temporary directory in an existing one, so that results are renamed within one file system.

    It is locked as long as it is in use; leftovers of runs that were killed are removed first. Raises OSError.
    """
    remove_leftovers(output)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=output) as name, _locked(Path(name)):
        yield Path(name)


def temporary_directory() -> AbstractContextManager[Path]:
    """Create a directory as :func:`scratch_directory` does, where the system keeps temporary files. Raises OSError."""
    return scratch_directory(Path(tempfile.gettempdir()))


def remove_leftovers(output: Path) -> None:
    """Remove what killed runs left in a directory: only what is old, the user's own, and in no one's use."""
    with suppress(OSError):
        for entry in list(output.iterdir()):
            if entry.name.startswith(PREFIX) and _is_left(entry, stat.S_ISDIR) and _is_unlocked(entry):
                shutil.rmtree(entry, ignore_errors=True)
            elif _UNFINISHED.fullmatch(entry.name) and _is_left(entry, stat.S_ISREG):
                entry.unlink(missing_ok=True)


def _is_left(entry: Path, is_kind: Callable[[int], bool]) -> bool:
    """Whether it is old, of the wanted kind (not a link to one), and the user's own."""
    try:
        status = entry.lstat()
    except OSError:
        return False
    is_own = sys.platform == "win32" or status.st_uid == os.geteuid()
    return is_kind(status.st_mode) and is_own and time.time() - status.st_mtime > LEFTOVER_SECONDS


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """The lock goes with the process, however that ends."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks; then nothing there is ever taken for a leftover
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _is_unlocked(directory: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
