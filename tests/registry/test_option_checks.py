"""Options of a wrong kind are refused with the line of config.yml, before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.core.agent import policy_nodes
from rebake.errors import DataError
from rebake.registry.components import COMPONENTS
from rebake.registry.option_checks import check_options
from rebake.registry.policies import POLICIES

HERE = Location("config.yml", 7)
ENTRIES = {**COMPONENTS, **POLICIES}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_default_is_accepted(name: str) -> None:
    check_options(ComponentSpec(name, ENTRIES[name].defaults, HERE), ENTRIES[name])


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


def test_a_misspelt_option_of_a_policy_is_told() -> None:
    _, notices = policy_nodes([ComponentSpec("MemoizationPolicy", {"max_histroy": 5}, HERE)], is_default=False)
    assert [str(notice) for notice in notices] == [
        "config.yml:7: policies: MemoizationPolicy has no option 'max_histroy'; it is ignored. "
        "Did you mean 'max_history'?"
    ]


def test_a_misspelt_policy_is_an_error() -> None:
    with pytest.raises(DataError, match=r"config\.yml:7: .*no policy 'RulePolicies'.*Did you mean 'RulePolicy'"):
        policy_nodes([ComponentSpec("RulePolicies", {}, HERE)], is_default=False)
