"""The result in an artifact: downloaded, and read out of its ZIP file in memory, within limits."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from pathlib import Path

from rebake.action.publish.run import ArtifactEntry
from rebake.action.result_file import MAX_SIZE, RESULT_NAME
from rebake.errors import DataError
from rebake.store.retries import Retries
from rebake.store.transfer import Transfer

MAX_ZIP = 2_000_000  # bytes
MAX_FILES = 20


def download_result(artifact: ArtifactEntry, transfer: Transfer, retries: Retries) -> bytes:
    """Return the bytes of the result in an artifact.

    Raises:
        DataError: the artifact is too large, or has no result, or is none of a run of rebake.
        StorageError: it cannot be downloaded.
    """
    if artifact.size > MAX_ZIP:
        raise DataError(f"The artifact {artifact.id} has {artifact.size:,} bytes; a result has at most {MAX_ZIP:,}.")
    with tempfile.TemporaryDirectory(prefix="rebake-result-") as place:
        path = Path(place) / "artifact.zip"

        def fetch() -> None:
            transfer.download(artifact.url, path, digest=artifact.digest, size=None, limit=MAX_ZIP)

        retries(fetch, "downloading the result")
        return result_in(path)


def result_in(path: Path) -> bytes:
    """Return the one file of a ZIP file that counts. Nothing is unpacked onto the disk. Raises DataError."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES:
                raise DataError(f"The artifact has more than {MAX_FILES} files.")
            found = [entry for entry in entries if entry.filename == RESULT_NAME]
            if len(found) != 1:
                raise DataError(f"The artifact does not have one file {RESULT_NAME}.", fix=_FIX)
            with archive.open(found[0]) as file:
                content = file.read(MAX_SIZE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise DataError(f"The artifact cannot be read ({type(error).__name__}).") from error
    if len(content) > MAX_SIZE:
        raise DataError(f"The result is larger than {MAX_SIZE:,} bytes.")
    return content


_FIX = "Upload the file that the output result-file names, and nothing else, with actions/upload-artifact."
