"""The models directory: what was trained on this machine."""

from __future__ import annotations

from pathlib import Path

from rebake.archive.pack import SUFFIX
from rebake.errors import StorageError


def newest_model(directory: Path) -> Path | None:
    """The newest model of a directory, by modification time as Rasa picks it; None where there is none.

    Hidden files (a model that is still being written) do not count.

    Raises:
        StorageError: ``directory`` is a file, or cannot be read.
    """
    return next(iter(models(directory)), None)


def model_to_finetune(path: Path) -> Path:
    """The archive at ``path``, or the newest model of that directory.

    Raises:
        StorageError: there is none.
    """
    found = newest_model(path) if path.is_dir() else path
    if found is None or not found.is_file():
        what = f"{path} contains no model" if path.is_dir() else f"There is no model at {path}"
        raise StorageError(f"{what} to fine-tune.", fix="Train one first, or name another archive or directory.")
    return found


def models(directory: Path) -> list[Path]:
    """The models of a directory, newest first; of two written at once the later name comes first.

    Raises:
        StorageError: ``directory`` is a file, or cannot be read.
    """
    if not directory.exists():
        return []
    if not directory.is_dir():
        raise StorageError(f"{directory} is a file.", fix="Name the directory that the models are kept in.")
    try:
        found = [(file.stat().st_mtime_ns, file.name, file) for file in directory.iterdir() if _is_model(file)]
    except OSError as error:
        raise StorageError(f"The models in {directory} cannot be listed ({error.strerror or error}).") from error
    return [file for *_, file in sorted(found, reverse=True)]


def _is_model(file: Path) -> bool:
    return file.name.endswith(SUFFIX) and not file.name.startswith(".") and file.is_file()
