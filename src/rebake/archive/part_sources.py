"""Archives that parts and components are taken from instead of being trained again."""

from __future__ import annotations

import glob
import logging
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rebake.archive.manifest import ComponentRecord, Manifest, Part, PartRecord, read_manifest
from rebake.archive.metadata import Metadata, StoredNode, read_metadata
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.errors import ModelError, RebakeError
from rebake.registry.node import Node

logger = logging.getLogger("rebake")


@dataclass(frozen=True)
class SourcedPart:
    """A part that some archive has."""

    archive: Path
    record: PartRecord


@dataclass(frozen=True)
class SourcedComponent:
    """A component that some archive has: its id there, the record of its part, and its directory, which is missing
    where there was nothing to learn."""

    archive: Path
    node_id: str
    part: PartRecord
    directory: Path


class PartSources:
    """The manifests of some archives; an archive is unpacked only when something is taken from it.

    Archives without a readable manifest (Rasa's own, broken ones) offer nothing; ``notices`` receives a warning for
    each one that turns out to be broken when it is unpacked. Use it as a context manager: the
    unpacked archives go when it closes.
    """

    def __init__(self, archives: Iterable[Path], notices: NoticeSink) -> None:
        self._notices = notices
        self._manifests: dict[Path, Manifest] = {}
        for archive in archives:
            try:
                manifest = read_manifest(archive)
            except RebakeError as error:
                logger.debug("%s offers nothing: %s", archive, error)
                continue
            if manifest is not None:
                self._manifests.setdefault(archive, manifest)
        self._unpacked: dict[Path, tuple[Path, Metadata]] = {}
        self._stack = ExitStack()

    def find_part(self, part: Part, fingerprint: str) -> SourcedPart | None:
        """The first archive that has the part with this fingerprint, and can be unpacked."""
        for archive, manifest in list(self._manifests.items()):
            record = manifest.parts.get(part)
            if record is not None and record.fingerprint == fingerprint and self._opens(archive):
                return SourcedPart(archive, record)
        return None

    def take_part(self, sourced: SourcedPart, part: Part, nodes: Sequence[Node], components: Path) -> None:
        """Copy the directories of the part's components to where ``nodes`` expect them.

        Equal fingerprints mean equal components in an equal order, but not equal names: "DIETClassifier" and the
        dotted name of Rasa's class are the same component.
        """
        source, metadata = self._open(sourced.archive)
        stored = _stored_nodes(metadata, part)
        if len(stored) != len(nodes):
            raise ModelError(
                f"{sourced.archive} names {len(stored)} components of its {part} part in metadata.json, "
                f"but its fingerprint stands for {len(nodes)}.",
                fix="Remove this archive, or train with --force.",
            )
        records = self._manifests[sourced.archive].components
        for old, new in zip(stored, nodes, strict=True):
            if old.resource is None:
                continue
            directory = source / old.resource
            if old.id not in records or _missing_files(directory, records[old.id]):
                raise ModelError(
                    f"{sourced.archive} lacks files of {old.id} that its rebake.json lists.",
                    fix="Remove this archive, or train with --force.",
                )
            copy_component(directory, components / new.directory)

    def find_component(self, part: Part, fingerprint: str) -> SourcedComponent | None:
        """A component that was trained from just the same, or None."""
        for archive, manifest in list(self._manifests.items()):
            for node_id, record in manifest.components.items():
                if record.part == part and record.fingerprint == fingerprint and self._opens(archive):
                    source, metadata = self._open(archive)
                    for node in _stored_nodes(metadata, part):
                        directory = source / (node.resource or "")
                        if node.id == node_id and node.resource and not _missing_files(directory, record):
                            return SourcedComponent(archive, node_id, manifest.parts[part], directory)
        return None

    def _opens(self, archive: Path) -> bool:
        """Whether it can be unpacked; an archive that cannot (a download that was cut off) is taken off the sources."""
        try:
            self._open(archive)
        except ModelError as error:
            self._notices.add(Notice(f"Nothing is taken from a broken model. {error}"))
            self._manifests.pop(archive, None)
            return False
        return True

    def _open(self, archive: Path) -> tuple[Path, Metadata]:
        """The components directory of an unpacked archive, and its metadata."""
        if archive not in self._unpacked:
            directory = self._stack.enter_context(unpack(archive))
            self._unpacked[archive] = (directory / COMPONENTS_NAME, read_metadata(directory, archive=archive))
        return self._unpacked[archive]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()


def copy_component(source: Path, target: Path) -> None:
    """Copy the directory of a component, unless it learned nothing and has none.

    A file that is named as the directory is, such as ``train_LogisticRegressionClassifier3.skops``, gets the new
    directory's name, where Rasa looks for it.
    """
    if not source.is_dir():
        return
    shutil.copytree(source, target)
    for file in target.glob(f"{glob.escape(source.name)}.*"):
        file.rename(target / f"{target.name}{file.name.removeprefix(source.name)}")


def _missing_files(directory: Path, record: ComponentRecord) -> list[str]:
    return [name for name in record.files if not (directory / name).is_file()]


def _stored_nodes(metadata: Metadata, part: Part) -> tuple[StoredNode, ...]:
    return metadata.nlu if part == "nlu" else metadata.core
