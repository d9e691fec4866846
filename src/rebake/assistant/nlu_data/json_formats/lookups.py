"""Lookup tables that name a file: one element a line."""

from __future__ import annotations

import os
from pathlib import Path

from rebake.assistant.yaml.yaml12 import read_text
from rebake.base.location import Location
from rebake.errors import DataError, StorageError


def read_lookup_file(path: str, place: Location) -> list[str]:
    """Read the lines of a file, without blanks around them and without empty ones.

    Args:
        path: as written; relative to the working directory, as in Rasa.
        place: where it is written.

    Raises:
        DataError: the file does not exist, is not UTF-8 text, or lies outside of the project. Whatever a model is
            trained from ends up in its archive, so a data file must not be able to name any file of the machine.
    """
    real = os.path.realpath(path)
    homes = (os.path.realpath(Path.cwd()), os.path.realpath(Path(place.file).parent))
    if not any(os.path.commonpath((home, real)) == home for home in homes):
        raise DataError(
            f"The lookup file '{path}' lies outside of the project.",
            location=place,
            fix="Put it below the directory that rebake runs in, and name it relative to that.",
        )
    if not Path(real).is_file():
        raise DataError(
            f"The lookup file '{path}' does not exist.",
            location=place,
            fix="Name it relative to the directory that rebake runs in, or list the elements themselves.",
        )
    try:
        text = read_text(path)
    except StorageError as error:
        raise DataError(error.message, location=place, fix=error.fix) from None
    return [element for line in text.split("\n") if (element := line.strip())]
