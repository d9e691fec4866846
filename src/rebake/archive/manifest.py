"""rebake.json: what a model was trained from, in digests; docs/reference/rebake-json.md describes the format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rebake.archive.lineage import FinetunedFrom, finetuned_key
from rebake.archive.pack import COMPONENTS_NAME, MANIFEST_NAME, read_member
from rebake.base.files import write_text
from rebake.errors import ModelError, StorageError

Part = Literal["core", "nlu", "nlg"]
PARTS: tuple[Part, ...] = ("core", "nlu", "nlg")

FORMAT = 2  # the newest that is read
ORDINARY = 1  # what a model without fine-tuned parts is written as: earlier versions of rebake read it, too
LONGEST_TRAINING = 1e7  # seconds; a time in a manifest that is longer is not believed


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
        fingerprint: 64 hex digits; equal fingerprints mean equal models, unless one was fine-tuned.
        items: the data, sorted.
        settings: what else counts, in clear text: ``language``, ``augmentation_factor``, ``action_order`` ...
        seed: of the components without ``random_seed``; None where the part has nothing that is trained.
        trained_by: e.g. "rebake 0.1.0"; "" in a record that only fingerprints.
        reused_from: the archive or store entry that the part was carried over from; None where trained here.
        metrics: figures of its training, e.g. {"DIETClassifier5.loss": 0.2}.
        finetuned: what it continued; None where it was trained from scratch.
        seconds: how long its training took. Only archives of a single part have it, so that later runs know what they
            save; None in a whole model, which is the same bytes whenever and wherever it was trained.
    """

    fingerprint: str
    items: tuple[Item, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    trained_by: str = ""
    reused_from: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    finetuned: FinetunedFrom | None = None
    seconds: float | None = None

    @property
    def key(self) -> str:
        """What a store keeps the part under: one that was fine-tuned never takes the place of one that was not."""
        return self.fingerprint if self.finetuned is None else finetuned_key(self.fingerprint)


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """A component or policy.

    Attributes:
        options: merged with the defaults, without those that change nothing.
        fingerprint: covers all that it learns from.
        files: names of its files in the model, sorted; :func:`with_files` looks them up. Empty where nothing was
            learned.
        inputs: what it learns from besides its options ("texts", "entities", "upstream" ...) -> 16 hex digits; only to
            explain what changed. None where an earlier version of rebake, which did not record them, wrote the model.
    """

    part: Part
    name: str
    version: int
    options: Mapping[str, Any]
    fingerprint: str
    files: tuple[str, ...] = ()
    inputs: Mapping[str, str] | None = None


class FileRecord(NamedTuple):
    """Size in bytes and SHA-256 (64 hex digits) of a file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of rebake.json.

    Attributes:
        parts: what each part was trained from.
        components: node id -> record, in the order of the pipeline and of the policies.
        tool_version: of the rebake that wrote it.
        files: path in the model -> record, of every file but rebake.json itself; None where an earlier version of
            rebake, which did not list them, wrote the model.
        format: of the file.
    """

    parts: Mapping[Part, PartRecord]
    components: Mapping[str, ComponentRecord] = field(default_factory=dict)
    tool_version: str = ""
    files: Mapping[str, FileRecord] | None = None
    format: int = ORDINARY


def content_key(manifest: Manifest, part: Part) -> str:
    """What a part is, exactly: its fingerprint, or of a fine-tuned part, which others may share that, 64 hex digits
    over its files as well."""
    record = manifest.parts[part]
    if record.finetuned is None:
        return record.fingerprint
    own = [node for node, component in manifest.components.items() if component.part == part]
    directories = tuple(f"{COMPONENTS_NAME}/train_{node}/" for node in own)
    files = sorted((manifest.files or {}).items())
    digests = [(name, file.sha256) for name, file in files if name.startswith(directories)]
    return hashlib.sha256(json.dumps([record.key, digests]).encode()).hexdigest()


def finetuned_parts(manifest: Manifest) -> dict[Part, FinetunedFrom]:
    """Return what the fine-tuned parts were trained on from."""
    return {part: record.finetuned for part, record in manifest.parts.items() if record.finetuned is not None}


def write_manifest(manifest: Manifest, directory: Path) -> Manifest:
    """Write rebake.json into an unpacked model that is complete otherwise; returns it with the files that it lists.

    The same model gives the same bytes.
    """
    complete = with_files(manifest, directory)
    write_text(directory / MANIFEST_NAME, format_manifest(complete))
    return complete


def with_files(manifest: Manifest, directory: Path) -> Manifest:
    """Return the manifest with the files of an unpacked model: all of them, and the names of each component's."""
    names = sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file())
    files = {name: _record_of(directory / name) for name in names if name != MANIFEST_NAME}
    components = {}
    for node, record in manifest.components.items():
        own = f"{COMPONENTS_NAME}/train_{node}/"
        found = tuple(name.removeprefix(own) for name in names if name.startswith(own))
        components[node] = replace(record, files=found or record.files)
    return replace(manifest, components=components, files=files)


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
        # Earlier versions of rebake would take a fine-tuned component for an ordinary one.
        "format": FORMAT if finetuned_parts(manifest) else ORDINARY,
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
                **({} if record.inputs is None else {"inputs": dict(record.inputs)}),
            }
            for node, record in manifest.components.items()
        },
    }
    if manifest.files is not None:
        content["files"] = manifest.files
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
                    inputs={str(k): str(v) for k, v in record["inputs"].items()} if "inputs" in record else None,
                )
                for node, record in raw["components"].items()
            },
            tool_version=str(raw["tool"]["version"]),
            files=_files_from_json(raw["files"]) if "files" in raw else None,
            format=int(found),
        )
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{source} is broken ({error!r}).", fix="Train the model again.") from error


def _record_of(file: Path) -> FileRecord:
    with file.open("rb") as content:
        return FileRecord(file.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())


def _files_from_json(raw: Mapping[str, Any]) -> dict[str, FileRecord]:
    return {name: FileRecord(int(size), str(sha256)) for name, (size, sha256) in raw.items()}


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
        **({} if record.finetuned is None else {"finetuned": record.finetuned.as_dict()}),
        **({} if record.seconds is None else {"seconds": round(record.seconds, 1)}),
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
        finetuned=FinetunedFrom.from_dict(raw["finetuned"]) if raw.get("finetuned") is not None else None,
        seconds=_seconds_from_json(raw.get("seconds")),
    )


def _seconds_from_json(raw: Any) -> float | None:
    """It only decorates a report, so what is no time that a training takes makes no model unreadable."""
    return float(raw) if type(raw) in (int, float) and 0 <= raw <= LONGEST_TRAINING else None


def _known_part(name: str) -> Part:
    for part in PARTS:
        if part == name:
            return part
    raise ValueError(f"unknown part {name!r}")
