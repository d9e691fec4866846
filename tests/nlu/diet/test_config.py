"""From the options of DIETClassifier and ResponseSelector to the network: every value in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rebake.nlu.classifiers.response_selector import ResponseSelector
from rebake.nlu.diet.config import diet_config
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.network_options import batching, evaluation_settings, fit_settings
from rebake.registry.lookup import COMPONENTS

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from rebake.nn.diet.config import DietConfig


def of_classifier(**options: Any) -> DietOptions:
    return DietOptions.of({**COMPONENTS["DIETClassifier"].defaults, **options}, "DIETClassifier1")


def of_selector(**options: Any) -> DietConfig:
    selector = ResponseSelector({**COMPONENTS["ResponseSelector"].defaults, **options}, "ResponseSelector1")
    return diet_config(selector.options)


def test_the_network_has_what_the_options_say() -> None:
    found = diet_config(of_classifier(drop_rate=0.3, hidden_layers_sizes={"text": [16, 8], "label": []}))
    assert (found.hidden_text, found.hidden_label) == ((16, 8), ())
    assert (found.text.dense_units, found.label.dense_units) == (128, 20)
    assert (found.text.rate, found.text.sparse_dropout, found.label.sparse_dropout) == (0.3, True, False)
    assert found.transformer is not None
    assert (found.transformer.units, found.transformer.layers, found.transformer.heads) == (256, 2, 4)
    assert (found.loss.loss, found.loss.similarity, found.loss.mu_neg) == ("cross_entropy", "inner", -0.4)
    assert (found.softmax, found.masked_language_model, found.text_labels) == (True, False, False)


def test_the_margin_loss_compares_by_cosine_and_has_no_probabilities() -> None:
    found = diet_config(of_classifier(loss_type="margin"))
    assert (found.loss.loss, found.loss.similarity, found.softmax) == ("margin", "cosine", False)


def test_a_selector_has_no_transformer_and_reads_texts_of_labels_if_asked() -> None:
    assert of_selector().transformer is None
    assert not of_selector().text_labels
    asked = of_selector(use_text_as_label=True, share_hidden_layers=True)
    assert (asked.text_labels, asked.shared_layers) == (True, True)


def test_the_trainings_seed_counts_where_the_component_has_none() -> None:
    assert fit_settings(of_classifier().network, "net", 5).seed == 5
    assert fit_settings(of_classifier(random_seed=0).network, "net", 5).seed == 0
    assert evaluation_settings(of_classifier(random_seed=7).network, 5).seed == 7


def test_evaluation_and_batches_are_as_the_options_say() -> None:
    read = of_classifier(
        evaluate_every_number_of_epochs=-1, tensorboard_log_directory="", batch_size=8, drop_small_last_batch=True
    ).network
    found = evaluation_settings(read, 5)
    assert (found.every, found.log_directory, found.log_level) == (300, None, "epoch")
    assert (batching(read).sizes, batching(read).drop_small_last) == (8, True)
    assert batching(of_classifier().network).sizes == (64, 256)
