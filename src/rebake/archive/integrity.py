"""Whether a model is whole: each of its files as rebake.json lists it, and what of the model a damaged one affects."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rebake.archive.manifest import PARTS, FileRecord, Manifest, Part, read_manifest
from rebake.archive.metadata import DOMAIN_FILE, Metadata, parse_metadata
from rebake.archive.pack import COMPONENTS_NAME, MANIFEST_NAME, MAX_MEMBER_READ, METADATA_NAME, errors_of, read_files
from rebake.archive.sealed_gzip import is_sealed
from rebake.assistant.nlu_data.writer import PERSISTED_NLU
from rebake.errors import ModelError
from rebake.registry.lookup import COMPONENTS

MISSING = "is missing"
_LINK = FileRecord(-1, "")  # found instead of a file
_CHUNK = 1 << 20
_EVERY_PART = frozenset(PARTS)


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of a model that is not as it was written.

    Attributes:
        file: its path in the model.
        problem: completes a sentence about the file: "is missing".
        parts: those that cannot be used as they are.
        component: id of the node whose file it is; None where it belongs to no component.
    """

    file: str
    problem: str
    parts: frozenset[Part]
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a model.

    Attributes:
        manifest: None where it has no rebake.json.
        damages: in the order of the files' paths.
    """

    manifest: Manifest | None
    damages: tuple[Damage, ...] = ()

    def of_part(self, part: Part) -> tuple[Damage, ...]:
        """Return the damages that affect a part."""
        return tuple(damage for damage in self.damages if part in damage.parts)

    def has_whole_component(self, node_id: str) -> bool:
        """Return whether a component can be carried over: its own files are whole, and so is what names them."""
        return not any(damage.component == node_id or damage.file == METADATA_NAME for damage in self.damages)


def inspect_model(path: Path) -> Inspection:
    """Read a model to its end and compare its files with rebake.json.

    A model of an earlier version of rebake lists no digests: there, the files that its components have by rebake.json
    and metadata.json must be present.

    An archive that is sealed, and has not changed since, was whole when rebake wrote it, so it is not unzipped.

    Args:
        path: an archive, an unpacked model, or a rebake.json by itself, of which there is nothing to compare.

    Raises:
        ModelError: nothing can be known of any file: the archive or its rebake.json is broken.
        StorageError: the file cannot be read.
    """
    manifest = read_manifest(path)
    if path.suffix == ".json":
        return Inspection(manifest)
    listed = None if manifest is None else manifest.files
    found: dict[str, FileRecord] = {}
    metadata = b""
    with errors_of(path):
        if listed is not None and path.is_file() and is_sealed(path):
            return Inspection(manifest)
        for name, content in read_files(path):
            if name == METADATA_NAME and content is not None and listed is None:
                metadata = content.read(MAX_MEMBER_READ)
                found[name] = FileRecord(len(metadata), "")
            elif name != MANIFEST_NAME:
                found[name] = _LINK if content is None else _measure(content, with_digest=listed is not None)
    if manifest is None:
        return Inspection(None)
    if listed is None:
        damages = list(_damages_without_list(manifest, found, metadata, path))
    else:
        damages = list(_damages(manifest, listed, found))
    return Inspection(manifest, tuple(sorted(damages, key=lambda damage: damage.file)))


def describe(damages: Iterable[Damage]) -> tuple[str, ...]:
    """Return a clause for each component, and for each file of no component, that is not as it was written."""
    return tuple(_problem_of(group) for group in _groups(damages))


def reasons(damages: Iterable[Damage]) -> tuple[str, ...]:
    """As :func:`describe`, with what a training will do about it."""
    return tuple(f"{_problem_of(group)}, so {_remedy(group[0])}" for group in _groups(damages))


def _groups(damages: Iterable[Damage]) -> Collection[list[Damage]]:
    groups: dict[str, list[Damage]] = {}
    for damage in damages:
        groups.setdefault(damage.component or damage.file, []).append(damage)
    return groups.values()


def _problem_of(group: Sequence[Damage]) -> str:
    first, others = group[0], len(group) - 1
    more = f" ({others} more {'file' if others == 1 else 'files'} of it {'is' if others == 1 else 'are'} damaged)"
    return f"{first.file} of the model {first.problem}{more if others else ''}"


def _remedy(damage: Damage) -> str:
    if damage.component is not None:
        return f"{damage.component} will be trained again"
    return f"this part will be {'trained again' if damage.file == METADATA_NAME else 'rebuilt'}"


def _measure(content: IO[bytes], *, with_digest: bool) -> FileRecord:
    size, digest = 0, hashlib.sha256()
    while chunk := content.read(_CHUNK):
        size += len(chunk)
        if with_digest:
            digest.update(chunk)
    return FileRecord(size, digest.hexdigest() if with_digest else "")


def _damages(manifest: Manifest, listed: Mapping[str, FileRecord], found: Mapping[str, FileRecord]) -> Iterator[Damage]:
    for name in {METADATA_NAME, *listed, *found}:
        problem = _problem(listed.get(name), found.get(name))
        if problem is not None:
            yield _damage(manifest, name, problem)


def _problem(wanted: FileRecord | None, there: FileRecord | None) -> str | None:
    if there is None:
        return MISSING
    if there == _LINK:
        return "is a link or no file at all"
    if wanted is None:
        return f"is not listed in {MANIFEST_NAME}"
    if there.size != wanted.size:
        return f"has {there.size} bytes instead of {wanted.size}" if there.size else "is empty"
    if there.sha256 != wanted.sha256:
        return f"does not have the SHA-256 that {MANIFEST_NAME} lists"
    return None


def _damages_without_list(
    manifest: Manifest, found: Mapping[str, FileRecord], metadata: bytes, path: Path
) -> Iterator[Damage]:
    """Damages as far as the names of the components' files, and the graph, show them."""
    wanted = {
        f"{COMPONENTS_NAME}/train_{node}/{file}"
        for node, record in manifest.components.items()
        for file in record.files
    }
    if "core" in manifest.parts:
        wanted.add(f"{COMPONENTS_NAME}/{DOMAIN_FILE}")
    for name in {METADATA_NAME, *wanted, *found}:
        there = found.get(name)
        if there is None:
            yield _damage(manifest, name, MISSING)
        elif there == _LINK:
            yield _damage(manifest, name, "is a link or no file at all")
        elif there.size == 0:  # no component ever wrote an empty file
            yield _damage(manifest, name, "is empty")
        elif name not in wanted and _is_odd(manifest, name):
            yield _damage(manifest, name, f"is not listed in {MANIFEST_NAME}")
    if metadata:
        try:
            graph = parse_metadata(metadata, path)
        except ModelError:
            yield _damage(manifest, METADATA_NAME, "is broken")
        else:
            yield from _missing_nodes(manifest, graph)


def _is_odd(manifest: Manifest, name: str) -> bool:
    """Whether a file that is not listed lies in the directory of a component, which is carried over as it is."""
    written_later = {entry.responses.file for entry in COMPONENTS.values() if entry.responses is not None}
    return _scope(manifest, name)[1] is not None and name.rpartition("/")[2] not in written_later


def _missing_nodes(manifest: Manifest, graph: Metadata) -> Iterator[Damage]:
    nodes = {node.id for node in (*graph.nlu, *graph.core)}
    for part in manifest.parts:
        missing = [
            node
            for node, record in manifest.components.items()
            if record.part == part and record.version > 0 and node not in nodes  # version 0: trained by no rebake
        ]
        if missing:
            yield Damage(METADATA_NAME, f"does not name {', '.join(missing)}", frozenset({part}))


def _damage(manifest: Manifest, name: str, problem: str) -> Damage:
    parts, component = _scope(manifest, name)
    return Damage(name, problem, parts, component)


def _scope(manifest: Manifest, name: str) -> tuple[frozenset[Part], str | None]:
    """The parts that a file belongs to, and its component."""
    room, _, path = name.partition("/")
    if room == COMPONENTS_NAME:
        directory = path.partition("/")[0]
        node = directory.removeprefix("train_")
        if directory != node and node in manifest.components:
            return frozenset({manifest.components[node].part}), node
        if path == DOMAIN_FILE:  # Core is served with it, and it has the responses
            return frozenset({"core", "nlg"}), None
        if path == PERSISTED_NLU:
            return frozenset({"nlu"}), None
    return _EVERY_PART, None
