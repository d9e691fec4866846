"""Which files a project's paths stand for, in the order in which Rasa reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rebake.base.confinement import require_inside
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.errors import DataError, StorageError

YAML_SUFFIXES = (".yml", ".yaml")
DATA_SUFFIXES = (*YAML_SUFFIXES, ".json")

_CONVERT = "'rasa data convert' of Rasa 2 turns Markdown into YAML."
_MARKDOWN_DATA = re.compile(r"^## (intent|synonym|regex|lookup):|^\* \w+(\{.*\})?[ \t\r]*\n\s+- ", re.MULTILINE)
_ABOUT_THE_PROJECT = ("README", "LICENSE", "CHANGELOG", "MAKEFILE", "DVC")
_MARKDOWN_START = 100_000  # characters that are looked at

AnyPath = str | os.PathLike[str]
Paths = AnyPath | Sequence[AnyPath] | None


def as_paths(paths: Paths) -> list[str]:
    """One path, several or none as a list, as given but without a leading './'."""
    if paths is None:
        return []
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    return [str(Path(path)) for path in given if os.fspath(path)]


def data_files(paths: Paths, notices: list[Notice]) -> list[str]:
    """Return all .yml, .yaml and .json files of the paths, recursively, each once, whatever links lead to it.

    Sorted by name as Rasa does, where files that were named themselves sort by their absolute path. Raises StorageError
    for a path that is not there and DataError for a file of another kind.
    """
    found: dict[str, tuple[str, str]] = {}  # the file itself -> (sort key, path as given)
    for path in as_paths(paths):
        if Path(path).is_dir():
            notices += map(_markdown_notice, filter(_is_training_data, walk(path, (".md",), [])))
            notices += [_unread_notice(file) for file in walk(path, ("",), []) if _is_unread(file)]
            for file in walk(path, DATA_SUFFIXES, notices):
                found.setdefault(os.path.realpath(file), (file, file))
            continue
        require(path)
        if not path.endswith(DATA_SUFFIXES):
            raise DataError(
                f"'{path}' is {'Markdown' if path.endswith('.md') else 'not a YAML file'}.",
                location=Location(path, 1),
                fix=f"Training data is written as YAML (.yml); {_CONVERT}",
            )
        found[os.path.realpath(path)] = (_absolute(path), path)
    return [path for _, path in sorted(found.values())]


def _is_unread(path: str) -> bool:
    """Return whether a file of a data directory looks as if it were to be read, but is not."""
    name = Path(path).name
    if name.endswith((*DATA_SUFFIXES, ".md")) or name.startswith("."):
        return False
    return not name.upper().startswith(_ABOUT_THE_PROJECT)


def _unread_notice(path: str) -> Notice:
    message = f"'{Path(path).name}' is not read: its name ends in none of {', '.join(DATA_SUFFIXES)}."
    is_yaml = any(suffix in path.lower() for suffix in YAML_SUFFIXES)
    return Notice(message, Location(path, 1), NoticeKind.UNREAD_FILE, Severity.WARNING if is_yaml else None)


def _is_training_data(path: str) -> bool:
    """Return whether a Markdown file has training data as Rasa 1 wrote it: most others are about the project."""
    with suppress(OSError, DataError), Path(path).open(encoding="utf-8", errors="replace") as file:
        require_inside(path)
        return _MARKDOWN_DATA.search(file.read(_MARKDOWN_START)) is not None
    return False


def _markdown_notice(path: str) -> Notice:
    message = f"Skipped: Markdown is not read, by Rasa 3 neither; {_CONVERT}"
    return Notice(message, Location(path, 1), NoticeKind.SKIPPED_FILE)


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links, and so change the order


def domain_files(path: str, notices: list[Notice]) -> list[str]:
    """The YAML files below a directory of domain files: a directory's own files first, then its directories, by name.

    Rasa takes a directory's entries in the order in which the file system lists them; by name is the same everywhere.
    """
    return list(walk(path, YAML_SUFFIXES, notices))


def require(path: str) -> None:
    """Raise StorageError unless something is there, and DataError if it leads out of where the run is confined to."""
    require_inside(path)
    try:
        Path(path).stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "it does not exist" if missing else getattr(error, "strerror", None) or str(error)
        raise StorageError(f"'{path}' cannot be read: {reason}.", fix="Check the path.") from None


def walk(
    directory: str, suffixes: tuple[str, ...], notices: list[Notice], above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[str]:
    """Files with one of the suffixes below a directory; links are followed, but not in circles."""
    require_inside(directory)
    try:
        stat = Path(directory).stat()
        with os.scandir(directory) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError as error:
        raise StorageError(f"The directory '{directory}' cannot be read: {error.strerror}.") from None
    identity = (stat.st_dev, stat.st_ino)
    if identity in above:
        message = f"The link '{directory}' leads back to a directory above it and is not followed."
        notices.append(Notice(message, kind=NoticeKind.SKIPPED_FILE))
        return
    base = str(Path(directory))
    children = []
    for entry in entries:
        path = entry.name if base == "." else os.path.join(base, entry.name)  # noqa: PTH118 - of thousands of files
        if _is_directory(entry):
            children.append(path)
        elif entry.name.endswith(suffixes):
            if _is_file(entry):
                yield path
            else:
                message = f"'{path}' is skipped: it is a broken link or not a regular file."
                notices.append(Notice(message, kind=NoticeKind.SKIPPED_FILE))
    for child in children:
        yield from walk(child, suffixes, notices, above | {identity})


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in circles
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
