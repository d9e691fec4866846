"""Options of a wrong kind are refused with the line of config.yml, before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.errors import DataError
from rebake.nlu.classifiers import support_vector_machine
from rebake.nlu.crf import features as crf_features
from rebake.nlu.token_shapes import SHAPES
from rebake.registry import token_features
from rebake.registry.lookup import COMPONENTS, POLICIES, require
from rebake.registry.options import Choice, ListOf
from rebake.registry.validator import check_options, check_stored_options
from rebake.validation.pipeline import unread_options
from support.assistant_files import load, write

HERE = Location("config.yml", 7)
ENTRIES = {**COMPONENTS, **POLICIES}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_default_is_accepted(name: str) -> None:
    needed = {"model": "en_core_web_md"} if name == "SpacyNLP" else {}
    check_options(ComponentSpec(name, {**ENTRIES[name].defaults, **needed}, HERE), ENTRIES[name])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("DIETClassifier", {"batch_size": 32, "drop_rate": 0, "learning_rate": 1, "transformer_size": None}),
        ("DIETClassifier", {"random_seed": 0, "number_of_negative_examples": 0}),
        ("LogisticRegressionClassifier", {"random_state": None}),
        ("DucklingEntityExtractor", {"dimensions": ["time"]}),
        ("DucklingEntityExtractor", {"dimensions": None}),
        ("CRFEntityExtractor", {"featurizers": ["words"]}),
        # Fewer than none are none for Rasa, and a ranking of fewer is one of all.
        ("DIETClassifier", {"ranking_length": -3, "evaluate_on_number_of_examples": -1, "featurizers": None}),
        ("DIETClassifier", {"split_entities_by_comma": {"address": False}, "hidden_layers_sizes": {"text": [9]}}),
        ("CountVectorsFeaturizer", {"min_df": 0.1, "max_df": 1, "an_unknown_option": object}),
        ("CountVectorsFeaturizer", {"min_df": 0, "max_df": 0.0, "max_features": 0, "OOV_token": None, "alias": "a"}),
        ("TEDPolicy", {"max_history": 5, "constrain_similarities": True, "transformer_size": {"dialogue": 64}}),
        ("TEDPolicy", {"loss_type": "margin", "model_confidence": "linear_norm"}),  # which Rasa overrides
        ("DIETClassifier", {"loss_type": "margin", "model_confidence": "linear_norm"}),
    ],
)  # fmt: skip
def test_what_rasa_takes_is_accepted(name: str, options: dict[str, Any]) -> None:
    check_options(ComponentSpec(name, options, HERE), ENTRIES[name])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("CountVectorsFeaturizer", {"min_df": -1}),
        ("CountVectorsFeaturizer", {"max_df": 1.5}),
        ("CountVectorsFeaturizer", {"max_features": "all"}),
        ("CountVectorsFeaturizer", {"max_features": -1}),
        ("CountVectorsFeaturizer", {"OOV_token": 5}),
        ("RegexFeaturizer", {"alias": ["a"]}),
        ("WhitespaceTokenizer", {"token_pattern": 5}),
        ("DIETClassifier", {"random_seed": -1}),
        ("TEDPolicy", {"random_seed": "x"}),
        ("LogisticRegressionClassifier", {"random_state": 2**32}),
        ("DIETClassifier", {"number_of_negative_examples": -1}),
        ("ResponseSelector", {"retrieval_intent": ["faq"]}),
        ("DucklingEntityExtractor", {"url": 8000}),
        ("DIETClassifier", {"epochs": "many"}),
        ("DIETClassifier", {"epochs": None}),
        ("DIETClassifier", {"epochs": -1}),
        ("DIETClassifier", {"epochs": 1.5}),
        ("DIETClassifier", {"epochs": True}),
        ("DIETClassifier", {"hidden_layers_sizes": 5}),
        ("DIETClassifier", {"hidden_layers_sizes": {"text": ["a"]}}),
        ("DIETClassifier", {"hidden_layers_sizes": {"txt": [5]}}),
        ("DIETClassifier", {"batch_size": ["a"]}),
        ("DIETClassifier", {"batch_size": [64, 128, 256]}),
        ("DIETClassifier", {"learning_rate": "fast"}),
        ("DIETClassifier", {"drop_rate": 5}),
        ("DIETClassifier", {"constrain_similarities": "yes"}),
        ("DIETClassifier", {"loss_type": 3}),
        ("DucklingEntityExtractor", {"dimensions": "time"}),
        ("DucklingEntityExtractor", {"dimensions": [1]}),
        ("CRFEntityExtractor", {"featurizers": "words"}),
        ("DIETClassifier", {"regularization_constant": -1}),
        ("TEDPolicy", {"regularization_constant": -0.1}),
        ("MemoizationPolicy", {"priority": "x"}),
        ("TEDPolicy", {"transformer_size": 128}),
    ],
)
def test_a_value_of_a_wrong_kind_names_option_value_and_line(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=rf"^config\.yml:7: .*{next(iter(options))} of {name} (is|has) ") as error:
        check_options(ComponentSpec(name, options, HERE), ENTRIES[name])
    assert error.value.exit_code == 65


def test_a_layer_without_units_is_refused() -> None:
    spec = ComponentSpec("DIETClassifier", {"dense_dimension": {"text": 0}}, HERE)
    with pytest.raises(DataError, match=r"^config\.yml:7: text in the option dense_dimension of DIETClassifier is "):
        check_options(spec, ENTRIES["DIETClassifier"])


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if "drop_rate" in entry.options])
def test_a_rate_at_which_nothing_is_left_is_refused_everywhere(name: str) -> None:
    """Rasa's training fails on it: TensorFlow takes rates from 0 to less than 1."""
    for option in ENTRIES[name].options.keys() & {"drop_rate", "drop_rate_attention", "drop_rate_dialogue"}:
        check_options(ComponentSpec(name, {option: 0.99}, HERE), ENTRIES[name])
        with pytest.raises(DataError, match=rf"{option} of {name} is a number \(1\)"):
            check_options(ComponentSpec(name, {option: 1}, HERE), ENTRIES[name])


def test_an_error_stands_at_the_line_of_the_key(tmp_path: Path) -> None:
    config = "pipeline:\n- name: DIETClassifier\n  epochs: 3\n  dense_dimension:\n    text: 9\n    label: 0\n"
    config += "  similarity_type: cosine\n"
    pipeline = load(write(tmp_path, {"config.yml": config, "domain.yml": 'version: "3.1"\n'})).config.pipeline
    with pytest.raises(DataError, match=r"config\.yml:6: label in the option dense_dimension of DIETClassifier"):
        check_options(pipeline[0], ENTRIES["DIETClassifier"])
    spec = replace(pipeline[0], options={"similarity_type": "cosine"})  # with an option that is not written
    with pytest.raises(DataError, match=r"config\.yml:7: DIETClassifier: similarity_type cosine"):
        check_options(spec, ENTRIES["DIETClassifier"])


def test_a_model_may_have_the_flags_that_rasa_takes() -> None:
    spec = ComponentSpec("DIETClassifier", {"BILOU_flag": 1, "epochs": 1}, HERE)
    check_stored_options(spec, ENTRIES["DIETClassifier"])
    with pytest.raises(DataError, match="BILOU_flag"):
        check_options(spec, ENTRIES["DIETClassifier"])
    with pytest.raises(DataError, match="epochs"):
        check_stored_options(replace(spec, options={"epochs": 0}), ENTRIES["DIETClassifier"])


def test_names_in_the_registry_are_those_that_the_components_know() -> None:
    kernels = ENTRIES["SklearnIntentClassifier"].options["kernels"]
    assert isinstance(kernels, ListOf)
    assert isinstance(kernels.item, Choice)
    assert set(kernels.item.choices) == support_vector_machine._KERNELS.keys()
    assert SHAPES.keys() == token_features.SHAPES
    assert (
        crf_features._OF_TEXT.keys() | {crf_features.POS, "pos2", crf_features.PATTERN} <= token_features.CRF_FEATURES
    )
    assert {crf_features.DENSE, crf_features.ENTITY} <= token_features.CRF_FEATURES


def test_a_misspelt_option_of_a_policy_is_reported() -> None:
    notices = unread_options(
        POLICIES["MemoizationPolicy"], ComponentSpec("MemoizationPolicy", {"max_histroy": 5}, HERE), "policies"
    )
    assert [str(notice) for notice in notices] == [
        "config.yml:7: policies: MemoizationPolicy has no option 'max_histroy'; it is ignored. "
        "Did you mean 'max_history'?"
    ]


def test_a_misspelt_policy_is_an_error() -> None:
    with pytest.raises(DataError, match=r"config\.yml:7: .*no policy 'RulePolicies'.*Did you mean 'RulePolicy'"):
        require(ComponentSpec("RulePolicies", {}, HERE), "policies")
