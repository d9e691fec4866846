"""Writing a rendered report to a file."""

from __future__ import annotations

from pathlib import Path

from rebake.base.files import replacing
from rebake.errors import StorageError


def write_report(text: str, path: Path) -> None:
    """Write a report under a temporary name, then rename it, and create its directory if necessary.

    A link at the path is replaced, not followed.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageError(f"The report {path} cannot be written ({error.strerror or error}).") from error
