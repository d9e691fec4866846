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
from typing import NamedTuple, Self

from rebake.archive.integrity import Inspection, describe, inspect_model
from rebake.archive.manifest import Manifest, Part, PartRecord, read_manifest
from rebake.archive.metadata import Metadata, StoredNode, read_metadata
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.errors import RebakeError
from rebake.registry.node import Node

logger = logging.getLogger("rebake")

_MAX = 3  # damages in a warning


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


class _Opened(NamedTuple):
    """An unpacked archive.

    Attributes:
        components: its directory of components.
        metadata: what its metadata.json says.
        found: which of its files are whole.
    """

    components: Path
    metadata: Metadata
    found: Inspection


class PartSources:
    """The manifests of some archives; an archive is unpacked only when something is taken from it.

    Archives without a readable manifest (Rasa's own, broken ones) offer nothing, and damaged ones only what is whole;
    ``notices`` receives a warning for each one that turns out to be broken or damaged when it is unpacked. Use it as a
    context manager: the unpacked archives go when it closes.

    With ``finetuned`` a fine-tuned part is taken as a whole where no archive has it trained from scratch. Its single
    components are never taken: their vocabularies number words as no other training does.
    """

    def __init__(self, archives: Iterable[Path], notices: NoticeSink, *, finetuned: bool = False) -> None:
        self._notices = notices
        self._takes_finetuned = finetuned
        self._manifests: dict[Path, Manifest] = {}
        for archive in archives:
            try:
                manifest = read_manifest(archive)
            except RebakeError as error:
                logger.debug("%s offers nothing: %s", archive, error)
                continue
            if manifest is not None:
                self._manifests.setdefault(archive, manifest)
        self._opened: dict[Path, _Opened | None] = {}
        self._stack = ExitStack()

    def find_part(self, part: Part, fingerprint: str, nodes: Sequence[Node]) -> SourcedPart | None:
        """Find the first archive that has the part with this fingerprint, with a component for each node, all whole.

        One that was trained from scratch comes before all that were fine-tuned.
        """
        having = [
            (archive, record)
            for archive, manifest in self._manifests.items()
            if (record := manifest.parts.get(part)) is not None and record.fingerprint == fingerprint
        ]
        ordinary = [(archive, record) for archive, record in having if record.finetuned is None]
        finetuned = [(archive, record) for archive, record in having if record.finetuned is not None]
        for archive, record in (*ordinary, *(finetuned if self._takes_finetuned else ())):
            opened = self._open(archive)
            if opened is None or opened.found.of_part(part):
                continue
            if len(_stored_nodes(opened.metadata, part)) == len(nodes):
                return SourcedPart(archive, record)
        return None

    def take_part(self, sourced: SourcedPart, part: Part, nodes: Sequence[Node], components: Path) -> None:
        """Copy the directories of the part's components to where ``nodes``, which it was found for, expect them.

        Equal fingerprints mean equal components in an equal order, but not equal names: "DIETClassifier" and the
        dotted name of Rasa's class are the same component.
        """
        opened = self._open(sourced.archive)
        assert opened is not None, "a part is taken from where it was found"
        for old, new in zip(_stored_nodes(opened.metadata, part), nodes, strict=True):
            if old.resource is not None:
                copy_component(opened.components / old.resource, components / new.directory)

    def metadata(self, sourced: SourcedPart) -> Metadata:
        """The metadata of the archive that a part was found in."""
        opened = self._open(sourced.archive)
        assert opened is not None, "a part is taken from where it was found"
        return opened.metadata

    def find_component(self, part: Part, fingerprint: str) -> SourcedComponent | None:
        """Find a whole component that was trained from just the same, or None."""
        for archive, manifest in self._manifests.items():
            for node_id, record in manifest.components.items():
                if (record.part, record.fingerprint) != (part, fingerprint) or part not in manifest.parts:
                    continue
                if manifest.parts[part].finetuned is not None:
                    continue
                opened = self._open(archive)
                if opened is None or not opened.found.has_whole_component(node_id):
                    continue
                for node in _stored_nodes(opened.metadata, part):
                    if node.id == node_id and node.resource:
                        return SourcedComponent(
                            archive, node_id, manifest.parts[part], opened.components / node.resource
                        )
        return None

    def _open(self, archive: Path) -> _Opened | None:
        """Unpack an archive, once; None where it cannot be unpacked (a download that was cut off) or understood."""
        if archive not in self._opened:
            try:
                directory = self._stack.enter_context(unpack(archive))
                found = inspect_model(directory)
                metadata = read_metadata(directory, archive=archive)
                self._opened[archive] = _Opened(directory / COMPONENTS_NAME, metadata, found)
            except RebakeError as error:
                self._notices.add(Notice(f"A broken model is not reused. {error}"))
                self._opened[archive] = None
            else:
                if found.damages:
                    self._notices.add(Notice(f"{archive} is damaged: {'; '.join(describe(found.damages)[:_MAX])}."))
        return self._opened[archive]

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


def _stored_nodes(metadata: Metadata, part: Part) -> tuple[StoredNode, ...]:
    return metadata.nlu if part == "nlu" else metadata.core
