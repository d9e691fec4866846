"""Where a released model is from: an in-toto statement with the predicate SLSA Provenance v1.

docs/how-to/verify-a-release.md defines the type of the build, that is the meaning of its parameters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rebake.action.event import Event
from rebake.action.settings import Settings
from rebake.archive.in_toto import statement
from rebake.archive.manifest import ComponentRecord, Manifest
from rebake.archive.pack import SUFFIX
from rebake.base.files import write_text
from rebake.base.version import __version__
from rebake.errors import StorageError
from rebake.registry.entry import HubCommit, PackageVersion
from rebake.registry.lookup import COMPONENTS
from rebake.store.envelope import seal
from rebake.store.keys import PrivateKey
from rebake.store.verification import PROVENANCE_TYPE, signed_provenance_name

BUILD_TYPE = "https://github.com/rebake/rebake/build/v1"


@dataclass(frozen=True, slots=True)
class StoreArchive:
    """An archive of the store that parts or components could be taken from: name, SHA-256 as 64 hex digits, address."""

    name: str
    digest: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Build:
    """What a run built.

    Attributes:
        manifest: of the model.
        subjects: name of a released file -> its SHA-256 as 64 hex digits.
        commit: that was checked out.
        sources: what was downloaded for it.
        started, finished: with their time zones.
    """

    manifest: Manifest
    subjects: Mapping[str, str]
    commit: str
    sources: Sequence[StoreArchive]
    started: datetime
    finished: datetime


def provenance(settings: Settings, event: Event, build: Build) -> dict[str, Any]:
    """Return the statement; apart from times, run and runner, the same build gives the same."""
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "repository": event.repository_url,
                "ref": event.ref,
                **({"workflow": event.workflow} if event.workflow else {}),
                "inputs": _inputs(settings),
            },
            "internalParameters": {
                "event": event.name,
                "tool": {"name": "rebake", "version": __version__},
                "parts": _parts(build.manifest),
            },
            "resolvedDependencies": list(_dependencies(event, build)),
        },
        "runDetails": {
            "builder": {"id": _builder(event), "version": {"rebake": __version__}},
            "metadata": {
                "invocationId": f"{event.run_url}/attempts/{event.run_attempt}",
                "startedOn": _time(build.started),
                "finishedOn": _time(build.finished),
            },
        },
    }
    return statement(build.subjects, PROVENANCE_TYPE, predicate)


def write_attestations(document: dict[str, Any], model: Path, key: PrivateKey | None) -> list[Path]:
    """Write the statement beside the model; with a key, also in a signed envelope. Raises StorageError."""
    stem = model.name.removesuffix(SUFFIX)
    plain = model.with_name(f"{stem}.provenance.json")
    signed = model.with_name(signed_provenance_name(model.name))
    texts = {plain: json.dumps(document, indent=2) + "\n"}
    if key is not None:
        texts[signed] = seal(document, key).decode()
    for path, text in texts.items():
        try:
            write_text(path, text)
        except OSError as error:
            raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error
    return list(texts)


def _inputs(settings: Settings) -> dict[str, Any]:
    """The inputs that decide what is trained, and from what; no secret, and no value of a variable."""
    return {
        "config": settings.config,
        "domain": list(settings.domain),
        "data": list(settings.data),
        "working-directory": settings.working_directory,
        "name": settings.name,
        "env": sorted(settings.env),
        "augmentation-factor": settings.augmentation_factor,
        "force": settings.force,
        "finetune": settings.finetune,
        "epoch-fraction": settings.epoch_fraction,
        "rasa": settings.rasa,
        "store": settings.store,
        "store-tag": settings.store_tag,
        "trust": settings.trust,
    }


def _parts(manifest: Manifest) -> dict[str, Any]:
    return {
        part: {
            "fingerprint": record.fingerprint,
            "seed": record.seed,
            "trainedBy": record.trained_by,
            "reusedFrom": record.reused_from,
            **({} if record.finetuned is None else {"finetuned": record.finetuned.as_dict()}),
        }
        for part, record in manifest.parts.items()
    }


def _dependencies(event: Event, build: Build) -> Iterator[dict[str, Any]]:
    """The commit, the archives that parts were taken from, and the language models."""
    at = f"@{event.ref}" if event.ref else ""
    yield {"uri": f"git+{event.repository_url}{at}", "digest": {"gitCommit": build.commit}}
    for source in sorted(build.sources, key=lambda source: source.name):
        address = {} if source.address is None else {"uri": source.address}
        yield {**address, "digest": {"sha256": source.digest}, "name": source.name}
    found: dict[str, dict[str, Any]] = {}
    for record in build.manifest.components.values():
        found |= {each["name"]: each for each in _pretrained(record)}
    yield from (found[name] for name in sorted(found))


def _pretrained(record: ComponentRecord) -> Iterator[dict[str, Any]]:
    """The language model of a component, and the files that its options name."""
    entry = COMPONENTS.get(record.name)
    options = record.options
    match entry.pretrained if entry is not None else None:
        case PackageVersion(option) if f"version of {option}" in options:
            version = options[f"version of {option}"]
            yield {"uri": f"pkg:generic/{options[option]}@{version}", "name": str(options[option])}
        case HubCommit() as hub if f"commit of {hub.weights}" in options:
            commit = options[f"commit of {hub.weights}"]
            name = options[hub.weights] or hub.defaults.get(str(options[hub.kind]))
            yield {"uri": f"pkg:huggingface/{name}@{commit}", "digest": {"gitCommit": commit}, "name": str(name)}
        case _:
            pass
    for key, digest in options.items():
        if key.startswith("content of "):
            path = str(options[key.removeprefix("content of ")])
            where = Path(os.path.relpath(path)).as_posix()
            yield {"uri": where, "name": path, "annotations": {"content": digest}}


def _builder(event: Event) -> str:
    """GitHub's runners, or somebody's own; whose they are decides what the rest is worth."""
    return f"{event.server_url}/actions/runner/{event.runner or 'unknown'}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
