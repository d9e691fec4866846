"""How files are written: under a temporary name, then renamed; what is no regular file is written to as it is."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rebake.base.confinement import require_inside

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40  # as of Linux


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Create an empty file beside ``path`` to write to; it takes the place of ``path`` at the end of the context.

    A reader sees all of it or nothing. The name cannot be foreseen, and nothing of that name may exist: a link that
    somebody left there would be written through. A link at ``path`` itself is replaced. Raises OSError, also where
    ``path`` is a directory, a device or a pipe, which no file may replace.
    """
    require_replaceable(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_least_used(directory: Path, max_bytes: int, max_files: int) -> None:
    """Delete the files of a directory that were not used for the longest time, by their times, until neither their
    size nor their number is above the limit. What cannot be deleted stays."""
    with suppress(OSError):
        entries = sorted(((entry.stat(), entry.path) for entry in os.scandir(directory)), key=lambda e: e[0].st_mtime)
        total, count = sum(status.st_size for status, _ in entries), len(entries)
        for status, path in entries:
            if total <= max_bytes and count <= max_files:
                break
            with suppress(OSError):
                Path(path).unlink()
            total, count = total - status.st_size, count - 1


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_output(path: Path, text: str) -> None:
    """Write UTF-8 to what a user named: a file, the target of a link, a device, a pipe, or an open descriptor.

    A file is replaced as a whole and keeps its permissions. Its directory must exist. Raises OSError, and DataError
    where a run may not write there (:mod:`rebake.base.confinement`).
    """
    content = text.encode("utf-8", "backslashreplace")
    descriptor = descriptor_of(path)
    if descriptor is not None:
        sys.stdout.flush()  # what was printed before comes first
        _write_all(os.dup(descriptor), content)
        return
    target = Path(os.path.realpath(path))
    require_inside(target)
    mode = _mode(target)
    if mode is not None and _is_special(mode):
        _write_all(os.open(target, os.O_WRONLY | os.O_NOCTTY), content)
        return
    with replacing(target) as temporary:
        temporary.write_bytes(content)
        if mode is not None:
            shutil.copymode(target, temporary)


def require_output(path: Path) -> None:
    """Raise OSError if :func:`write_output` could not write there, as far as that can be known before."""
    descriptor = descriptor_of(path)
    if descriptor is not None:
        os.fstat(descriptor)
        return
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and _is_special(mode):
        if not os.access(target, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    require_replaceable(target)
    if not target.parent.is_dir():
        raise OSError(errno.ENOENT, f"the directory {path.parent} does not exist", str(path))
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def descriptor_of(path: Path) -> int | None:
    """Return the open file of this process that ``path`` stands for, as /dev/stdout and /dev/fd/63 do; or None.

    It is written to as it is: by its path, what was written before would be overwritten or replaced.
    """
    place = Path(os.path.normpath(Path.cwd() / path))
    for _ in range(_MOST_LINKS):
        if str(place) in _STREAMS:
            return _STREAMS[str(place)]
        if match := _DESCRIPTOR.fullmatch(str(place)):
            return int(match[1])
        if not place.is_symlink():
            return None
        place = Path(os.path.normpath(place.parent / place.readlink()))
    return None


def _mode(path: Path) -> int | None:
    """The mode of what is there; None where nothing is."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None


def _is_special(mode: int) -> bool:
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def require_replaceable(path: Path) -> None:
    """Raise OSError where there is something that no file may replace: a directory, a device, a pipe or a socket."""
    mode = _mode(path)
    if mode is None or stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EEXIST, "it is a device or a pipe, which no file may replace", str(path))


def _write_all(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def sha256(path: Path) -> str:
    """Return the file's SHA-256 as 64 hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
