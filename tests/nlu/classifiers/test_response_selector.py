"""ResponseSelector learns by names and by texts, survives saving, and answers in Rasa's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rebake.assistant.model import Domain, Example, NluData, Response
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, ModelError
from rebake.nlu.classifiers.response_selector import ResponseSelector
from rebake.nlu.component import Component, TrainingData
from rebake.nlu.message import Message
from rebake.registry.lookup import COMPONENTS
from support.nlu import component, tokenized, trained, training_on
from support.notices import PLACE, listening, said

pytestmark = pytest.mark.slow

EXAMPLES = (
    ("hello there", "greet"),
    ("when do you open", "faq/hours"),
    ("your opening hours please", "faq/hours"),
    ("what does it cost", "faq/price"),
    ("how much money", "faq/price"),
    ("tell me a joke", "chat/joke"),
    ("make me laugh", "chat/joke"),
    ("how are you called", "chat/name"),
    ("what is your name", "chat/name"),
)
HOURS = {"text": "We open at nine.", "buttons": [{"title": "More", "payload": "/greet"}], "channel": "slack"}
RESPONSES = (
    Response("utter_greet", ({"text": "Hello"},)),
    Response("utter_faq/hours", ({"text": "At nine."}, HOURS)),
    Response("utter_faq/price", ({"text": "It is three euros."},)),
    Response("utter_chat/joke", ({"text": "A bot walks into a bar."},)),
    Response("utter_chat/name", ({"custom": {"card": 1}},)),
)
SMALL: dict[str, Any] = {
    "epochs": 25,
    "learning_rate": 0.02,
    "hidden_layers_sizes": {"text": [24], "label": [16]},
    "dense_dimension": {"text": 16, "label": 16},
    "drop_rate": 0.05,
    "random_seed": 5,
}
BY_TEXT: dict[str, Any] = {
    **SMALL,
    "use_text_as_label": True,
    "number_of_transformer_layers": 1,
    "transformer_size": 16,
    "hidden_layers_sizes": {"text": [], "label": []},
}


def data(featurizers: tuple[Component, ...] = (), **words: Any) -> tuple[TrainingData, tuple[Component, ...]]:
    """The examples with their features, and what made these."""
    training = training_on(NluData(tuple(Example(*example) for example in EXAMPLES)), Domain(responses=RESPONSES))
    made = featurizers or (trained("CountVectorsFeaturizer", training, **words),)
    for featurizer in made:
        featurizer.process(training.messages, training=True)
    return training, made


def selector(training: TrainingData, context: TrainingContext | None = None, **options: Any) -> ResponseSelector:
    made = component("ResponseSelector", **options)
    made.train(training, context or TrainingContext())
    assert isinstance(made, ResponseSelector)
    return made


def parsed(featurizers: tuple[Component, ...], *selectors: Component, text: str) -> dict[str, Any]:
    """``response_selector`` of the parse result."""
    [message] = tokenized(text)
    for step in (*featurizers, *selectors):
        step.process([message])
    found: dict[str, Any] = message.extra["response_selector"]
    return found


def keys_by_example(featurizers: tuple[Component, ...], made: ResponseSelector) -> dict[str, str]:
    name = made.retrieval_intent or "default"
    return {
        text: parsed(featurizers, made, text=text)[name]["response"]["intent_response_key"]
        for text, intent in EXAMPLES
        if intent.startswith(made.retrieval_intent or "") and "/" in intent
    }


def loaded(directory: Path, **options: Any) -> ResponseSelector:
    return ResponseSelector.load(COMPONENTS["ResponseSelector"].merged(options), "ResponseSelector1", directory)


@pytest.fixture(scope="module")
def by_name() -> tuple[ResponseSelector, tuple[Component, ...]]:
    training, featurizers = data()
    return selector(training, **SMALL), featurizers


@pytest.fixture(scope="module")
def by_text() -> tuple[ResponseSelector, tuple[Component, ...]]:
    training, featurizers = data()
    return selector(training, **{**BY_TEXT, "epochs": 60}, retrieval_intent="chat"), featurizers


def test_it_learns_all_retrieval_intents_by_the_names_of_their_responses(by_name: Any) -> None:
    made, featurizers = by_name
    assert keys_by_example(featurizers, made) == {text: intent for text, intent in EXAMPLES if "/" in intent}


def test_it_answers_with_all_that_the_domain_says_of_a_response(by_name: Any) -> None:
    made, featurizers = by_name
    found = parsed(featurizers, made, text="when do you open")
    assert list(found) == ["all_retrieval_intents", "default"]
    assert found["all_retrieval_intents"] == ["chat", "faq"]
    response, ranking = found["default"]["response"], found["default"]["ranking"]
    assert list(response) == ["responses", "confidence", "intent_response_key", "utter_action"]
    assert response["responses"] == [{"text": "At nine."}, HOURS]
    assert response["utter_action"] == "utter_faq/hours"
    assert [list(entry) for entry in ranking] == [["confidence", "intent_response_key"]] * 4
    assert ranking[0] == {"confidence": response["confidence"], "intent_response_key": "faq/hours"}
    assert sum(entry["confidence"] for entry in ranking) == pytest.approx(1, abs=1e-5)


def test_an_answer_may_be_changed_without_changing_the_next_one(by_name: Any) -> None:
    made, featurizers = by_name
    parsed(featurizers, made, text="when do you open")["default"]["response"]["responses"][1]["buttons"].clear()
    again = parsed(featurizers, made, text="when do you open")
    assert again["default"]["response"]["responses"] == [{"text": "At nine."}, HOURS]


def test_by_texts_it_learns_one_retrieval_intent_and_knows_texts_and_textless_responses_by_their_keys(
    by_text: Any,
) -> None:
    made, featurizers = by_text
    # Rasa finds no key for the name of a response without a text, and goes on with the name; so it says "utter_utter_"
    assert keys_by_example(featurizers, made) == {
        "tell me a joke": "chat/joke",
        "make me laugh": "chat/joke",
        "how are you called": "utter_chat/name",
        "what is your name": "utter_chat/name",
    }
    found = parsed(featurizers, made, text="what is your name")
    assert found["all_retrieval_intents"] == ["chat", "faq"]
    assert found["chat"]["response"]["utter_action"] == "utter_utter_chat/name"
    assert found["chat"]["response"]["responses"] == [{"text": "utter_chat/name"}]


def rounded(value: Any) -> Any:
    """The same with numbers of 5 places: a network that is traced from the third batch on adds up in another order."""
    if isinstance(value, dict):
        return {key: rounded(value) for key, value in value.items()}
    if isinstance(value, list):
        return [rounded(value) for value in value]
    return round(value, 5) if isinstance(value, float) else value


@pytest.mark.parametrize("kind", ["by_name", "by_text"])
def test_a_saved_selector_says_the_same(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    made, featurizers = request.getfixturevalue(kind)
    made.save(tmp_path)
    options = SMALL if kind == "by_name" else {**BY_TEXT, "retrieval_intent": "chat"}
    again = loaded(tmp_path, **options)
    for text in (*(example[0] for example in EXAMPLES), "wholly unknown words", ""):
        assert rounded(parsed(featurizers, again, text=text)) == rounded(parsed(featurizers, made, text=text))
    assert sorted(path.name.removeprefix("ResponseSelector.") for path in tmp_path.iterdir()) == [
        "data_example.st",
        "data_example_metadata.json",
        "entity_tag_specs.json",
        "index_label_id_mapping.json",
        "label_data.st",
        "label_data_metadata.json",
        "responses.json",
        "retrieval_intents.json",
        "sparse_feature_sizes.json",
        "tf_model.data-00000-of-00001",
        "tf_model.index",
    ]


def layers(directory: Path) -> set[str]:
    """The paths of a checkpoint, without what is the same in each of them."""
    found = tf.train.load_checkpoint(str(directory / "ResponseSelector.tf_model")).get_variable_to_shape_map()
    return {
        key.removeprefix("model/_tf_layers/").removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").replace("..", ".")
        for key in found
        if key.startswith("model/")
    }


def dense(*paths: str) -> set[str]:
    return {f"{path}/{leaf}" for path in paths for leaf in ("kernel", "bias")}


def test_a_selector_by_names_has_exactly_the_weights_of_rasas(by_name: Any, tmp_path: Path) -> None:
    by_name[0].save(tmp_path)
    text = "sequence_layer.text/_tf_layers"
    combining = f"{text}/feature_combining/_tf_layers"
    assert layers(tmp_path) == dense(
        f"{combining}/sparse_dense.sequence/_tf_layers/sparse_to_dense",
        f"{combining}/sparse_dense.sentence/_tf_layers/sparse_to_dense",
        f"{text}/ffnn/_ffn_layers/0",
        "feature_combining_layer.label/_tf_layers/sparse_dense.sequence/_tf_layers/sparse_to_dense",
        "ffnn.label/_ffn_layers/0",
        "embed.text/_dense",
        "embed.label/_dense",
    )


def test_a_selector_by_texts_has_a_sequence_layer_on_either_side(by_text: Any, tmp_path: Path) -> None:
    by_text[0].save(tmp_path)
    found = layers(tmp_path)
    sides = [
        {path.removeprefix(f"sequence_layer.{side}") for path in found if path.startswith(f"sequence_layer.{side}/")}
        for side in ("text", "label")
    ]
    assert sides[0] == sides[1]
    assert len(sides[0]) == 21  # 2 projections, embedding, output and 2 dense with biases; query, key, value; 3 norms
    assert {path.split("/")[0] for path in found} == {
        "sequence_layer.text",
        "sequence_layer.label",
        "embed.text",
        "embed.label",
    }


def test_without_a_transformer_tokens_are_not_computed_and_their_weights_are_zero(by_name: Any) -> None:
    model = by_name[0].model
    assert not model.network.reads_tokens
    assert set(model.network.signature()) == {"lengths", "sentence_sparse", "label_ids"}
    for path, variable in model.weights.variables.items():
        assert np.any(variable.numpy()) == ("sparse_dense.sequence" not in path or "label" in path), path


def test_words_of_other_retrieval_intents_have_no_weights(by_text: Any) -> None:
    made, featurizers = by_text
    texts = [text for text, _ in EXAMPLES]
    is_read = [intent.startswith("chat/") for _, intent in EXAMPLES]
    messages = tokenized(*texts)
    featurizers[0].process(messages)
    rows = [message.features["text"][0].sequence for message in messages]
    words = [set(row.indices.tolist()) for row in rows if isinstance(row, SparseRows)]
    seen: set[int] = set().union(*(found for found, chosen in zip(words, is_read, strict=True) if chosen))
    unseen: set[int] = set().union(*words) - seen
    assert unseen
    for level in ("sequence", "sentence"):
        place = f"feature_combining/_tf_layers/sparse_dense.{level}/_tf_layers/sparse_to_dense/kernel"
        kernel = made.model.weights.variables[f"sequence_layer.text/_tf_layers/{place}"].numpy()
        assert not kernel[sorted(unseen)].any()
        assert kernel[sorted(seen)].any(axis=1).all()


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        training, _ = data()
        (tmp_path / name).mkdir()
        selector(training, **{**BY_TEXT, "epochs": 2}).save(tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())})
    assert contents[0] == contents[1]


def test_several_selectors_answer_side_by_side_and_the_last_one_says_which_intents_there_are(
    by_name: Any, by_text: Any
) -> None:
    untrained = component("ResponseSelector", retrieval_intent="other")
    found = parsed(by_name[1], by_name[0], by_text[0], text="make me laugh")
    assert list(found) == ["all_retrieval_intents", "default", "chat"]
    assert found["default"]["response"]["intent_response_key"] == "chat/joke"
    assert found["chat"]["response"]["intent_response_key"] == "chat/joke"
    assert parsed(by_name[1], by_name[0], untrained, text="make me laugh")["all_retrieval_intents"] == []


def test_a_text_without_features_gets_no_response(by_name: Any) -> None:
    message = Message({"text": ""})
    by_name[0].process([message])
    assert message.extra["response_selector"]["default"] == {
        "response": {"responses": None, "confidence": 0.0, "intent_response_key": None, "utter_action": "utter_None"},
        "ranking": [],
    }


def test_todays_responses_are_served_and_one_that_is_gone_is_reported_by_its_key(by_name: Any, tmp_path: Path) -> None:
    made, featurizers = by_name
    made.save(tmp_path)
    (tmp_path / "ResponseSelector.responses.json").write_text(json.dumps({"utter_faq/hours": [{"text": "At ten."}]}))
    again = loaded(tmp_path, **SMALL)
    found = parsed(featurizers, again, text="when do you open")["default"]["response"]
    assert found["responses"] == [{"text": "At ten."}]
    found = parsed(featurizers, again, text="what does it cost")["default"]["response"]
    assert (found["responses"], found["utter_action"]) == ([{"text": "faq/price"}], "utter_faq/price")


def test_a_model_without_its_responses_is_refused(by_name: Any, tmp_path: Path) -> None:
    by_name[0].save(tmp_path)
    (tmp_path / "ResponseSelector.responses.json").unlink()
    with pytest.raises(ModelError, match=r"ResponseSelector\.responses\.json"):
        loaded(tmp_path, **SMALL)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"retrieval_intent": "faqs"}, "no examples 'faqs/...'"),
        ({"retrieval_intent": "greet"}, "no examples 'greet/...'"),
        ({"featurizers": ["none"]}, "give no features"),
    ],
)
def test_with_nothing_to_learn_from_it_stays_untrained(options: dict[str, Any], reason: str, tmp_path: Path) -> None:
    context, notices = listening()
    training, featurizers = data()
    made = selector(training, context, **SMALL, **options)
    made.save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert reason in said(notices)
    assert [notice.location for notice in notices] == [PLACE]
    name = options.get("retrieval_intent", "default")
    assert parsed(featurizers, made, text="tell me a joke")[name]["ranking"] == []


def test_one_response_is_nothing_to_select_from(tmp_path: Path) -> None:
    context, notices = listening()
    training, _ = data()
    training.messages = [m for m in training.messages if m.attributes["intent"] != "faq"][:3]
    selector(training, context, **SMALL).save(tmp_path)
    assert "only one response" in said(notices)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"number_of_transformer_layers": 1, "transformer_size": 16, "use_masked_language_model": True},
        {"loss_type": "margin", "model_confidence": "auto", "connection_density": 0.5},
        {"constrain_similarities": True, "ranking_length": 2, "renormalize_confidences": True},
        {**BY_TEXT, "number_of_transformer_layers": 2, "use_key_relative_attention": True, "ranking_length": 1},
        {**BY_TEXT, "use_masked_language_model": True, "hidden_layers_sizes": {"text": [8], "label": [4]}},
    ],
)
def test_every_kind_trains_saves_and_loads(options: dict[str, Any], tmp_path: Path) -> None:
    training, featurizers = data()
    settings = {**SMALL, **options, "epochs": 2}
    made = selector(training, **settings)
    made.save(tmp_path)
    found = parsed(featurizers, loaded(tmp_path, **settings), text="how much is a joke")
    assert found == parsed(featurizers, made, text="how much is a joke")
    assert len(found["default"]["ranking"]) == settings.get("ranking_length", 4)


def test_hidden_layers_are_shared_where_texts_and_responses_have_the_same_features(tmp_path: Path) -> None:
    options = {**BY_TEXT, "share_hidden_layers": True, "epochs": 2}
    training, featurizers = data(use_shared_vocab=True)
    made = selector(training, **options)
    made.save(tmp_path)
    assert not any(path.startswith("sequence_layer.label") for path in layers(tmp_path))
    again = loaded(tmp_path, **options)
    assert parsed(featurizers, again, text="a joke") == parsed(featurizers, made, text="a joke")
    with pytest.raises(DataError, match="share_hidden_layers needs the same features"):
        selector(data()[0], **options)


def test_held_out_examples_are_measured_and_the_best_weights_kept() -> None:
    training, _ = data()
    made = component("ResponseSelector", **{**SMALL, "epochs": 3}, retrieval_intent="faq")
    assert made.train(training, TrainingContext()).keys() == {"loss", "response_loss", "response_accuracy"}
    training.messages *= 2
    options = {"evaluate_on_number_of_examples": 4, "evaluate_every_number_of_epochs": 1, "checkpoint_model": True}
    made = component("ResponseSelector", **{**SMALL, "epochs": 3}, **options)
    found = made.train(training, TrainingContext())
    assert found.keys() >= {"loss", "response_loss", "val_loss", "val_response_loss", "val_response_accuracy"}
    assert 0 <= found["val_response_accuracy"] <= 1


def test_entities_and_intents_of_its_options_change_nothing() -> None:
    made = component("ResponseSelector", entity_recognition=True, BILOU_flag=True, intent_classification=False)
    assert isinstance(made, ResponseSelector)
    assert (made.options.entities, made.options.bilou, made.options.intents) == (False, False, True)
