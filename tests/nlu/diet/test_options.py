"""Options of DIETClassifier that exclude each other are refused as by Rasa, by name and without TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

from rebake.errors import DataError, UnsupportedError
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.diet.training_warnings import warn_about_featurizers, warn_about_training
from rebake.nlu.message import Features, Message
from support.nlu import valid_options
from support.notices import PLACE, listening

MARGIN = {"loss_type": "margin"}


def checked(**options: Any) -> DietOptions:
    return DietOptions.of(valid_options("DIETClassifier", **options), "DIETClassifier1")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"loss_type": "hinge"}, "loss_type"),
        ({"similarity_type": "dot"}, "similarity_type"),
        ({"batch_strategy": "random"}, "batch_strategy"),
        ({"model_confidence": "cosine"}, "model_confidence"),
        ({"model_confidence": "linear_norm"}, "model_confidence"),
        ({"tensorboard_log_level": "minibatch", "tensorboard_log_directory": "logs"}, "tensorboard_log_level"),
        ({"transformer_size": 30}, "transformer_size"),
        ({"use_masked_language_model": True, "number_of_transformer_layers": 0}, "use_masked_language_model"),
        ({"similarity_type": "cosine"}, "similarity_type"),
        ({**MARGIN, "renormalize_confidences": True}, "renormalize_confidences"),
        ({"model_confidence": "auto", "renormalize_confidences": True}, "renormalize_confidences"),
        ({"evaluate_every_number_of_epochs": 0}, "evaluate_every_number_of_epochs"),
        ({"use_key_relative_attention": True, "max_relative_position": 0}, "max_relative_position"),
        ({"random_seed": "seven"}, "random_seed"),
        ({"featurizers": "words"}, "featurizers"),
        ({"intent_classification": False, "entity_recognition": False}, "intent_classification and entity_recognition"),
        ({"tensorboard_log_directory": 3}, "tensorboard_log_directory"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(DataError, match=named) as caught:
        checked(**options)
    assert caught.value.fix


@pytest.mark.parametrize(
    "options",
    [
        {**MARGIN, "model_confidence": "softmax"},  # Rasa takes auto then
        {**MARGIN, "similarity_type": "cosine"},
        {**MARGIN, "renormalize_confidences": True, "ranking_length": 0},
        {"similarity_type": "cosine", "model_confidence": "auto"},
        {"evaluate_every_number_of_epochs": -1},
        {"intent_classification": False, "entity_recognition": False, "use_masked_language_model": True},
        {"transformer_size": None},
        {"transformer_size": 30, "number_of_transformer_layers": 0},
        {"random_seed": 7, "featurizers": ["words"], "tensorboard_log_directory": "logs"},
    ],
)
def test_what_rasa_trains_is_accepted(options: dict[str, Any]) -> None:
    checked(**options)


def test_hidden_layers_are_shared_by_response_texts_alone() -> None:
    with pytest.raises(UnsupportedError, match="share_hidden_layers"):
        checked(share_hidden_layers=True)
    selector = {"use_text_as_label": True, "share_hidden_layers": True}
    valid_options("ResponseSelector", **selector)
    with pytest.raises(DataError, match="hidden_layers_sizes"):
        valid_options("ResponseSelector", **selector, hidden_layers_sizes={"text": [8], "label": [9]})


@pytest.mark.parametrize("size", [None, 0, -1])
def test_a_transformer_without_a_size_has_rasas(size: int | None) -> None:
    assert checked(transformer_size=size).transformer_units == 256


def test_the_margin_loss_has_similarities_for_confidences() -> None:
    assert checked().softmax
    assert not checked(**MARGIN).softmax
    assert checked(**MARGIN).similarity == "cosine"
    assert checked().similarity == "inner"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (MARGIN, "similarities between"),
        ({**MARGIN, "similarity_type": "inner"}, "similarity_type inner"),
        ({"similarity_type": "cosine", "model_confidence": "auto"}, "similarity_type cosine"),
        ({"evaluate_on_number_of_examples": 5, "epochs": 3}, "no evaluation"),
        ({"checkpoint_model": True}, "checkpoint_model"),
    ],
)
def test_what_may_not_be_meant_is_reported(options: dict[str, Any], message: str) -> None:
    context, notices = listening()
    warn_about_training(checked(**options), "DIETClassifier1", context)
    assert any(message in notice.message and notice.location == PLACE for notice in notices)


def test_the_defaults_are_nothing_to_warn_of() -> None:
    context, notices = listening()
    messages = [Message({}, features={"text": [Features("words")]})]
    warn_about_training(checked(), "DIETClassifier1", context)
    warn_about_featurizers(["words"], "DIETClassifier1", messages, context)
    assert not list(notices)


def test_a_featurizer_that_is_not_there_is_named() -> None:
    context, notices = listening()
    messages = [Message({}, features={"text": [Features("words")]})]
    warn_about_featurizers(["letters"], "DIETClassifier1", messages, context)
    [notice] = notices
    assert notice.location == PLACE
    assert "'letters'" in notice.message
    assert "words" in notice.message
