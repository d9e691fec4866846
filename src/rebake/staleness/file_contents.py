"""Digests of files that options name: user dictionaries, language models in a directory."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rebake.errors import StorageError
from rebake.staleness.meaning import ITEM_DIGITS

_READ_WHOLE = 2**24  # bytes; of larger files (weights) so many samples of so many bytes are read
_SAMPLES = 256
_SAMPLE = 2**16


def content_digest(path: str) -> str | None:
    """Return the digest of a file, or of all files below a directory with their names; None where nothing is there.

    Of a large file its size and evenly spaced samples count: training weights again changes them everywhere, and a
    check must not read gigabytes. Raises StorageError for files that cannot be read.
    """
    root = Path(path)
    try:
        if root.is_file():
            return _of_file(root)[:ITEM_DIGITS]
        if not root.is_dir():
            return None
        whole = hashlib.sha256()
        for name, file in sorted((file.relative_to(root).as_posix(), file) for file in root.rglob("*")):
            if file.is_file() and "/." not in f"/{name}":  # hidden ones are nobody's model
                whole.update(f"{name}\0{_of_file(file)}\0".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()[:ITEM_DIGITS]
    except OSError as error:
        raise StorageError(f"{error.filename or path} cannot be read: {error.strerror}.") from error


def _of_file(file: Path) -> str:
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as content:
        if size <= _READ_WHOLE:
            digest.update(content.read())
        else:
            for sample in range(_SAMPLES):
                content.seek(sample * (size - _SAMPLE) // (_SAMPLES - 1))
                digest.update(content.read(_SAMPLE))
    return digest.hexdigest()
