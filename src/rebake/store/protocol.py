"""What every store of trained parts offers, whatever keeps its files.

A store is a flat set of named files, its entries. A part is an ordinary single-part model archive that is named after
its fingerprint, so that any later run finds it, whoever trained it. Small files lie beside the parts: the manifest of
the newest model, which only serves to explain what changed, or the evaluation of a model. A back end lists, downloads,
uploads and deletes entries; what they mean is the same for all back ends, and so is in :class:`Store`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rebake.archive.integrity import describe, inspect_model
from rebake.archive.manifest import Manifest, Part, parse_manifest
from rebake.errors import ModelError

MAX_SMALL = 64 << 20  # bytes of a file that is read into memory, such as the manifest of a model of 200,000 examples

_PART_NAME = re.compile(r"(?P<part>nlu|core|nlg)-(?P<fingerprint>[0-9a-f]{64})\.(?:tar\.gz|json)")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store.

    Attributes:
        size: in bytes.
        modified: when it was written, with its time zone; where the back end can record it, when it was last used.
    """

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part in the store: the entry's name and its size in bytes, enough to name it in a report."""

    part: Part
    fingerprint: str
    name: str
    size: int


def part_name(part: Part, fingerprint: str) -> str:
    """The entry's name of a part: an archive, or for responses (which need no training) the manifest of their model."""
    return f"{part}-{fingerprint}.{'json' if part == 'nlg' else 'tar.gz'}"


def is_part_name(name: str) -> bool:
    """Return whether an entry of this name is a part."""
    return _PART_NAME.fullmatch(name) is not None


class Store(ABC):
    """Trained parts, and small files beside them. Back ends implement what is abstract.

    Attributes:
        used: names of the entries that this run asked for or published, and of the newest model's parts.
    """

    def __init__(self) -> None:
        self.used: set[str] = set()

    # What a back end does. All of it raises StorageError (AccessDeniedError where a permission is missing).

    @abstractmethod
    def entries(self) -> Mapping[str, StoredFile]:
        """Return all entries by name; what is not completely written is none. A back end may ask once per run."""

    @abstractmethod
    def download(self, name: str, path: Path) -> None:
        """Copy an entry to ``path``, all of it or nothing."""

    @abstractmethod
    def upload(self, path: Path, name: str, *, replace: bool) -> None:
        """Add a file as an entry, all of it or nothing.

        Args:
            path: of the file; it must still be there when the run calls :meth:`finish`.
            name: letters, digits, ".", "_" and "-".
            replace: whether to take the place of an entry of that name; otherwise the one that is there stays.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete an entry; one that is gone is as good."""

    @abstractmethod
    def where(self, name: str) -> str:
        """Return what a message calls an entry, the subject of a sentence; never with a credential."""

    @abstractmethod
    def finish(self) -> None:
        """Complete what :meth:`upload` began, once at the end of a run."""

    def look_up(self, name: str) -> StoredFile | None:
        """Return an entry, None where there is none; a back end may know a quicker way than listing all."""
        return self.entries().get(name)

    # What the entries mean.

    def find(self, part: Part, fingerprint: str) -> StoredPart | None:
        """Find the part with this fingerprint, None where nobody ever published it. Raises StorageError."""
        name = part_name(part, fingerprint)
        self.used.add(name)
        entry = self.look_up(name)
        return StoredPart(part, fingerprint, name, entry.size) if entry is not None else None

    def fetch(self, stored: StoredPart, directory: Path) -> Path:
        """Download a part's archive; it must be what its name says.

        Raises:
            StorageError: the download failed.
            ModelError: it is not the archive of that part with that fingerprint, or it has damaged files.
        """
        path = directory / stored.name
        self.download(stored.name, path)
        try:
            self._check(stored, path)
        except ModelError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _check(self, stored: StoredPart, path: Path) -> None:
        found = inspect_model(path)
        record = found.manifest.parts.get(stored.part) if found.manifest is not None else None
        if record is None or record.fingerprint != stored.fingerprint:
            raise ModelError(f"{self.where(stored.name)} does not contain what its name says.")
        damages = describe(found.of_part(stored.part))
        if damages:
            raise ModelError(f"{self.where(stored.name)} is damaged: {'; '.join(damages)}.")

    def publish_part(self, part: Part, fingerprint: str, path: Path, *, replace: bool = False) -> None:
        """Keep a part for good: its archive (for responses, their model's manifest). Raises StorageError."""
        name = part_name(part, fingerprint)
        self.used.add(name)
        self.upload(path, name, replace=replace)

    def read(self, name: str) -> bytes | None:
        """Return the content of a small entry, such as an evaluation; None where there is none.

        Raises:
            StorageError: the download failed.
            ModelError: it is larger than a small file can be.
        """
        entry = self.look_up(name)
        if entry is None:
            return None
        self.used.add(name)
        if entry.size > MAX_SMALL:
            raise ModelError(f"{self.where(name)} has {entry.size} bytes, more than such a file can have.")
        with TemporaryDirectory(prefix="rebake-") as directory:
            path = Path(directory) / "entry"
            self.download(name, path)
            return path.read_bytes()

    def publish(self, path: Path, name: str, *, replace: bool = True) -> None:
        """Keep a small file under this name, in place of an earlier one or only where there is none.

        Raises:
            StorageError: the store refuses it, or cannot be reached.
        """
        self.used.add(name)
        self.upload(path, name, replace=replace)

    def newest_manifest(self, name: str) -> Manifest | None:
        """Return the manifest of the newest model; None where none was published.

        Raises:
            StorageError: the download failed.
            ModelError: the file is broken.
        """
        content = self.read(name)
        if content is None:
            return None
        manifest = parse_manifest(content, self.where(name))
        self.used |= {part_name(part, record.fingerprint) for part, record in manifest.parts.items()}
        return manifest

    def publish_manifest(self, path: Path, name: str) -> None:
        """Publish the manifest from which later runs explain what changed. Raises StorageError."""
        self.publish(path, name)
