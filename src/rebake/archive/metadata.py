"""metadata.json and the files that must agree with it, written and read; the graphs come from graph.py."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rebake.archive.graph import NLU_TARGET, predict_graph, train_graph
from rebake.archive.manifest import Part
from rebake.archive.pack import COMPONENTS_NAME, METADATA_NAME, read_member
from rebake.archive.rasa_graph import PartGraphs, join_predict_graph, join_train_graph
from rebake.assistant.domain.serialization import domain_as_dict, domain_as_yaml, domain_from_dict
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.base.files import write_text
from rebake.base.location import Location
from rebake.errors import ModelError, UnsupportedError
from rebake.registry.entry import Section
from rebake.registry.lookup import COMPONENTS, find, require
from rebake.registry.node import Node
from rebake.registry.validator import check_stored_options

DOMAIN_FILE = "domain_provider/domain.yml"
RASA_VERSION = "3.6.21"  # Rasa refuses a model of an older version, and takes any newer one
NLU, CORE, END_TO_END = 1, 2, 4  # Rasa's training types; NLU and Core: their sum

_FIX = "Train the model again, or take another model."


@dataclass(frozen=True, slots=True)
class StoredNode:
    """A node as in metadata.json: ``options`` as the user wrote them, ``resource`` a directory name or None."""

    id: str
    rasa_class: str
    options: Mapping[str, Any]
    resource: str | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What metadata.json says; ``raw`` is the whole of it.

    Attributes:
        domain: as ``Domain.as_dict`` of Rasa gives it; defines the order of actions.
        nlu: the pipeline, in order.
        core: the policies, in order.
        training_type: 1 NLU, 2 Core, 3 both, 4 end to end.
    """

    domain: Mapping[str, Any]
    nlu: tuple[StoredNode, ...]
    core: tuple[StoredNode, ...]
    training_type: int
    language: str | None
    assistant_id: str | None
    model_id: str
    trained_at: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def end_to_end(self) -> tuple[StoredNode, ...]:
        """The tokenizers and featurizers through which policies see names and texts; empty if they do not."""
        nodes = self.raw["predict_schema"]["nodes"]
        return tuple(node for node in self.nlu if f"e2e_run_{node.id}" in nodes)


def build_metadata(
    assistant: Assistant,
    *,
    nlu: Sequence[Node],
    core: Sequence[Node],
    components: Path,
    persist_nlu_data: bool = False,
    augmentation_factor: int | None = None,
    from_rasa: Mapping[Part, PartGraphs] | None = None,
) -> dict[str, Any]:
    """Build the content of metadata.json for a model whose trained components lie in ``components``.

    The nodes of parts that Rasa itself trained are ``from_rasa``; those of the others are made here.

    ``model_id`` comes from the content alone: equal components, domain and graphs have equal ids whenever they were
    made. ``trained_at``, which Rasa demands, is the time in SOURCE_DATE_EPOCH where that is set (as reproducible-builds
    defines it), else the clock's: archives are the same byte for byte only where it is set.
    """
    config = assistant.config
    end_to_end = bool(nlu) and bool(core) and assistant.is_end_to_end
    foreign = from_rasa or {}
    our_nlu, our_core = () if "nlu" in foreign else nlu, () if "core" in foreign else core
    train = train_graph(
        our_nlu,
        our_core,
        language=config.language,
        end_to_end=end_to_end,
        persist_nlu_data=persist_nlu_data,
        augmentation_factor=augmentation_factor,
    )
    predict = predict_graph(our_nlu, our_core, end_to_end=end_to_end)
    metadata: dict[str, Any] = {
        "domain": domain_as_dict(assistant.domain),
        "trained_at": "",
        "model_id": "",
        "assistant_id": config.assistant_id,
        "rasa_open_source_version": RASA_VERSION,
        "train_schema": {"nodes": join_train_graph(train, foreign)},
        "predict_schema": {"nodes": join_predict_graph(predict, foreign)},
        "training_type": END_TO_END if end_to_end else (NLU if nlu else 0) | (CORE if core else 0),
        "project_fingerprint": None,
        "core_target": "select_prediction" if core else None,
        "nlu_target": NLU_TARGET,
        "language": config.language,
        "spaces": None,
    }
    metadata["model_id"] = _content_id(metadata, components)
    metadata["trained_at"] = _now().replace(tzinfo=None).isoformat()
    return metadata


def write_metadata(metadata: Mapping[str, Any], directory: Path) -> None:
    """Write metadata.json and the files that must agree with it, into an unpacked model.

    These are the domain that Core is served with (components/domain_provider/domain.yml), and the responses of every
    ResponseSelector that was trained: with these a carried-over part gets today's responses.
    """
    components = directory / COMPONENTS_NAME
    nodes = metadata["predict_schema"]["nodes"]
    domain = domain_from_dict(metadata["domain"])
    if "domain_provider" in nodes:
        file = components / DOMAIN_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, domain_as_yaml(domain))
    responses = {name: value for name, value in sorted(metadata["domain"].get("responses", {}).items()) if "/" in name}
    for node in nodes.values():
        entry = find(node["uses"])
        if entry is not None and entry.responses is not None:
            component = components / node["resource"]["name"]
            if component.is_dir():
                write_text(component / entry.responses.file, _json(responses))
    write_text(directory / METADATA_NAME, _json(metadata))


def read_metadata(path: Path, *, archive: Path | None = None) -> Metadata:
    """Read metadata.json of an archive, or of an unpacked model; ``archive`` is what messages call the latter.

    Raises:
        ModelError: it is missing, broken, or not that of a Rasa 3.6 model.
        StorageError: the file cannot be read.
    """
    content = read_member(path, METADATA_NAME)
    archive = archive or path
    if content is None:
        raise ModelError(f"{archive} has no {METADATA_NAME}, so it is not a model of Rasa 3.6 or rebake.", fix=_FIX)
    return parse_metadata(content, archive)


def parse_metadata(content: bytes, archive: Path) -> Metadata:
    """Read the content of a metadata.json; ``archive`` names the model in messages.

    Raises:
        ModelError: it is broken, or not that of a Rasa 3.6 model.
    """
    try:
        raw = json.loads(content)
        if not isinstance(raw["domain"], dict):
            raise TypeError("the domain is no mapping")
        nodes = raw["predict_schema"]["nodes"]
        return Metadata(
            domain=raw["domain"],
            nlu=tuple(_stored_pipeline(nodes)),
            core=tuple(_stored(name, node) for name, node in nodes.items() if _is_policy(node)),
            training_type=int(raw["training_type"]),
            language=raw["language"],
            assistant_id=raw.get("assistant_id"),
            model_id=str(raw["model_id"]),
            trained_at=str(raw["trained_at"]),
            raw=raw,
        )
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{METADATA_NAME} in {archive} is not one of Rasa 3.6 ({error!r}).", fix=_FIX) from error


def resolve(nodes: Sequence[StoredNode], section: Section) -> tuple[Node, ...]:
    """Find the registry entries of stored nodes and check their options.

    ``spec.name`` of the result is the entry's name, not the dotted class in the archive.

    Raises:
        DataError: a component that Rasa does not know, or options with which it cannot have been trained.
        UnsupportedError: a custom component, or an option that rebake does not have.
    """
    resolved = []
    for node in nodes:
        place = Location(METADATA_NAME, 1)
        stored = ComponentSpec(node.rasa_class, node.options, place)
        if find(node.rasa_class, section) is None and "." in node.rasa_class:
            raise UnsupportedError(
                f"the model has the custom class '{node.rasa_class}', whose code rebake does not run.",
                location=place,
                fix="Load the model in Rasa, which finds the class on its path.",
            )
        found = require(stored, section)
        spec = ComponentSpec(found.name, node.options, place)
        check_stored_options(spec, found)
        resolved.append(Node(node.id, spec, found))
    return tuple(resolved)


def _stored_pipeline(nodes: Mapping[str, Any]) -> list[StoredNode]:
    """The nodes that process messages, and the model providers that do not; end-to-end copies left out."""
    pipeline = []
    for name, node in nodes.items():
        is_lone_provider = node["fn"] == "provide" and name.startswith("provide_")
        if is_lone_provider and f"run_{name.removeprefix('provide_')}" in nodes:
            continue
        is_step = node["fn"] == "process" and name.startswith("run_") and name != NLU_TARGET
        if is_step or is_lone_provider:
            pipeline.append(_stored(name, node))
    return pipeline


def _is_policy(node: Mapping[str, Any]) -> bool:
    return bool(node["fn"] == "predict_action_probabilities")


def _stored(name: str, node: Mapping[str, Any]) -> StoredNode:
    resource = None if node["resource"] is None else str(node["resource"]["name"])
    if "/" in name or (resource is not None and ("/" in resource or resource in ("", ".", ".."))):
        raise ValueError(f"the directory of {name} lies outside of the model")
    options = dict(node["config"])
    if not isinstance(node["uses"], str) or not all(isinstance(option, str) for option in options):
        raise TypeError(f"the class of {name}, or an option of it, has no name")
    return StoredNode(id=name.partition("_")[2], rasa_class=node["uses"], options=options, resource=resource)


def _content_id(metadata: Mapping[str, Any], components: Path) -> str:
    """32 hex digits over the content of the model: the form of the uuid that Rasa gives a model."""
    digest = hashlib.sha256(_json(metadata).encode())
    follow = {entry.responses.file for entry in COMPONENTS.values() if entry.responses is not None}
    files = sorted((file.relative_to(components).as_posix(), file) for file in components.rglob("*") if file.is_file())
    for name, file in files:
        if name == DOMAIN_FILE or file.name in follow:  # follow from the metadata
            continue
        with file.open("rb") as content:
            digest.update(f"\0{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}".encode())
    return digest.hexdigest()[:32]


def _now() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
