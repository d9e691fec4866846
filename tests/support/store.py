"""Archives small enough to be published by the dozen."""

from __future__ import annotations

from pathlib import Path

from rebake.archive.manifest import Manifest, Part, PartRecord, write_manifest
from rebake.archive.pack import pack
from rebake.store.protocol import Store

A, B = "a" * 64, "b" * 64


def archive(
    place: Path, part: Part, fingerprint: str, name: str = "model.tar.gz", weights: bytes = b"\0\1" * 5000
) -> Path:
    """An archive of just this part under this fingerprint."""
    directory = place / f"{part}-{fingerprint[:4]}"
    directory.mkdir(exist_ok=True)
    (directory / "weights").write_bytes(weights)
    (directory / "metadata.json").write_text("{}", encoding="utf-8")
    write_manifest(Manifest({part: PartRecord(fingerprint)}, tool_version="1"), directory)
    return pack(directory, place / name)


def keep_part(store: Store, place: Path) -> Path:
    """Publish a part under the fingerprint A."""
    path = archive(place, "nlu", A)
    store.publish_part("nlu", A, path)
    return path


def fetch_part(store: Store, place: Path) -> bytes:
    """Return the content of that part."""
    stored = store.find("nlu", A)
    assert stored is not None
    (place / "fetched").mkdir(exist_ok=True)
    return store.fetch(stored, place / "fetched").read_bytes()
