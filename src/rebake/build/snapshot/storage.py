"""Files of the snapshots in the user's cache directory: a mapping as JSON, and named sections of bytes.

A file begins with the SHA-256 of the rest. A damaged file is ignored, and deleting them
all is always safe.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rebake.base.files import remove_least_used, replacing

MAX_BYTES = 512 << 20  # of all files; above, those that were not used for the longest time go
MAX_FILES = 32
_DIGEST = 32
_LENGTH = struct.Struct("<Q")  # of the mapping


def write_file(path: Path, values: Mapping[str, Any], sections: Mapping[str, Sequence[memoryview]]) -> None:
    """Write a file, all of it or nothing, that only the user may read. Where that is not possible, nothing is kept.

    A section may come in several pieces.
    """
    lengths = {name: sum(piece.nbytes for piece in content) for name, content in sections.items()}
    header = json.dumps({"values": values, "sections": lengths}, separators=(",", ":")).encode()
    pieces: tuple[bytes | memoryview, ...] = (
        _LENGTH.pack(len(header)),
        header,
        *(piece for content in sections.values() for piece in content),
    )
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.chmod(0o600)
            with temporary.open("wb") as file:
                file.write(digest.digest())
                for piece in pieces:
                    file.write(piece)
        remove_least_used(path.parent, MAX_BYTES, MAX_FILES)


def read_file(path: Path) -> tuple[Any, dict[str, memoryview]] | None:
    """Return the mapping and the sections of a file; None where it is missing or damaged."""
    try:
        content = memoryview(path.read_bytes())
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        place = _DIGEST + _LENGTH.size
        (length,) = _LENGTH.unpack(content[_DIGEST:place])
        header = json.loads(bytes(content[place : place + length]))
        place += length
        sections = {}
        for name, length in header["sections"].items():
            sections[name] = content[place : place + length]
            place += length
        values = header["values"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError):
        return None
    with suppress(OSError):
        os.utime(path)
    return values, sections
