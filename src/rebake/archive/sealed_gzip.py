"""gzip files that begin with the SHA-256 of the rest, so that a check need not unzip them.

Weights unzip to several times their size, which takes seconds for a large model; hashing takes a tenth of that.
The digest is in the header's extra field (RFC 1952, 2.3.1.1), which whatever unzips the file skips.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import IO, Any

_LEVEL = 6
_DIGEST = 32  # bytes
_SUBFIELD = b"RB" + struct.pack("<H", _DIGEST)
# magic number, deflate, FEXTRA, no time, no flags of the compressor, unknown system, length of the extra field
_HEADER = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H", len(_SUBFIELD) + _DIGEST) + _SUBFIELD
_AT = len(_HEADER)


class SealedGzip(io.BufferedIOBase):
    """Zips into a seekable file that was opened for writing; :meth:`close` leaves that open."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._checksum = 0
        self._size = 0
        self._digest = hashlib.sha256()
        raw.write(_HEADER + bytes(_DIGEST))

    def write(self, data: Any, /) -> int:
        """Zip bytes (whatever memoryview takes); returns how many they are."""
        content = memoryview(data)
        self._checksum = zlib.crc32(content, self._checksum)
        self._size += content.nbytes
        self._put(self._deflate.compress(content))
        return content.nbytes

    def tell(self) -> int:
        """Return how many bytes were zipped."""
        return self._size

    def close(self) -> None:
        """Write what is left, and the digest; a second time does nothing."""
        if self.closed:
            return
        super().close()
        self._put(self._deflate.flush() + struct.pack("<LL", self._checksum, self._size & 0xFFFFFFFF))
        self._raw.seek(_AT)
        self._raw.write(self._digest.digest())

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._raw.write(data)


def is_sealed(path: Path) -> bool:
    """Return whether a file is as :class:`SealedGzip` wrote it, to the last bit. Raises OSError."""
    with path.open("rb") as file:
        if file.read(_AT) != _HEADER:
            return False
        seal = file.read(_DIGEST)
        return hashlib.file_digest(file, "sha256").digest() == seal
