"""What tests of a model's parts are kept under: fingerprints, of fine-tuned parts digests over their files as well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rebake.archive.lineage import finetuned_key
from rebake.archive.manifest import Part, content_key, read_manifest
from rebake.store.protocol import Store, StoredPart

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")


def parts_of(model: Path) -> dict[Part, str]:
    """Return what tests of a model's parts are kept under. Raises ModelError and StorageError."""
    manifest = read_manifest(model)
    return {} if manifest is None else {part: content_key(manifest, part) for part in manifest.parts}


def stored_part(store: Store, part: Part, fingerprint: str, *, accept_finetuned: bool) -> StoredPart | None:
    """Return a part of the store, a fine-tuned one only if there is no other and it is accepted."""
    found = store.find(part, fingerprint)
    if found is None and accept_finetuned:
        found = store.find(part, finetuned_key(fingerprint))
    return found


def parts_in_store(store: Store, parts: Mapping[Part, str], scratch: Path) -> dict[Part, str]:
    """Return what tests of a model are kept under whose parts may be fine-tuned, as the store has them.

    Args:
        store: that has the parts.
        parts: the fingerprints of the model's parts.
        scratch: for the archives of fine-tuned parts.

    Raises:
        ModelError, StorageError: a fine-tuned part cannot be read.
    """
    found = dict(parts)
    for part in TRAINED_PARTS:
        wanted = parts.get(part)
        stored = None if wanted is None else stored_part(store, part, wanted, accept_finetuned=True)
        if stored is not None and wanted is not None and stored.fingerprint != wanted:
            found[part] = parts_of(store.fetch(stored, scratch)).get(part, wanted)
    return found
