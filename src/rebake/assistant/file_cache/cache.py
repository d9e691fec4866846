"""What large files of training data said when they were last read, kept in the user's cache directory.

Reading YAML takes most of the time of a check. An entry is found by a digest over the bytes of the file, its path,
what is read of it, and all that decides what they mean: the sources of the readers, the versions of Python and PyYAML.
So an entry cannot be out of date, and deleting the directory is always safe. An entry that cannot be read is as good
as none. Files with ``${``, also where it is written with escapes, are never kept, as their meaning depends on the
environment, and may be a secret.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from rebake.assistant.data_file import DataFile
from rebake.assistant.file_cache.codec import KeptFile, UnfitError, decode, encode
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.confinement import require_inside
from rebake.base.files import remove_least_used, replacing
from rebake.errors import RebakeError

SWITCH = "REBAKE_FILE_CACHE"  # "off": nothing is kept, and nothing that is kept is used
WORTH_IT = 1 << 20  # bytes of all data files; a smaller assistant is read as quickly without
MAX_BYTES = 512 << 20  # of all entries; above, those that were not used for the longest time go
MAX_ENTRIES = 50_000
_DIGEST = 32  # bytes of SHA-256, at the start of an entry: over the rest
_SUFFIX = ".entry"


@dataclass(frozen=True)
class CachedFile:
    """A file that was looked up.

    Attributes:
        path: of the file.
        content: its bytes: what is kept under the key must be read from these, as the file may change meanwhile.
        key: what it is kept under.
        kept: what it said; None where it is not in the cache.
    """

    path: str
    content: bytes
    key: str
    kept: KeptFile | None = None


class FileCache:
    """Entries in one directory.

    Args:
        directory: need not exist; only the user may read it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._has_written = False

    @classmethod
    def of_user(cls, files: Sequence[str]) -> FileCache | None:
        """The user's cache, if it is worth using for these files and not switched off."""
        if is_switched_off():
            return None
        if _bytes_of(files) < WORTH_IT:
            return None
        directory = users_directory()
        return None if directory is None else cls(directory / "files")

    def find(self, path: str, keys: Sequence[str]) -> CachedFile | None:
        """Look up a file as it is now; None where it cannot be kept."""
        file = self.identify(path, keys)
        return file and replace(file, kept=self.kept_under(file.key, path))

    def identify(self, path: str, keys: Sequence[str]) -> CachedFile | None:
        """Return a file as it is now, without looking it up; None where it cannot be kept."""
        try:
            require_inside(path)
            content = Path(path).read_bytes()
        except (OSError, ValueError, RebakeError):  # whoever reads it says what is wrong
            return None
        if b"${" in content:
            return None
        key = hashlib.sha256(repr((_reader(), path, tuple(keys))).encode() + b"\0" + content).hexdigest()
        return CachedFile(path, content, key)

    def keep(self, file: CachedFile, document: Document, found: DataFile) -> KeptFile | None:
        """Keep what a file says, and return it; None where that is not possible. Then it is read again next time.

        Args:
            file: it was read from these bytes.
            document: the file as YAML.
            found: what its keys say.
        """
        if document.has_variables:  # which the bytes need not show: `\u0024{NAME}` is read as `${NAME}`
            return None
        kept = KeptFile(found, document.notices, document.silenced)
        try:
            encoded = encode(kept, file.path)
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self.directory / f"{file.key}{_SUFFIX}") as temporary:
                temporary.write_bytes(hashlib.sha256(encoded).digest() + encoded)
            self._has_written = True
        except (OSError, UnfitError, UnicodeError, RecursionError):
            return None
        return kept

    def prune(self) -> None:
        """Delete the entries that were not used for the longest time, if there are too many of them."""
        if self._has_written:
            remove_least_used(self.directory, MAX_BYTES, MAX_ENTRIES)

    def kept_under(self, key: str, path: str) -> KeptFile | None:
        """Return what is kept under a key; None where there is nothing, or it cannot be read."""
        file = self.directory / f"{key}{_SUFFIX}"
        try:
            content = file.read_bytes()
            encoded = content[_DIGEST:]
            if hashlib.sha256(encoded).digest() != content[:_DIGEST]:
                return None
            kept = decode(encoded, path)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return None
        with suppress(OSError):
            os.utime(file)
        return kept


def is_switched_off() -> bool:
    """Whether the user wants no cache."""
    return os.environ.get(SWITCH, "").lower() in ("off", "0", "false", "no")


def users_directory() -> Path | None:
    """Return rebake's directory in the user's cache directory; None for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):  # no home directory
        return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "rebake"
    return None


def _bytes_of(files: Sequence[str]) -> int:
    total = 0
    for file in files:
        with suppress(OSError, ValueError):
            total += Path(file).stat().st_size
    return total


@cache
def _reader() -> str:
    """A digest over everything that decides what a file means: no number that somebody forgets to raise."""
    package = Path(__file__).parents[2]
    digest = hashlib.sha256(f"{sys.version} {yaml.__version__} {hasattr(yaml, 'CSafeLoader')}".encode())
    for room in ("assistant", "base"):
        for source in sorted((package / room).rglob("*.py")):
            digest.update(source.relative_to(package).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()
