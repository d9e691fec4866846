"""Where a model is from: checked against in-toto's and SLSA's own descriptions, and against what was built."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseError

from rebake.action.event import Event
from rebake.action.provenance import Build, StoreArchive, provenance, write_attestations
from rebake.action.settings import Settings
from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import ComponentRecord, Manifest, Part, PartRecord
from rebake.errors import StorageError
from rebake.store.envelope import SignatureError, open_envelope
from rebake.store.keys import PrivateKey
from support.attestations import read_provenance
from support.store import A

KEY = PrivateKey(b"\5" * 32)
START = datetime(2026, 11, 30, 8, 0, 0, tzinfo=UTC)
EVENT = Event(
    name="push",
    payload={},
    repository="acme/bot",
    sha="c" * 40,
    ref="refs/tags/v1.0",
    api_url="https://api.github.example",
    server_url="https://github.example",
    run_id="77",
    workspace=Path("/workspace"),
    run_attempt="2",
    workflow="acme/bot/.github/workflows/model.yml@refs/tags/v1.0",
    runner="github-hosted",
)
FEATURIZER = {"model_name": "bert", "model_weights": None, "cache_dir": None, "commit of model_weights": "d" * 40}
BUILD = Build(
    manifest=Manifest(
        {"nlu": PartRecord(A, seed=42, trained_by="rebake 0.2.0", reused_from=f"nlu-{A}.tar.gz")},
        {
            "SpacyNLP0": ComponentRecord(
                "nlu", "SpacyNLP", 1, {"model": "en_core_web_md", "version of model": "3.8.0"}, "f"
            ),
            "LanguageModelFeaturizer1": ComponentRecord("nlu", "LanguageModelFeaturizer", 1, FEATURIZER, "f"),
            "MitieNLP2": ComponentRecord(
                "nlu", "MitieNLP", 0, {"model": "data/mitie.dat", "content of model": "e" * 16}, "f"
            ),
        },
    ),
    subjects={"bot-v1.0.tar.gz": "1" * 64, "rebake.json": "2" * 64},
    commit="c" * 40,
    sources=[
        StoreArchive(f"nlu-{A}.tar.gz", "3" * 64, "https://github.example/acme/bot/releases/download/s/nlu.tar.gz")
    ],
    started=START,
    finished=START,
)


def settings(**inputs: str) -> Settings:
    given = {"token": "s3cret", **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return Settings.read(lambda name: given.get(name, ""))


def test_the_statement_is_valid_and_says_what_was_built_from_what() -> None:
    document = read_provenance(json.dumps(provenance(settings(env="B A"), EVENT, BUILD)).encode())
    assert document["subject"] == [
        {"name": "bot-v1.0.tar.gz", "digest": {"sha256": "1" * 64}},
        {"name": "rebake.json", "digest": {"sha256": "2" * 64}},
    ]
    definition, details = document["predicate"]["buildDefinition"], document["predicate"]["runDetails"]
    outside = definition["externalParameters"]
    assert (outside["repository"], outside["ref"]) == ("https://github.example/acme/bot", "refs/tags/v1.0")
    assert outside["workflow"] == EVENT.workflow
    assert outside["inputs"]["env"] == ["A", "B"]
    assert definition["internalParameters"]["parts"] == {
        "nlu": {
            "fingerprint": A,
            "seed": 42,
            "trainedBy": "rebake 0.2.0",
            "reusedFrom": f"nlu-{A}.tar.gz",
        }
    }
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://github.example/acme/bot@refs/tags/v1.0", "digest": {"gitCommit": "c" * 40}},
        {"uri": BUILD.sources[0].address, "digest": {"sha256": "3" * 64}, "name": f"nlu-{A}.tar.gz"},
        {"uri": "data/mitie.dat", "name": "data/mitie.dat", "annotations": {"content": "e" * 16}},
        {"uri": "pkg:generic/en_core_web_md@3.8.0", "name": "en_core_web_md"},
        {
            "uri": f"pkg:huggingface/rasa/LaBSE@{'d' * 40}",
            "digest": {"gitCommit": "d" * 40},
            "name": "rasa/LaBSE",
        },
    ]
    assert details["builder"]["id"] == "https://github.example/actions/runner/github-hosted"
    assert details["metadata"] == {
        "invocationId": "https://github.example/acme/bot/actions/runs/77/attempts/2",
        "startedOn": "2026-11-30T08:00:00Z",
        "finishedOn": "2026-11-30T08:00:00Z",
    }
    assert "s3cret" not in json.dumps(document)


def test_the_statement_says_from_where_parts_may_be_and_which_were_fine_tuned() -> None:
    lineage = FinetunedFrom("nlu-old.tar.gz", 2, 0.2)
    parts: dict[Part, PartRecord] = {"nlu": replace(BUILD.manifest.parts["nlu"], finetuned=lineage)}
    build = replace(BUILD, manifest=replace(BUILD.manifest, parts=parts))
    inputs = {"store": "s3://bucket/bot", "finetune": "auto", "rasa": "/opt/rasa"}
    definition = provenance(settings(**inputs), EVENT, build)["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["inputs"].items() >= {**inputs, "epoch-fraction": 0.2}.items()
    assert definition["internalParameters"]["parts"]["nlu"]["finetuned"] == lineage.as_dict()


def test_builds_that_differ_in_times_alone_give_statements_that_do() -> None:
    later = replace(BUILD, started=START.replace(hour=9), finished=START.replace(hour=10))
    one, other = (provenance(settings(), EVENT, build) for build in (BUILD, later))
    assert one != other
    for document in (one, other):
        for name in ("startedOn", "finishedOn"):
            del document["predicate"]["runDetails"]["metadata"][name]
    assert json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(extra=1),
        lambda document: document.update(subject=[]),
        lambda document: document["subject"][0].pop("digest"),
        lambda document: document["predicate"]["buildDefinition"].update(parameters={}),
        lambda document: document["predicate"]["runDetails"]["metadata"].update(startedOn="yesterday"),
        lambda document: document["predicate"]["buildDefinition"]["resolvedDependencies"].append({"mediaType": "x"}),
    ],
)
def test_the_check_finds_statements_that_are_not_as_described(change: Any) -> None:
    document = provenance(settings(), EVENT, BUILD)
    change(document)
    with pytest.raises((ParseError, ValueError)):
        read_provenance(json.dumps(document).encode())


def test_with_a_key_the_statement_is_signed_as_well(tmp_path: Path) -> None:
    document = provenance(settings(), EVENT, BUILD)
    model = tmp_path / "bot-v1.0.tar.gz"
    (plain,) = write_attestations(document, model, None)
    assert json.loads(plain.read_bytes()) == document
    again, signed = write_attestations(document, model, KEY)
    assert (again, signed.name) == (plain, "bot-v1.0.intoto.jsonl")
    assert open_envelope(signed.read_bytes(), (KEY.public,)) == document
    with pytest.raises(SignatureError):
        open_envelope(signed.read_bytes(), (PrivateKey.new().public,))


def test_a_path_that_is_not_utf_8_makes_no_invalid_file(tmp_path: Path) -> None:
    document = provenance(settings(data="d\udce9t"), EVENT, BUILD)
    (plain, _) = write_attestations(document, tmp_path / "m.tar.gz", KEY)
    assert "d\\udce9t" in plain.read_text(encoding="ascii")


def test_a_statement_that_cannot_be_written_is_an_error_of_reading_and_writing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        write_attestations(provenance(settings(), EVENT, BUILD), tmp_path / "none" / "m.tar.gz", None)
