"""One entry of the store as an artifact: a manifest by OCI's image specification 1.1, and the file as its one layer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oras.oci import NewLayer, NewManifest

from rebake.store.oci.names import tag_of
from rebake.store.protocol import StoredFile, is_entry_name

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.rebake.entry.v1"  # docs/how-to/stores.md is about it
EMPTY = b"{}"  # the configuration of an artifact that has none, by the specification

_LAYER_TYPES = {".tar.gz": "application/vnd.rebake.part.v1.tar+gzip", ".json": "application/vnd.rebake.entry.v1+json"}
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_TITLE = "org.opencontainers.image.title"
_CREATED = "org.opencontainers.image.created"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Artifact:
    """An entry in a registry.

    Attributes:
        entry: its name, size, time and SHA-256.
        digest: of the manifest, "sha256:...", by which it is deleted.
    """

    entry: StoredFile
    digest: str


def new_layer(path: Path, name: str) -> dict[str, Any]:
    """Describe the file of an entry as a layer."""
    kind = next((kind for suffix, kind in _LAYER_TYPES.items() if name.endswith(suffix)), ARTIFACT_TYPE)
    layer: dict[str, Any] = NewLayer(str(path), media_type=kind)
    return {**layer, "annotations": {_TITLE: name}}


def new_configuration(path: Path) -> dict[str, Any]:
    """Describe the file at ``path``, which contains :data:`EMPTY`, as an artifact's configuration."""
    configuration: dict[str, Any] = NewLayer(str(path), media_type=_EMPTY_TYPE)
    return configuration


def new_manifest(
    name: str, layer: Mapping[str, Any], configuration: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the manifest of an entry that is written now."""
    created = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        **NewManifest(),
        "artifactType": ARTIFACT_TYPE,
        "config": dict(configuration),
        "layers": [dict(layer)],
        "annotations": {_TITLE: name, _CREATED: created},
    }


def parse_artifact(content: bytes, digest: str, tag: str) -> Artifact | None:
    """Read what is behind a tag; None where it is not an entry of a store, such as an image."""
    try:
        manifest = json.loads(content)
        [layer] = manifest["layers"]
        name, size = manifest["annotations"][_TITLE], layer["size"]
        found = _DIGEST.fullmatch(layer["digest"])
        modified = datetime.fromisoformat(manifest["annotations"][_CREATED])
        is_dated = modified.tzinfo is not None and modified.astimezone(UTC) is not None  # or too early, or too late
        is_entry = manifest["artifactType"] == ARTIFACT_TYPE and is_entry_name(name) and tag_of(name) == tag
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    if not is_entry or found is None or not isinstance(size, int) or size < 0 or not is_dated:
        return None
    return Artifact(StoredFile(name, size, modified, found[1]), digest)
