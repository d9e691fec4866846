"""rebake.json: what a model was trained from, in digests; docs/rebake-json.md describes the format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rebake.archive.pack import COMPONENTS_NAME, MANIFEST_NAME, read_member
from rebake.base.files import write_text
from rebake.errors import ModelError, StorageError

Part = Literal["core", "nlu", "nlg"]
PARTS: tuple[Part, ...] = ("core", "nlu", "nlg")

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part was trained from, so that a later check can say what changed.

    Attributes:
        kind: "example", "synonym", "regex", "lookup", "story", "rule", "intent", "entity", "slot", "form", "action",
            "response" ...
        name: what a person calls it: the intent of an example, the name of a story.
        digest: 16 hex digits over its meaning; never its text.
        file: the file that it is in, POSIX separators; "" if it is in none.
        line: 1-based; 0 where it stands nowhere.
    """

    kind: str
    name: str
    digest: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What one part was (or is to be) trained from, and how its training went.

    Attributes:
        fingerprint: 64 hex digits; equal fingerprints mean equal models.
        items: the data, sorted.
        settings: what else counts, in clear text: ``language``, ``augmentation_factor``, ``action_order`` ...
        seed: of the components without ``random_seed``; None where the part has nothing that is trained.
        trained_by: e.g. "rebake 0.1.0"; "" in a record that only fingerprints.
        reused_from: the archive or store entry that the part was carried over from; None where trained here.
        metrics: figures of its training, e.g. {"DIETClassifier5.loss": 0.2}.
    """

    fingerprint: str
    items: tuple[Item, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    trained_by: str = ""
    reused_from: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """A component or policy.

    Attributes:
        options: merged with the defaults, without those that change nothing.
        fingerprint: covers all that it learns from.
        files: names of its files in the model, sorted; :func:`with_files` looks them up. Empty where nothing was
            learned. What is carried over must have them all: Rasa would load a rest of them without a word.
    """

    part: Part
    name: str
    version: int
    options: Mapping[str, Any]
    fingerprint: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of rebake.json. ``components`` keeps the order of the pipeline and of the policies."""

    parts: Mapping[Part, PartRecord]
    components: Mapping[str, ComponentRecord] = field(default_factory=dict)
    tool_version: str = ""
    format: int = FORMAT


def write_manifest(manifest: Manifest, directory: Path) -> Path:
    """Write rebake.json into an unpacked model, listing its components' files; the same model gives the same bytes."""
    path = directory / MANIFEST_NAME
    write_text(path, format_manifest(with_files(manifest, directory)))
    return path


def with_files(manifest: Manifest, directory: Path) -> Manifest:
    """Return the manifest with the names of the files that the components have in an unpacked model."""
    components = {
        node: replace(record, files=_files_of(directory / COMPONENTS_NAME / f"train_{node}") or record.files)
        for node, record in manifest.components.items()
    }
    return replace(manifest, components=components)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of an archive, of an unpacked model, or a rebake.json by itself; None where there is no rebake.json.

    Raises:
        ModelError: the archive is broken, or the manifest is, or it is of a format that is too new.
        StorageError: the file cannot be read.
    """
    if path.suffix == ".json":
        try:
            return parse_manifest(path.read_bytes(), str(path))
        except OSError as error:
            raise StorageError(f"{path} cannot be read ({error.strerror or error}).") from error
    content = read_member(path, MANIFEST_NAME)
    return None if content is None else parse_manifest(content, f"{MANIFEST_NAME} in {path}")


def format_manifest(manifest: Manifest) -> str:
    """Return the manifest as JSON text."""
    content = {
        "format": FORMAT,
        "tool": {"name": "rebake", "version": manifest.tool_version},
        "parts": {part: _part_to_json(manifest.parts[part]) for part in PARTS if part in manifest.parts},
        "components": {
            node: {
                "part": record.part,
                "name": record.name,
                "version": record.version,
                "options": record.options,
                "fingerprint": record.fingerprint,
                "files": list(record.files),
            }
            for node, record in manifest.components.items()
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def parse_manifest(content: bytes, source: str) -> Manifest:
    """Read the text of a rebake.json; ``source`` names it in messages.

    Raises:
        ModelError: it is broken, or of a format that is too new.
    """
    try:
        raw = json.loads(content)
        found = raw["format"]
        if isinstance(found, int) and found > FORMAT:
            raise ModelError(
                f"{source} is of format {found}, and this rebake reads formats up to {FORMAT}.", fix="Update rebake."
            )
        return Manifest(
            parts={part: _part_from_json(raw["parts"][part]) for part in PARTS if part in raw["parts"]},
            components={
                node: ComponentRecord(
                    part=_known_part(record["part"]),
                    name=str(record["name"]),
                    version=int(record["version"]),
                    options=dict(record["options"]),
                    fingerprint=str(record["fingerprint"]),
                    files=tuple(str(name) for name in record["files"]),
                )
                for node, record in raw["components"].items()
            },
            tool_version=str(raw["tool"]["version"]),
            format=int(found),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{source} is broken ({error!r}).", fix="Train the model again.") from error


def _files_of(directory: Path) -> tuple[str, ...]:
    return tuple(sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file()))


def _part_to_json(record: PartRecord) -> dict[str, Any]:
    items: dict[str, dict[str, list[list[Any]]]] = {}
    for item in record.items:
        items.setdefault(item.kind, {}).setdefault(item.file, []).append([item.digest, item.line, item.name])
    return {
        "fingerprint": record.fingerprint,
        "seed": record.seed,
        "trained_by": record.trained_by,
        "reused_from": record.reused_from,
        "metrics": dict(record.metrics),
        "settings": dict(record.settings),
        "items": items,
    }


def _part_from_json(raw: Mapping[str, Any]) -> PartRecord:
    return PartRecord(
        fingerprint=str(raw["fingerprint"]),
        items=tuple(
            Item(kind, str(name), str(digest), file, int(line))
            for kind, files in raw["items"].items()
            for file, rows in files.items()
            for digest, line, name in rows
        ),
        settings=dict(raw["settings"]),
        seed=None if raw["seed"] is None else int(raw["seed"]),
        trained_by=str(raw["trained_by"]),
        reused_from=None if raw["reused_from"] is None else str(raw["reused_from"]),
        metrics={name: float(value) for name, value in raw["metrics"].items()},
    )


def _known_part(name: str) -> Part:
    for part in PARTS:
        if part == name:
            return part
    raise ValueError(f"unknown part {name!r}")
