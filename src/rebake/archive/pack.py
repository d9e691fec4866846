"""A model archive as a file: gzip'd tar, the same bytes for the same content, unpacked with distrust."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from rebake.archive.scratch import temporary_directory
from rebake.archive.sealed_gzip import SealedGzip
from rebake.base.files import replacing, require_replaceable
from rebake.errors import ModelError, StorageError, UsageError

MANIFEST_NAME = "rebake.json"
METADATA_NAME = "metadata.json"
COMPONENTS_NAME = "components"
SUFFIX = ".tar.gz"
MAX_BYTES = 4 << 30  # of all members together
MAX_RATIO = 200  # unpacked to packed; weights hardly compress, JSON reaches 20
FREE_BYTES = 64 << 20  # below this the ratio is not looked at
MAX_MEMBERS = 10_000  # a component has about ten files
MAX_MEMBER_READ = 256 << 20  # of one member that is read into memory
_BLOCK = 1 << 18  # bytes that are unzipped at a time; with tarfile's own 10 KiB it takes half as long again

_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)
_FIX = "Train the model again, or take another model."


def pack(directory: Path, path: Path, *, seal: bool = False) -> Path:
    """Pack the files below ``directory`` into ``path``: the same files give the same bytes.

    rebake.json and metadata.json come first, so that a check reads only the beginning; the rest follows by name.
    Times are 0, owners root, the gzip header has no name. Written under a temporary name, then renamed.

    Args:
        directory: the unpacked model.
        path: of the archive.
        seal: say in the archive (:mod:`rebake.archive.sealed_gzip`) that each file is as rebake.json lists it.

    Raises:
        UsageError: ``path`` does not end in .tar.gz (Rasa would not take it for a model).
        StorageError: writing failed; nothing is left behind.
    """
    if not path.name.endswith(SUFFIX):
        raise UsageError(
            f"The model's file name {path.name!r} does not end in {SUFFIX}.", fix=f"Use a name that ends in {SUFFIX}."
        )
    require_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replacing(path) as temporary,
            temporary.open("wb") as raw,
            closing(SealedGzip(raw) if seal else gzip.GzipFile("", "wb", 6, raw, mtime=0)) as zipped,
        ):
            _write_tar(directory, zipped)
    except OSError as error:
        raise StorageError(f"The model {path} cannot be written ({error.strerror or error}).") from error
    return path


def require_place(path: Path) -> None:
    """Raise StorageError where no model can be written, because something else has its name."""
    try:
        require_replaceable(path)
    except OSError as error:
        raise StorageError(
            f"The model {path} cannot be written ({error.strerror}).", fix="Choose another name."
        ) from error


def _write_tar(directory: Path, target: gzip.GzipFile | SealedGzip) -> None:
    names = sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file())
    names.sort(key=lambda name: (name != MANIFEST_NAME, name != METADATA_NAME))  # stable: the rest stays sorted
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = (directory / name).stat().st_size
            member.mode = 0o644
            with (directory / name).open("rb") as content:
                tar.addfile(member, content)


@contextmanager
def unpack(path: Path) -> Iterator[Path]:
    """Unpack an archive into a directory that is removed when the context ends; an unpacked model is used as it is.

    Raises:
        StorageError: the file cannot be opened, or there is no room for its content.
        ModelError: it is no archive, is truncated, or contains a link, a device, a path that leads outside or too much.
    """
    if path.is_dir():
        yield path
        return
    with temporary_directory() as temporary:
        target = Path(temporary)
        with errors_of(path):
            _extract(path, target)
        yield target


def read_member(path: Path, name: str) -> bytes | None:
    """Read one file of an archive (or of an unpacked model), None where it is missing.

    Reads no further than the file, so the two that :func:`pack` puts first are quick to read.

    Raises: as :func:`unpack`.
    """
    with errors_of(path):
        if path.is_dir():
            file = path / name
            return file.read_bytes() if file.is_file() else None
        for member, content in _members(path):
            if content is not None and member == PurePosixPath(name):
                data = content.read(MAX_MEMBER_READ + 1)
                if len(data) > MAX_MEMBER_READ:
                    raise ModelError(f"{name} in {path} is larger than {MAX_MEMBER_READ >> 20} MiB.", fix=_FIX)
                return data
    return None


def read_files(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Iterate over all files of an archive (or of an unpacked model): the path in it, and the content.

    An archive is read to its end, where gzip's checksum shows a cut or a flipped bit anywhere. What is neither a file
    nor a directory ends it with an error in an archive; in an unpacked model its content is None.

    Reading a content raises the errors of gzip; do it within :func:`errors_of`.

    Raises: as :func:`unpack`.
    """
    with errors_of(path):
        if path.is_dir():
            yield from _files_below(path)
            return
        for name, content in _members(path, block=_BLOCK):
            if content is not None:
                yield name.as_posix(), content


def _files_below(directory: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    for root, directories, files in os.walk(directory):
        links = [name for name in directories if Path(root, name).is_symlink()]
        for name in sorted((*files, *links)):
            file = Path(root, name)
            path = file.relative_to(directory).as_posix()
            if file.is_symlink() or not file.is_file():
                yield path, None
                continue
            with file.open("rb") as content:
                yield path, content


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside, where a model is read, into ModelError or StorageError."""
    try:
        yield
    except _BROKEN as error:
        raise ModelError(f"The model {path} is truncated or no {SUFFIX} archive ({error}).", fix=_FIX) from error
    except OSError as error:
        raise StorageError(f"The model {path} cannot be read ({error.strerror or error}).") from error


def _extract(path: Path, target: Path) -> None:
    for name, content in _members(path, block=_BLOCK):
        file = target / name
        if content is None:
            file.mkdir(parents=True, exist_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as copy:
            shutil.copyfileobj(content, copy, 1 << 20)


def _members(path: Path, *, block: int = tarfile.RECORDSIZE) -> Iterator[tuple[PurePosixPath, IO[bytes] | None]]:
    """Name and content (None for a directory) of every member, in order; every name is safe to join.

    ``block`` bytes are unzipped at a time. A small one comes closer to the end of a truncated archive.
    """
    limit = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * path.stat().st_size))
    with (
        path.open("rb") as raw,
        gzip.GzipFile(fileobj=raw) as unzipped,
        tarfile.open(fileobj=unzipped, mode="r|", bufsize=block) as tar,
    ):
        seen: set[PurePosixPath] = set()
        total = 0
        for count, member in enumerate(tar):
            name = _safe_name(member, path)
            total += member.size
            if count >= MAX_MEMBERS:
                raise ModelError(f"The model {path} contains more than {MAX_MEMBERS:,} files. No model does.", fix=_FIX)
            if total > limit:
                raise ModelError(f"The model {path} unpacks to more than a model can have.", fix=_FIX)
            if member.isdir():
                yield name, None
                continue
            if name in seen:
                raise ModelError(f"The model {path} contains {name} twice.", fix=_FIX)
            seen.add(name)
            yield name, tar.extractfile(member)
        while unzipped.read(1 << 20):  # the tar takes its end from its own content; only gzip knows of a cut-off end
            total += 1 << 20
            if total > limit:
                raise ModelError(f"The model {path} unpacks to more than a model can have.", fix=_FIX)


def _safe_name(member: tarfile.TarInfo, path: Path) -> PurePosixPath:
    name = PurePosixPath(member.name)
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise ModelError(
            f"The model {path} contains {member.name!r}, which is neither a file nor a directory.", fix=_FIX
        )
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or "\0" in member.name:
        raise ModelError(f"The model {path} contains {member.name!r}, a path that leads outside of it.", fix=_FIX)
    return name
