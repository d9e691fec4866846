"""A folder of a cloud's bucket, or of any other file system that fsspec knows, as a store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebake.base.files import replacing
from rebake.errors import AccessDeniedError, RebakeError, StorageError, UsageError
from rebake.store.credentials import without_secrets
from rebake.store.event_loop import LoopThread
from rebake.store.protocol import Store, StoredFile, is_entry_name

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")

_EXTRAS = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("abfs", "abfss", "az"), "azure"),
}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
    "azure": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with a key or a login",
}
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")  # as the file systems name it


class FsspecStore(Store):
    """The files of one folder. Cloud credentials come from where the cloud's own tools look for them.

    A bucket shows a file when all of it is there. On other file systems a file gets its name when it is complete.

    Args:
        url: of fsspec: "s3://bucket/folder", "abfs://container@account.dfs.core.windows.net/folder" ...; without a
            credential.

    Raises:
        UsageError: a library that the file system needs is not installed.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._label = url.rstrip("/")
        self._extra = _EXTRAS.get(url.partition("://")[0])
        self._class = self._find_class()
        self._root = str(self._class._strip_protocol(self._label)).rstrip("/")
        self._open: tuple[AbstractFileSystem, LoopThread | None] | None = None
        self._known: dict[str, StoredFile] | None = None
        self._unread: StorageError | None = None

    @property
    def label(self) -> str:
        """As :attr:`Store.label`."""
        return self._label

    def entries(self) -> Mapping[str, StoredFile]:
        """As :meth:`Store.entries`. The folder is listed once."""
        if self._unread is not None:  # once is enough: each try takes its time
            raise self._unread
        if self._known is None:
            try:
                self._known = {file.name: file for file in self._do("list", self._listed)}
            except StorageError as error:
                self._unread = error
                raise
        return dict(self._known)

    def look_up(self, name: str) -> StoredFile | None:
        """As :meth:`Store.look_up`."""
        return self.entries().get(name)

    def download(self, name: str, path: Path) -> None:
        """As :meth:`Store.download`."""

        def fetch(files: AbstractFileSystem) -> None:
            with replacing(path) as temporary:
                files.get_file(self._path(name), str(temporary))
                known = self._known.get(name) if self._known is not None else None
                size = temporary.stat().st_size
                if known is not None and size != known.size:
                    raise StorageError(f"{self.where(name)} was downloaded with {size} bytes instead of {known.size}.")

        self._do("read", fetch)

    def upload(self, path: Path, name: str, *, replace: bool) -> None:
        """As :meth:`Store.upload`."""
        sent = self._do("write", lambda files: self._sent(files, path, name, replace=replace))
        if self._known is not None:
            self._known[name] = sent

    def delete(self, name: str) -> None:
        """As :meth:`Store.delete`."""

        def remove(files: AbstractFileSystem) -> None:
            with suppress(FileNotFoundError):
                files.rm_file(self._path(name))

        self._do("change", remove)
        if self._known is not None:
            self._known.pop(name, None)

    def finish(self) -> None:
        """As :meth:`Store.finish`. Each upload was complete at once."""

    def refresh(self) -> None:
        """As :meth:`Store.refresh`."""
        super().refresh()
        self._known = self._unread = None

    def close(self) -> None:
        """As :meth:`Store.close`."""
        if self._open is None:
            return
        files, thread = self._open
        self._open = None
        session = getattr(files, "_s3", None)  # s3fs has no other way to close its connections before the loop ends
        if thread is not None:
            if session is not None:
                with suppress(Exception):
                    asyncio.run_coroutine_threadsafe(session.close(), thread.loop).result(10)
            thread.stop()

    def where(self, name: str) -> str:
        """As :meth:`Store.where`."""
        return f"The object {self._label}/{name}"

    def _find_class(self) -> type[AbstractFileSystem]:
        protocol = self._label.partition("://")[0]
        extra = self._extra or "fsspec"
        fix = f"Install it with: pip install 'rebake[{extra}]'"
        try:
            from fsspec import get_filesystem_class
        except ImportError as error:
            raise UsageError(f"The store {self._label} needs a library that is not installed.", fix=fix) from error
        try:
            found: type[AbstractFileSystem] = get_filesystem_class(protocol)
        except ImportError as error:
            if self._extra is not None:
                raise UsageError(f"The store {self._label} needs a library that is not installed.", fix=fix) from error
            raise UsageError(f"The store {self._label} cannot be used: {without_secrets(str(error))}.") from error
        except ValueError as error:
            raise UsageError(
                f"There are no stores of the kind {protocol}://.",
                fix="Use s3://, gs://, abfs://, oci://, github://, or a directory.",
            ) from error
        return found

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _files(self) -> AbstractFileSystem:
        """The file system, with an event loop of its own where it needs one."""
        if self._open is None:
            thread = LoopThread() if getattr(self._class, "async_impl", False) else None
            options = self._class._get_kwargs_from_urls(self._label)
            own = {"loop": thread.loop} if thread is not None else {}
            try:
                files = self._class(**options, **own, skip_instance_cache=True, use_listings_cache=False)
            except BaseException:
                if thread is not None:
                    thread.stop()
                raise
            self._open = files, thread
        return self._open[0]

    def _listed(self, files: AbstractFileSystem) -> list[StoredFile]:
        try:
            found = files.ls(self._root, detail=True)
        except FileNotFoundError:
            bucket = self._root.partition("/")[0]
            if self._extra is not None and not files.exists(bucket):
                raise StorageError(
                    f"There is no bucket or container {bucket} for the store {self._label}.",
                    fix="Create it, or check its name and the region or account.",
                ) from None
            return []
        named = ((str(info["name"]).rsplit("/", 1)[-1], info) for info in found if info["type"] == "file")
        return [StoredFile(name, int(info["size"]), _time(info)) for name, info in named if is_entry_name(name)]

    def _there(self, files: AbstractFileSystem, name: str) -> StoredFile | None:
        """The entry as it is now; what is known from the list may be from before a training."""
        try:
            info = files.info(self._path(name))
        except FileNotFoundError:
            return None
        return StoredFile(name, int(info["size"]), _time(info)) if info["type"] == "file" else None

    def _sent(self, files: AbstractFileSystem, path: Path, name: str, *, replace: bool) -> StoredFile:
        target = self._path(name)
        if not replace and (there := self._there(files, name)) is not None:
            return there
        if self._extra is not None:
            files.put_file(str(path), target)
        else:
            files.makedirs(self._root, exist_ok=True)
            temporary = self._path(f".{name}.{secrets.token_hex(6)}.tmp")
            try:
                files.put_file(str(path), temporary)
                if not replace and (there := self._there(files, name)) is not None:  # of another run, meanwhile
                    files.rm_file(temporary)
                    return there
                with suppress(FileNotFoundError):
                    files.rm_file(target)  # not every file system renames over a file
                files.mv(temporary, target)
            except BaseException:
                with suppress(Exception):
                    files.rm_file(temporary)
                raise
        sent = self._there(files, name)
        if sent is None or sent.size != path.stat().st_size:
            raise StorageError(f"{self.where(name)} was not written completely.", fix="Run the command again.")
        return sent

    def _do(self, purpose: str, call: Callable[[AbstractFileSystem], T]) -> T:
        with self._errors(purpose):
            return call(self._files())

    @contextmanager
    def _errors(self, purpose: str) -> Iterator[None]:
        try:
            yield
        except RebakeError:
            raise
        except Exception as error:  # each file system and each cloud has errors of its own
            denied = isinstance(error, PermissionError) or "Credentials" in type(error).__name__
            kind = AccessDeniedError if denied else StorageError
            raise kind(
                f"The store {self._label} cannot be used to {purpose} parts ({_summary(error)}).",
                fix=self._fix(denied=denied),
            ) from error

    def _fix(self, *, denied: bool) -> str:
        if denied and self._extra is not None:
            needs = _CREDENTIALS[self._extra]
            return f"Give credentials that may list, read and write it: {needs} (docs/how-to/stores.md)."
        return "Check the address, and that the server can be reached from here."


def _time(info: Mapping[str, Any]) -> datetime:
    for key in _TIMES:
        value = info.get(key)
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)


def _summary(error: BaseException) -> str:
    """What went wrong, on one line; a library may repeat an address with its query, or a credential."""
    while error.__cause__ is not None and not str(error).strip():
        error = error.__cause__
    text = without_secrets(str(error))
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
