"""A directory as a store: on this machine, or on a file system that machines share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rebake.base.files import replacing
from rebake.errors import AccessDeniedError, StorageError
from rebake.store.protocol import Store, StoredFile, is_entry_name


class _WrittenMeanwhileError(Exception):
    """Another run wrote the entry while this one copied it."""


class DirectoryStore(Store):
    """The files of one directory, which is made when something is kept. Any number of runs may use it at once."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    def entries(self) -> Mapping[str, StoredFile]:
        """As :meth:`Store.entries`."""
        with self._errors("listed"):
            if not self.directory.exists():
                return {}
            names = [file.name for file in os.scandir(self.directory) if is_entry_name(file.name)]
        found = (self.look_up(name) for name in sorted(names))
        return {file.name: file for file in found if file is not None}

    def look_up(self, name: str) -> StoredFile | None:
        """As :meth:`Store.look_up`."""
        path = self.directory / name
        with self._errors("read"):
            try:
                status = path.stat()
            except FileNotFoundError:
                return None
            if not path.is_file():
                return None
        return StoredFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def download(self, name: str, path: Path) -> None:
        """As :meth:`Store.download`. Its time says afterwards that it was used now."""
        source = self.directory / name
        with self._errors("read"), replacing(path) as temporary:
            shutil.copyfile(source, temporary)
        with suppress(OSError):  # a file system that may only be read
            os.utime(source)

    def upload(self, path: Path, name: str, *, replace: bool) -> None:
        """As :meth:`Store.upload`."""
        target = self.directory / name
        with self._errors("written"):
            self.directory.mkdir(parents=True, exist_ok=True)
            if target.is_file() and not replace:
                os.utime(target)
                return
            with suppress(_WrittenMeanwhileError), replacing(target) as temporary:
                shutil.copyfile(path, temporary)
                if target.is_file() and not replace:
                    raise _WrittenMeanwhileError

    def delete(self, name: str) -> None:
        """As :meth:`Store.delete`."""
        with self._errors("changed"):
            (self.directory / name).unlink(missing_ok=True)

    def finish(self) -> None:
        """As :meth:`Store.finish`. Each upload was complete at once."""

    def close(self) -> None:
        """As :meth:`Store.close`. Nothing stays open."""

    @property
    def label(self) -> str:
        """As :attr:`Store.label`."""
        return str(self.directory)

    def where(self, name: str) -> str:
        """As :meth:`Store.where`."""
        return f"The file {self.directory / name}"

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise AccessDeniedError(
                f"The store {self.directory} cannot be {what} ({error.strerror or error}).",
                fix="Give this user the permission, or name another store.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The store {self.directory} cannot be {what} ({error.strerror or error}).",
                fix="Check that it is a directory, and that its disk is there and not full.",
            ) from error
