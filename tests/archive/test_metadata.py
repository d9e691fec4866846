"""metadata.json: the graphs are Rasa's own, and what was read from an archive can be written again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.graph import predict_graph, train_graph
from rebake.archive.metadata import Metadata, build_metadata, read_metadata, resolve, write_metadata
from rebake.archive.pack import pack
from rebake.assistant.domain.serialization import domain_as_dict
from rebake.assistant.model import Assistant, ComponentSpec, Config, Domain, NluData, Response
from rebake.base.location import Location
from rebake.errors import ModelError
from rebake.registry.lookup import POLICIES, require
from rebake.registry.node import Node
from support.shared import need

HERE = Location("config.yml", 1)


def nodes_of(metadata: Metadata) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    return resolve(metadata.nlu, "pipeline"), resolve(metadata.core, "policies")


def without_fingerprints(nodes: dict[str, Any]) -> dict[str, Any]:
    """Rasa's caching fingerprints of outputs are optional, and nothing reads them when a model is loaded."""
    return {
        name: {**node, "resource": node["resource"] and {"name": node["resource"]["name"]}}
        for name, node in nodes.items()
    }


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ["moodbot", "helpdesk", "travelbot", "formbot", "breakoutbot", "concertbot"])
def test_the_graphs_of_a_model_are_those_that_rasa_makes(name: str) -> None:
    metadata = read_metadata(need(f"reference/{name}/model.tar.gz"))
    nlu, core = nodes_of(metadata)
    rasa_train, rasa_predict = (metadata.raw[f"{kind}_schema"]["nodes"] for kind in ("train", "predict"))
    assert train_graph(nlu, core, language="en") == without_fingerprints(rasa_train)
    graph = predict_graph(nlu, core)
    assert graph == without_fingerprints(rasa_predict)
    assert list(graph) == list(rasa_predict)


def test_a_graph_of_one_part_holds_nothing_of_the_other() -> None:
    nlu = nodes("WhitespaceTokenizer", "DIETClassifier")
    core = (Node("RulePolicy0", ComponentSpec("RulePolicy", {}, HERE), POLICIES["RulePolicy"]),)
    assert predict_graph(nlu, ())["run_RegexMessageHandler"]["needs"] == {"messages": "run_DIETClassifier1"}
    assert "domain_provider" not in {**predict_graph(nlu, ()), **train_graph(nlu, (), language="en")}
    assert predict_graph((), core)["run_RegexMessageHandler"]["needs"] == {
        "messages": "nlu_message_converter",
        "domain": "domain_provider",
    }
    assert "nlu_training_data_provider" not in train_graph((), core, language="en")


def nodes(*names: str) -> tuple[Node, ...]:
    specs = [ComponentSpec(name, {}, HERE) for name in names]
    return tuple(Node(f"{spec.name}{i}", spec, require(spec, "pipeline")) for i, spec in enumerate(specs))


def bot(*responses: str) -> Assistant:
    domain = Domain(responses=tuple(Response(name, ({"text": name},)) for name in responses))
    config = Config("default.v1", "en", "bot", (), (), False, False, HERE)
    return Assistant(config, domain, NluData(), ())


def model_directory(tmp_path: Path, weights: str = "w") -> Path:
    component = tmp_path / "components" / "train_DIETClassifier1"
    component.mkdir(parents=True)
    (component / "weights").write_text(weights)
    return tmp_path


def build(directory: Path, assistant: Assistant, pipeline: tuple[Node, ...] | None = None) -> dict[str, Any]:
    nlu = nodes("WhitespaceTokenizer", "DIETClassifier") if pipeline is None else pipeline
    return build_metadata(assistant, nlu=nlu, core=(), components=directory / "components")


def test_a_model_is_read_back_with_its_pipeline_options_and_domain(tmp_path: Path) -> None:
    directory = model_directory(tmp_path / "model")
    spec = ComponentSpec("CountVectorsFeaturizer", {"analyzer": "char_wb"}, HERE)
    pipeline = (*nodes("WhitespaceTokenizer"), Node("CountVectorsFeaturizer1", spec, require(spec, "pipeline")))
    assistant = bot("utter_hi")
    write_metadata(build(directory, assistant, pipeline), directory)
    metadata = read_metadata(pack(directory, tmp_path / "m.tar.gz"))
    assert [(n.id, n.resource) for n in metadata.nlu] == [
        ("WhitespaceTokenizer0", None),
        ("CountVectorsFeaturizer1", "train_CountVectorsFeaturizer1"),
    ]
    assert metadata.nlu[1].options == {"analyzer": "char_wb"}
    assert (metadata.training_type, metadata.core, metadata.language, metadata.assistant_id) == (1, (), "en", "bot")
    assert metadata.domain == domain_as_dict(assistant.domain)
    assert [node.id for node in nodes_of(metadata)[0]] == [node.id for node in pipeline]


def test_the_model_id_follows_the_content_and_not_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = model_directory(tmp_path / "a")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    first = build(directory, bot("utter_hi"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    second = build(directory, bot("utter_hi"))
    assert (first["trained_at"], second["trained_at"]) == ("1970-01-01T00:00:00", "1970-01-02T00:00:00")
    assert first["model_id"] == second["model_id"]
    assert len(first["model_id"]) == 32
    other_domain = build(directory, bot("utter_hello"))
    other_weights = build(model_directory(tmp_path / "b", "other"), bot("utter_hi"))
    assert len({first["model_id"], other_domain["model_id"], other_weights["model_id"]}) == 3


def test_todays_responses_reach_a_response_selector_that_was_carried_over(tmp_path: Path) -> None:
    selector = tmp_path / "components" / "train_ResponseSelector1"
    selector.mkdir(parents=True)
    (selector / "ResponseSelector.responses.json").write_text('{"utter_faq/a": [{"text": "old"}]}')
    pipeline = nodes("WhitespaceTokenizer", "ResponseSelector", "ResponseSelector")
    write_metadata(build(tmp_path, bot("utter_hi", "utter_faq/a"), pipeline), tmp_path)
    assert json.loads((selector / "ResponseSelector.responses.json").read_text()) == {
        "utter_faq/a": [{"text": "utter_faq/a"}]
    }
    assert not (tmp_path / "components" / "train_ResponseSelector2").exists()  # untrained: Rasa expects no directory


def test_a_selector_that_was_carried_over_makes_the_same_model_as_one_that_was_trained_today(tmp_path: Path) -> None:
    ids = []
    for text in ("old", "new"):
        selector = tmp_path / text / "components" / "train_ResponseSelector1"
        selector.mkdir(parents=True)
        (selector / "ResponseSelector.responses.json").write_text(json.dumps({"utter_faq/a": [{"text": text}]}))
        pipeline = nodes("WhitespaceTokenizer", "ResponseSelector")
        ids.append(build(tmp_path / text, bot("utter_faq/a"), pipeline)["model_id"])
    assert ids[0] == ids[1]


def test_core_is_served_with_the_domain_of_the_metadata(tmp_path: Path) -> None:
    spec = ComponentSpec("RulePolicy", {}, HERE)
    assistant = bot("utter_hi")
    metadata = build_metadata(
        assistant,
        nlu=(),
        core=(Node("RulePolicy0", spec, require(spec, "policies")),),
        components=tmp_path / "components",
    )
    write_metadata(metadata, tmp_path)
    assert "utter_hi" in (tmp_path / "components" / "domain_provider" / "domain.yml").read_text()
    assert metadata["training_type"] == 2
    assert metadata["core_target"] == "select_prediction"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"predict_schema": {"nodes": []}}', b"\xff"])
def test_broken_metadata_is_a_model_error(content: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    if content is not None:
        (tmp_path / "metadata.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"metadata\.json"):
        read_metadata(tmp_path)


@pytest.mark.parametrize("resource", ["../../secret", "/etc", "..", ""])
def test_a_model_cannot_name_a_directory_outside_of_itself(tmp_path: Path, resource: str) -> None:
    node = {"uses": "x", "fn": "predict_action_probabilities", "config": {}, "resource": {"name": resource}}
    content = {"predict_schema": {"nodes": {"run_RulePolicy0": node}}, "domain": {}, "training_type": 2,
               "language": None, "model_id": "m", "trained_at": "t"}  # fmt: skip
    (tmp_path / "metadata.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="lies outside of the model"):
        read_metadata(tmp_path)
