"""What a command writes where a user says: ``-`` is stdout; a device or a pipe is written to, and never replaced."""

from __future__ import annotations

import sys
from pathlib import Path

from rebake.base.files import descriptor_of, require_output, write_output
from rebake.cli.console import say
from rebake.errors import StorageError

STDOUT = "-"


def is_stdout(path: str) -> bool:
    """Return whether the path stands for standard output."""
    return path == STDOUT or descriptor_of(Path(path)) == 1


def require_writable(path: str, option: str) -> None:
    """Raise StorageError if the file that ``option`` names cannot be written: better before hours of training."""
    if is_stdout(path):
        return
    try:
        require_output(Path(path))
    except OSError as error:
        raise StorageError(
            f"{option}: {path} cannot be written ({error.strerror or error}).", fix="Name another file."
        ) from error


def write(path: str, text: str, option: str) -> None:
    """Write a whole text. Raises StorageError."""
    if is_stdout(path):
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        write_output(Path(path), text)
    except OSError as error:
        raise StorageError(f"{option}: {path} cannot be written ({error.strerror or error}).") from error


def note_new_directory(path: str) -> None:
    """Say so before a directory is made together with directories above it: the path may be mistyped."""
    place = Path(path)
    if not place.exists() and not place.parent.exists():
        say(f"{place} and the directories above it do not exist yet: they are created.")
