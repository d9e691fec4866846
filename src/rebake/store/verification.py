"""Whether what a store keeps, or a released model, is what it should be; for people who look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rebake.archive.manifest import PARTS
from rebake.archive.pack import SUFFIX
from rebake.base.files import sha256
from rebake.errors import ModelError, StorageError
from rebake.store.envelope import MAX_SIZE, SignatureError, open_envelope
from rebake.store.keys import PublicKey
from rebake.store.protocol import Store, is_part_name
from rebake.store.trust import SIGNATURE_SUFFIX
from rebake.store.uses import Use

PROVENANCE_TYPE = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry, and what is wrong with it; None where nothing is."""

    name: str
    problem: str | None


def verify_store(store: Store, directory: Path) -> Iterator[Checked]:
    """Check every entry that runs rely on, one after the other: parts by their lists of files, all by their signatures.

    Args:
        store: with ``trust``, if signatures are to be checked.
        directory: for one download at a time.

    Raises:
        StorageError: the store cannot be read.
    """
    for name in sorted(store.entries()):
        if name.endswith(SIGNATURE_SUFFIX) or Use.parse(name) is not None:
            continue
        yield Checked(name, _problem_of_part(store, name, directory) if is_part_name(name) else _unsigned(store, name))


def _problem_of_part(store: Store, name: str, directory: Path) -> str | None:
    start, _, rest = name.partition("-")
    part = next(part for part in PARTS if part == start)
    fingerprint = rest.partition(".")[0]
    stored = store.find(part, fingerprint)
    if stored is None:
        return store.refusal(part, fingerprint) or "it is gone"
    try:
        store.fetch(stored, directory).unlink()
    except ModelError as error:
        return error.message.rstrip(".")
    return None


def _unsigned(store: Store, name: str) -> str | None:
    try:
        return None if store.read(name) is not None else store.refusal_of(name) or "it is gone"
    except ModelError as error:
        return error.message.rstrip(".")


def signed_provenance_name(model: str) -> str:
    """Return what the signed provenance of a model is called, by the name of its archive."""
    return f"{model.removesuffix(SUFFIX)}.intoto.jsonl"


def verify_model(
    model: Path,
    keys: Sequence[PublicKey],
    repository: str | None,
    *,
    tag: str | None = None,
    provenance: Path | None = None,
) -> str:
    """Check a released model by its signed provenance, and say where it is from.

    Args:
        model: the archive.
        keys: that may have signed.
        repository: "owner/name" that it must be from; None for any.
        tag: that it must have been built for; None for any.
        provenance: by default the file beside the model. If given, messages name the model without its directory.

    Raises:
        StorageError: the model, or its provenance, cannot be read.
        ModelError: it is not the model that was signed.
    """
    shown = model if provenance is None else model.name
    beside = provenance or model.with_name(signed_provenance_name(model.name))
    try:
        digest = sha256(model)
        with beside.open("rb") as file:
            content = file.read(MAX_SIZE)
    except OSError as error:
        raise StorageError(f"{error.filename} cannot be read ({error.strerror or error}).") from error
    try:
        document = open_envelope(content, keys)
    except SignatureError as error:
        raise ModelError(f"{shown} is not trusted: the signature in {beside.name} {error}.") from error
    subjects = document.get("subject")
    named = {"name": model.name, "digest": {"sha256": digest}}
    if document.get("predicateType") != PROVENANCE_TYPE or not isinstance(subjects, list) or named not in subjects:
        raise ModelError(f"{shown} is not the model that {beside.name} is about: it has the SHA-256 {digest}.")
    definition = _mapping(_mapping(document.get("predicate")).get("buildDefinition"))
    outside = _mapping(definition.get("externalParameters"))
    address = str(outside.get("repository"))
    owner_and_name = "/".join(urlsplit(address).path.strip("/").split("/")[-2:])
    if repository is not None and owner_and_name.lower() != repository.lower():
        raise ModelError(f"{shown} is from {address}, and not from {repository}.")
    if tag is not None and outside.get("ref") != f"refs/tags/{tag}":
        raise ModelError(f"{shown} is from {outside.get('ref')}, and not from the tag {tag}.")
    dependencies = definition.get("resolvedDependencies")
    commits = [_mapping(_mapping(each).get("digest")).get("gitCommit") for each in dependencies or ()]
    commit = next((commit for commit in commits if commit), "?")
    return f"{shown}: from {address}, {outside.get('ref')}, commit {commit}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
