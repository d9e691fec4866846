"""What every store of trained parts offers, whatever keeps its files.

A store is a flat set of named files, its entries. A part is an ordinary single-part model archive that is named after
its fingerprint, so that any later run finds it, whoever trained it. Small files lie beside the parts: the manifest of
the newest model, which only serves to explain what changed, or the evaluation of a model. A back end lists, downloads,
uploads and deletes entries; what they mean is the same for all back ends, and so is in :class:`Store`.

Where only signed entries are trusted, each has its signature beside it, and one without a valid one is not found.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rebake.archive.integrity import describe, inspect_model
from rebake.archive.manifest import Manifest, Part, parse_manifest
from rebake.base.files import sha256
from rebake.errors import ModelError
from rebake.store.envelope import MAX_SIZE, SignatureError
from rebake.store.trust import SIGNATURE_SUFFIX, Trust

MAX_SMALL = 64 << 20  # bytes of a file that is read into memory, such as the manifest of a model of 200,000 examples

_ENTRY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PART_NAME = re.compile(r"(?:nlu|core|nlg)-[0-9a-f]{64}\.(?:tar\.gz|json)")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store.

    Attributes:
        size: in bytes.
        modified: when it was written, with its time zone; where the back end can record it, when it was last used.
        digest: its SHA-256 as 64 hex digits; None where the back end does not know it without a download.
    """

    name: str
    size: int
    modified: datetime
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part in the store: the entry's name and its size in bytes, enough to name it in a report.

    ``fingerprint`` is what it is kept under: :attr:`rebake.archive.manifest.PartRecord.key`.
    """

    part: Part
    fingerprint: str
    name: str
    size: int


def part_name(part: Part, fingerprint: str) -> str:
    """The entry's name of a part: an archive, or for responses (which need no training) the manifest of their model."""
    return f"{part}-{fingerprint}.{'json' if part == 'nlg' else 'tar.gz'}"


def is_entry_name(name: str) -> bool:
    """Return whether it is a name that an entry can have; what is being written has another."""
    return _ENTRY_NAME.fullmatch(name) is not None


def is_part_name(name: str) -> bool:
    """Return whether an entry of this name is a part."""
    return _PART_NAME.fullmatch(name) is not None


class Store(ABC):
    """Trained parts, and small files beside them. Back ends implement what is abstract.

    Attributes:
        used: names of the entries that this run asked for or published, and of the newest model's parts.
        trust: whose entries are found; None for those of whoever may write to the store.
    """

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.trust: Trust | None = None
        self._signatures: dict[str, bytes | None] = {}
        self._refusals: dict[str, str] = {}

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

    @property
    @abstractmethod
    def label(self) -> str:
        """What a message calls the store; never with a credential."""

    @abstractmethod
    def where(self, name: str) -> str:
        """Return what a message calls an entry, the subject of a sentence; never with a credential."""

    @abstractmethod
    def finish(self) -> None:
        """Complete what :meth:`upload` began, once at the end of a run."""

    def refresh(self) -> None:
        """Forget earlier answers: another run may have written entries meanwhile."""
        self._signatures.clear()
        self._refusals.clear()

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and threads, so that this process may fork; the next call opens what it needs again."""

    def look_up(self, name: str) -> StoredFile | None:
        """Return an entry, None where there is none; a back end may know a quicker way than listing all."""
        return self.entries().get(name)

    @property
    def refuses_deletion(self) -> str:
        """Why entries cannot be deleted, as a clause, so that it is no use to record who uses what; mostly empty."""
        return ""

    @property
    def deletion_hint(self) -> str:
        """How people delete entries where :attr:`refuses_deletion` is not empty, as a sentence."""
        return ""

    @property
    def has_addresses(self) -> bool:
        """Whether people can download entries that this run writes, by their :meth:`address`. Raises StorageError."""
        return False

    def address(self, name: str) -> str | None:
        """Return where people can download an entry; None where there is no such address, or it is not known."""
        del name
        return None

    # What the entries mean.

    def find(self, part: Part, fingerprint: str) -> StoredPart | None:
        """Find the part with this fingerprint, None where nobody who is trusted published it. Raises StorageError."""
        name = part_name(part, fingerprint)
        self.used.add(name)
        entry = self.look_up(name)
        if entry is None or not self._is_trusted(entry):
            return None
        return StoredPart(part, fingerprint, name, entry.size)

    def refusal(self, part: Part, fingerprint: str) -> str | None:
        """Return why a part that is there was not found, as a clause; None where it is not there."""
        return self.refusal_of(part_name(part, fingerprint))

    def refusal_of(self, name: str) -> str | None:
        """Return why an entry that is there was not found, or read, as a clause."""
        return self._refusals.get(name)

    def _is_trusted(self, entry: StoredFile) -> bool:
        """Whether an entry is signed, if it has to be; it is downloaded only where its digest is not known."""
        digest = entry.digest
        if self.trust is None:
            return True
        if digest is None:
            with TemporaryDirectory(prefix="rebake-") as directory:
                path = Path(directory) / "entry"
                self.download(entry.name, path)
                digest = sha256(path)
        try:
            self._require_signature(entry.name, digest, self.trust)
        except SignatureError as error:
            self._refusals[entry.name] = str(error)
            return False
        return True

    def _require_signature(self, name: str, digest: str, trust: Trust) -> None:
        """Raise SignatureError unless an entry with this SHA-256 is signed; the message is a clause."""
        signature = self._signature(name)
        if signature is None:
            raise SignatureError("it is in the store, but not signed")
        try:
            trust.require(signature, name, digest)
        except SignatureError as error:
            raise SignatureError(f"it is in the store, but its signature {error}") from error

    def _signature(self, name: str) -> bytes | None:
        if name not in self._signatures:
            entry = self.look_up(name + SIGNATURE_SUFFIX)
            found = None
            if entry is not None and entry.size <= MAX_SIZE:
                with TemporaryDirectory(prefix="rebake-") as directory:
                    path = Path(directory) / "signature"
                    self.download(entry.name, path)
                    found = path.read_bytes()
            self._signatures[name] = found
        return self._signatures[name]

    def fetch(self, stored: StoredPart, directory: Path) -> Path:
        """Download a part's archive; it must be what its name says.

        Raises:
            StorageError: the download failed.
            ModelError: it is not the archive of that part with that fingerprint, it has damaged files, or its content
                is not what was signed.
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
        if self.trust is not None:  # of the bytes that came, whatever the list of entries says
            try:
                self._require_signature(stored.name, sha256(path), self.trust)
            except SignatureError as error:
                raise ModelError(f"{self.where(stored.name)} is not taken: {error}.") from error
        found = inspect_model(path)
        record = found.manifest.parts.get(stored.part) if found.manifest is not None else None
        if record is None or record.key != stored.fingerprint:
            raise ModelError(f"{self.where(stored.name)} does not contain what its name says.")
        damages = describe(found.of_part(stored.part))
        if damages:
            raise ModelError(f"{self.where(stored.name)} is damaged: {'; '.join(damages)}.")

    def publish_part(self, part: Part, fingerprint: str, path: Path, *, replace: bool = False) -> None:
        """Keep a part for good: its archive (for responses, their model's manifest).

        What this run signs takes the place of what is there, which was not trusted. A run that trusts signed entries
        alone and cannot sign replaces none, as in :meth:`publish`.

        Raises:
            StorageError: the store refuses it, or cannot be reached.
        """
        may_replace = self.trust is None or self.trust.signing_key is not None
        self._keep(path, part_name(part, fingerprint), replace=replace and may_replace)

    def _keep(self, path: Path, name: str, *, replace: bool) -> None:
        """Upload a file, then its signature, which is written beside it."""
        self.used |= {name, name + SIGNATURE_SUFFIX}
        signature = self.trust.sign(name, sha256(path)) if self.trust is not None else None
        self.upload(path, name, replace=replace or signature is not None)
        if signature is not None:
            beside = path.with_name(name + SIGNATURE_SUFFIX)
            beside.write_bytes(signature)
            self.upload(beside, beside.name, replace=True)
            self._signatures[name] = signature
            self._refusals.pop(name, None)

    def read(self, name: str) -> bytes | None:
        """Return the content of a small entry, such as an evaluation; None where nobody who is trusted published one.

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
            content = path.read_bytes()
        if self.trust is not None:
            try:
                self._require_signature(name, hashlib.sha256(content).hexdigest(), self.trust)
            except SignatureError as error:
                self._refusals[name] = str(error)
                return None
        return content

    def publish(self, path: Path, name: str, *, replace: bool = True) -> None:
        """Keep a small file under this name, in place of an earlier one or only where there is none.

        A run that trusts signed entries alone and cannot sign leaves what is there, which others may trust.

        Raises:
            StorageError: the store refuses it, or cannot be reached.
        """
        if self.trust is None or self.trust.signing_key is not None:
            self._keep(path, name, replace=replace)

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
        self.used |= {part_name(part, record.key) for part, record in manifest.parts.items()}
        return manifest

    def publish_manifest(self, path: Path, name: str) -> None:
        """Publish the manifest from which later runs explain what changed. Raises StorageError."""
        self.publish(path, name)
