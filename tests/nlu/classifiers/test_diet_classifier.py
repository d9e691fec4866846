"""DIETClassifier learns a small data set, survives saving, and refuses or skips what it cannot learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rebake.assistant.model import Domain, EntitySpan, Example, NluData
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, ModelError
from rebake.nlu.classifiers.diet_classifier import DIETClassifier
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Features, Message, Token
from rebake.nn.diet.network import Diet
from rebake.registry.lookup import COMPONENTS
from support.interpreter_lock import interpreter_is_free
from support.notices import PLACE, listening, said
from support.process import threads_after_loading

pytestmark = pytest.mark.slow

VOCABULARY = "hello hi hey there bye goodbye see you fly to from rome berlin new york please"
WORDS = VOCABULARY.split()
EXAMPLES = [
    ("hello there", "greet", []),
    ("hi there", "greet", []),
    ("hey", "greet", []),
    ("bye bye", "goodbye", []),
    ("goodbye", "goodbye", []),
    ("see you", "goodbye", []),
    ("fly to rome", "fly", [("rome", "city", "to")]),
    ("fly from berlin", "fly", [("berlin", "city", "from")]),
    ("please fly to new york", "fly", [("new york", "city", "to")]),
    ("fly from new york to berlin", "fly", [("new york", "city", "from"), ("berlin", "city", "to")]),
]
SMALL: dict[str, Any] = {
    **COMPONENTS["DIETClassifier"].defaults,
    "epochs": 60,
    "batch_size": 5,
    "transformer_size": 32,
    "number_of_transformer_layers": 1,
    "dense_dimension": {"text": 24, "label": 8},
    "connection_density": 0.5,
    "learning_rate": 0.01,
    "drop_rate": 0.05,
    "random_seed": 3,
}


def one_hot(words: list[str]) -> SparseRows:
    known = [[WORDS.index(word)] if word in WORDS else [] for word in words]
    indptr = np.cumsum([0] + [len(row) for row in known]).astype(np.int32)
    columns = np.array([column for row in known for column in row], np.int32)
    return SparseRows(len(WORDS), indptr, columns, np.ones(len(columns), np.float32))


def message(text: str, intent: str | None = None, entities: Any = (), *, label_features: bool = True) -> Message:
    tokens, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        tokens.append(Token(word, start, start + len(word), word))
        start += len(word)
    rows = one_hot(text.split())
    columns = np.unique(rows.indices).astype(np.int32)
    sentence = SparseRows(len(WORDS), np.array([0, len(columns)], np.int32), columns, np.ones(len(columns), np.float32))
    made = Message({"text": text}, tokens={"text": tokens}, features={"text": [Features("words", rows, sentence)]})
    if intent is not None:
        spans = [EntitySpan(text.index(v), text.index(v) + len(v), name, v, role) for v, name, role in entities]
        made.attributes["intent"] = intent
        made.example = Example(text, intent, tuple(spans))
        if label_features:
            column = np.array([["fly", "goodbye", "greet"].index(intent)], np.int32)
            label = SparseRows(3, np.array([0, 1], np.int32), column, np.ones(1, np.float32))
            made.features["intent"] = [Features("words", label)]
    return made


def training(examples: Any = EXAMPLES, *, label_features: bool = True) -> TrainingData:
    messages = [message(*example, label_features=label_features) for example in examples]
    return TrainingData(messages, NluData(()), Domain())


def trained(
    examples: Any = EXAMPLES, *, label_features: bool = True, context: TrainingContext | None = None, **options: Any
) -> DIETClassifier:
    component = DIETClassifier({**SMALL, **options}, "DIETClassifier1")
    component.train(training(examples, label_features=label_features), context or TrainingContext())
    return component


def parse(component: DIETClassifier, *texts: str) -> list[Message]:
    messages = [message(text) for text in texts]
    component.process(messages)
    return messages


def about(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With confidences to five digits: where kernels lie in memory may change the last ones."""
    return [{key: round(x, 5) if isinstance(x, float) else x for key, x in entry.items()} for entry in entries]


@pytest.fixture(scope="module")
def component() -> DIETClassifier:
    return trained()


def test_it_learns_intents_entities_and_roles(component: DIETClassifier) -> None:
    for found, (text, intent, entities) in zip(parse(component, *(e[0] for e in EXAMPLES)), EXAMPLES, strict=True):
        assert found.intent is not None
        assert (text, found.intent["name"]) == (text, intent)
        expected = [(value, name, role) for value, name, role in entities]
        assert [(e["value"], e["entity"], e.get("role")) for e in found.entities] == expected
        assert sum(entry["confidence"] for entry in found.intent_ranking) == pytest.approx(1.0, abs=1e-5)
        assert {e["extractor"] for e in found.entities} <= {"DIETClassifier"}


def test_a_saved_component_predicts_the_same(component: DIETClassifier, tmp_path: Path) -> None:
    component.save(tmp_path)
    again = DIETClassifier.load(SMALL, "DIETClassifier1", tmp_path)
    texts = [example[0] for example in EXAMPLES] + ["quite unknown words"]
    for found, expected in zip(parse(again, *texts), parse(component, *texts), strict=True):
        assert about(found.intent_ranking) == about(expected.intent_ranking)
        assert about(found.entities) == about(expected.entities)
    assert sorted(path.name.removeprefix("DIETClassifier.") for path in tmp_path.iterdir()) == [
        "data_example.st",
        "data_example_metadata.json",
        "entity_tag_specs.json",
        "index_label_id_mapping.json",
        "label_data.st",
        "label_data_metadata.json",
        "sparse_feature_sizes.json",
        "tf_model.data-00000-of-00001",
        "tf_model.index",
    ]
    sizes = json.loads((tmp_path / "DIETClassifier.sparse_feature_sizes.json").read_text())
    assert sizes == {"text": {"sequence": [len(WORDS)], "sentence": [len(WORDS)]}}


def test_a_process_that_loads_it_shares_out_no_operation_among_threads(
    component: DIETClassifier, tmp_path: Path
) -> None:
    component.save(tmp_path)
    threads = threads_after_loading(
        "rebake.nlu.classifiers.diet_classifier:DIETClassifier", SMALL, "DIETClassifier1", tmp_path
    )
    assert threads == "1"


def test_other_texts_are_parsed_while_its_network_runs(
    component: DIETClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the network is traced, while it is, and afterwards, when no Python of its runs any more."""
    component.save(tmp_path)
    loaded = DIETClassifier.load(SMALL, "DIETClassifier1", tmp_path)

    def ask() -> None:
        for _ in range(4):
            parse(loaded, "hello there")

    assert interpreter_is_free(monkeypatch, Diet, "forward", ask) == [True, True, True]


def test_a_model_without_its_weights_is_refused(component: DIETClassifier, tmp_path: Path) -> None:
    component.save(tmp_path)
    (tmp_path / "DIETClassifier.tf_model.index").unlink()
    with pytest.raises(ModelError):
        DIETClassifier.load(SMALL, "DIETClassifier1", tmp_path)


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        trained(epochs=2).save(tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())})
    assert contents[0] == contents[1]


@pytest.mark.long
def test_a_model_has_the_mean_of_the_weights_of_its_last_fifth_of_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten epochs the last two; the ninth ends as a training of nine does. A short training has those of the last."""

    def weights(epochs: int, name: str) -> dict[str, Any]:
        (tmp_path / name).mkdir()
        trained(epochs=epochs).save(tmp_path / name)
        reader = tf.train.load_checkpoint(str(tmp_path / name / "DIETClassifier.tf_model"))
        return {key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map() if "_tf_layers" in key}

    short = weights(10, "short")
    monkeypatch.setattr("rebake.nn.diet.model.AVERAGED_AFTER", 0)
    model = weights(10, "model")
    monkeypatch.setattr("rebake.nn.diet.model.AVERAGED", 0.0)
    ninth, tenth = weights(9, "ninth"), weights(10, "tenth")
    for key, value in short.items():
        np.testing.assert_array_equal(value, tenth[key], err_msg=key)
    assert len(model) == len(ninth) == len(tenth) > 20
    assert any((ninth[key] != value).any() for key, value in tenth.items())
    for key, value in model.items():
        np.testing.assert_allclose(value, (ninth[key] + tenth[key]) / 2, rtol=1e-5, atol=1e-7, err_msg=key)


@pytest.mark.parametrize(
    "options",
    [
        {"loss_type": "margin"},
        {"constrain_similarities": True, "scale_loss": True},
        {"BILOU_flag": False, "use_key_relative_attention": True, "use_value_relative_attention": True},
        {"hidden_layers_sizes": {"text": [16], "label": [8]}, "unidirectional_encoder": True},
        {"entity_recognition": False, "number_of_transformer_layers": 0},
        {"drop_rate_attention": 0.2, "batch_strategy": "sequence", "model_confidence": "auto"},
        {"similarity_type": "cosine", "model_confidence": "auto", "number_of_transformer_layers": 0},
        {"use_masked_language_model": True, "drop_small_last_batch": True, "batch_size": [2, 7]},
        {"use_masked_language_model": True, "intent_classification": False, "connection_density": 1.0},
        {"loss_type": "margin", "similarity_type": "inner", "use_maximum_negative_similarity": False},
    ],
)
def test_every_architecture_trains_saves_and_loads(options: dict[str, Any], tmp_path: Path) -> None:
    first = trained(epochs=2, **options)
    first.save(tmp_path)
    again = DIETClassifier.load({**SMALL, **options}, "DIETClassifier1", tmp_path)
    [found], [expected] = parse(again, "fly to rome"), parse(first, "fly to rome")
    assert about(found.intent_ranking) == about(expected.intent_ranking)
    assert about(found.entities) == about(expected.entities)


def test_intents_need_features_of_whole_texts() -> None:
    words_only = training()
    for made in words_only.messages:
        made.features["text"] = [Features("words", one_hot(made.text.split()))]
    with pytest.raises(DataError, match="whole texts"):
        DIETClassifier(SMALL, "DIETClassifier1").train(words_only, TrainingContext())


def test_labels_without_features_are_distinguished_by_unit_vectors(tmp_path: Path) -> None:
    component = trained(label_features=False)
    component.save(tmp_path)
    again = DIETClassifier.load(SMALL, "DIETClassifier1", tmp_path)
    assert [m.intent and m.intent["name"] for m in parse(again, "hello there", "bye bye")] == ["greet", "goodbye"]


def test_without_annotated_entities_there_are_no_entity_weights() -> None:
    component = trained([(text, intent, []) for text, intent, _ in EXAMPLES], epochs=1)
    assert component.model is not None
    assert not any("crf" in path for path in component.model.weights.variables)


def test_entities_can_be_learned_without_intents(tmp_path: Path) -> None:
    component = trained(intent_classification=False)
    component.save(tmp_path)
    again = DIETClassifier.load({**SMALL, "intent_classification": False}, "DIETClassifier1", tmp_path)
    [found] = parse(again, "fly to rome")
    assert found.intent is None
    assert [entity["value"] for entity in found.entities] == ["rome"]


def test_a_single_intent_leaves_it_untrained(tmp_path: Path) -> None:
    context, notices = listening()
    component = trained([example for example in EXAMPLES if example[1] == "fly"], context=context)
    assert "an intent classifier needs two intents or more" in said(notices)
    component.save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    [found] = parse(DIETClassifier.load(SMALL, "DIETClassifier1", None), "hello")
    assert found.intent == {"name": None, "confidence": 0.0}
    assert found.intent_ranking == []


def test_without_intents_and_annotations_there_is_nothing_to_learn(tmp_path: Path) -> None:
    context, notices = listening()
    bare: list[tuple[str, str, list[Any]]] = [(text, intent, []) for text, intent, _ in EXAMPLES]
    component = trained(bare, intent_classification=False, context=context)
    assert said(notices) == (f"{PLACE}: DIETClassifier is left untrained: no example has an annotated entity to learn.")
    component.save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    loaded = DIETClassifier.load({**SMALL, "intent_classification": False}, "DIETClassifier1", None)
    [found] = parse(loaded, "fly to rome")
    assert (found.intent, found.entities) == (None, [])


def test_a_text_without_features_gets_no_intent(component: DIETClassifier) -> None:
    empty = Message({"text": ""})
    component.process([empty, message("hello there")])
    assert empty.intent == {"name": None, "confidence": 0.0}
    assert empty.entities == []


def test_the_ranking_is_cut_and_renormalised_on_demand(component: DIETClassifier, tmp_path: Path) -> None:
    component.save(tmp_path)
    options = {**SMALL, "ranking_length": 2, "renormalize_confidences": True}
    [found] = parse(DIETClassifier.load(options, "DIETClassifier1", tmp_path), "hello bye")
    assert len(found.intent_ranking) == 2
    assert sum(entry["confidence"] for entry in found.intent_ranking) == pytest.approx(1.0, abs=1e-6)


def test_held_out_examples_are_measured_logged_and_decide_which_weights_are_kept(tmp_path: Path) -> None:
    options = {
        "evaluate_on_number_of_examples": 4,
        "evaluate_every_number_of_epochs": 2,
        "checkpoint_model": True,
        "tensorboard_log_directory": str(tmp_path / "log"),
        "tensorboard_log_level": "batch",
    }
    component = DIETClassifier({**SMALL, **options, "epochs": 5}, "DIETClassifier1")
    figures = component.train(training(), TrainingContext())
    measured = {"val_loss", "val_intent_loss", "val_entity_loss", "val_role_loss"}
    assert set(figures) >= measured | {"loss", "intent_loss", "val_intent_accuracy", "val_entity_f1", "val_role_f1"}
    assert 0.0 <= figures["val_intent_accuracy"] <= 1.0
    assert figures["val_loss"] == pytest.approx(sum(figures[name] for name in measured - {"val_loss"}), rel=1e-5)
    assert sorted(path.name for path in (tmp_path / "log").iterdir()) == ["train", "validation"]
    component.save(tmp_path)
    assert (tmp_path / "DIETClassifier.tf_model.index").exists()


def test_more_held_out_examples_than_can_be_spared_are_refused() -> None:
    with pytest.raises(DataError, match="evaluate_on_number_of_examples"):
        trained(evaluate_on_number_of_examples=8)


def test_our_checkpoints_have_exactly_the_weights_of_rasas(tmp_path: Path) -> None:
    component = trained(epochs=1)
    component.save(tmp_path)
    found = tf.train.load_checkpoint(str(tmp_path / "DIETClassifier.tf_model")).get_variable_to_shape_map()
    layers = {key.split("/")[2] for key in found if key.startswith("model/")}
    heads = {"embed..entity..logits", "embed..role..logits", "embed..role..tags", "crf..entity", "crf..role"}
    intent = {"embed..text", "embed..label", "feature_combining_layer..label"}
    assert layers == {"sequence_layer..text"} | heads | intent
