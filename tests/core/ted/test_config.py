"""From the options in ``meta.json`` to the network: every value in its place, and broken files refused by option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rebake.base.option_reader import OptionReader
from rebake.base.training_context import TrainingContext
from rebake.core.ted.config import ted_config
from rebake.core.ted.data import StateWidths
from rebake.core.ted.labels import LabelRows
from rebake.core.ted.options import resolve_intent_options, resolve_options
from rebake.core.ted.texts import TextWidths
from rebake.errors import ModelError
from rebake.registry.lookup import POLICIES

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from rebake.nn.ted.config import TedConfig

WIDTHS = StateWidths({"intent": 3, "action_name": 4}, {"text": TextWidths(5, 0, 5, 0)})


def labels(attribute: str = "label_action_name", *, counted: bool = False) -> LabelRows:
    places = np.arange(4, dtype=np.int32)
    return LabelRows(4, attribute, np.eye(4, dtype=np.float32), counted, places, None, np.zeros(0, np.int32))


def config(changes: dict[str, Any] | None = None, *, whole_dialogues: bool = False, counted: bool = False) -> TedConfig:
    defaults = POLICIES["TEDPolicy"].defaults
    options = {**resolve_options(defaults, "TEDPolicy0", TrainingContext().warn), **(changes or {})}
    read = OptionReader(options, "ted_policy.meta.json")
    return ted_config(read, WIDTHS, labels(counted=counted), whole_dialogues=whole_dialogues)


def test_the_network_has_what_the_options_say() -> None:
    found = config({"drop_rate": 0.3, "use_dense_input_dropout": False, "hidden_layers_sizes": {"text": [16, 8]}})
    assert (found.sparse_rate, found.dense_rate, found.dialogue_rate) == (0.3, 0.0, 0.1)
    assert found.transformer is not None
    assert (found.transformer.units, found.transformer.rate, found.transformer.unidirectional) == (128, 0.1, False)
    assert found.texts["text"].hidden == (16, 8)
    assert found.texts["text"].combine.rate == 0.3
    assert (found.encoding_units, found.embedding_units, found.softmax) == (50, 20, True)
    assert (found.loss.similarity, found.loss.scale, found.loss.mu_neg) == ("inner", True, -0.2)


def test_it_has_encoders_for_what_it_reads_alone() -> None:
    assert config().dense_units == {"intent": 20, "action_name": 20}
    assert config(counted=True).dense_units.keys() == {"intent", "action_name", "label_action_name"}
    assert config().texts.keys() == {"text"}


def test_whole_dialogues_are_read_by_an_encoder_that_looks_back() -> None:
    encoder = config(whole_dialogues=True).transformer
    assert encoder is not None
    assert encoder.unidirectional


@pytest.mark.parametrize(
    ("changes", "noisy"),
    [
        ({}, False),
        ({"drop_rate": 0.1}, True),
        ({"drop_rate_attention": 0.1}, True),
        ({"use_masked_language_model": True}, True),
    ],
)
def test_states_are_encoded_once_unless_noise_differs_between_them(changes: dict[str, Any], noisy: bool) -> None:
    assert config(changes).noisy_states is noisy


def test_an_encoder_without_layers_is_none_whatever_its_size() -> None:
    none = {"number_of_transformer_layers": {"dialogue": 0, "text": 0}, "transformer_size": {"dialogue": None}}
    found = config({**none, "transformer_size": {"dialogue": None, "text": None}})
    assert found.transformer is None
    assert found.texts["text"].transformer is None


def test_a_text_encoder_without_a_size_has_rasas() -> None:
    encoder = config({"transformer_size": {"dialogue": 8, "text": None}}).texts["text"].transformer
    assert encoder is not None
    assert encoder.units == 256


def test_intents_have_a_loss_without_margins() -> None:
    defaults = POLICIES["UnexpecTEDIntentPolicy"].defaults
    read = OptionReader(
        resolve_intent_options(defaults, "UnexpecTEDIntentPolicy0", TrainingContext().warn), "meta.json"
    )
    found = ted_config(read, WIDTHS, labels("label_intent"), whole_dialogues=False)
    assert (found.loss.negatives, found.loss.scale, found.loss.similarity, found.softmax) == (20, True, "inner", False)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"encoding_dimension": "wide"}, "encoding_dimension"),
        ({"dense_dimension": {"intent": 20}}, "action_name is missing in dense_dimension"),
        ({"transformer_size": {"text": 8}}, "dialogue is missing in transformer_size"),
        ({"concat_dimension": None}, "concat_dimension"),
        ({"number_of_attention_heads": 0}, "number_of_attention_heads"),
        ({"number_of_attention_heads": 3}, "transformer_size 128 is not a multiple"),
        ({"similarity_type": "auto"}, "similarity_type"),
    ],
)
def test_a_broken_meta_json_is_refused_by_the_option(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ModelError, match=named) as caught:
        config(changes)
    assert "ted_policy.meta.json" in caught.value.message
    assert caught.value.fix
