"""Policies with options that no reference assistant uses, several in one model, as each is asked alone.

Networks are small, so that Rasa is fast; they learn fast, so that their confidences are not all alike. The stories hold
no texts of the bot: Rasa 3.6.21 stopped at them in training ("Duplicate actions in domain").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

Policies = list[dict[str, Any]]

SMALL = {
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 0.01,
    "random_seed": 1,
    "transformer_size": {"dialogue": 16},
    "number_of_attention_heads": 2,
    "encoding_dimension": 12,
    "embedding_dimension": 6,
}
FULL_DIALOGUE = [{"name": "FullDialogueTrackerFeaturizer", "state_featurizer": [{"name": "SingleStateFeaturizer"}]}]
WINDOWS = [
    {
        "name": "MaxHistoryTrackerFeaturizer",
        "max_history": 3,
        "remove_duplicates": False,
        "state_featurizer": [{"name": "SingleStateFeaturizer"}],
    }
]
INTENT_WINDOWS = [
    {
        "name": "IntentMaxHistoryTrackerFeaturizer",
        "max_history": 3,
        "state_featurizer": [{"name": "IntentTokenizerSingleStateFeaturizer"}],
    }
]
RELATIVE = {"use_key_relative_attention": True, "use_value_relative_attention": True, "max_relative_position": 2}


def ted(**options: Any) -> dict[str, Any]:
    return {"name": "TEDPolicy", **SMALL, **options}


def unexpected(**options: Any) -> dict[str, Any]:
    return {"name": "UnexpecTEDIntentPolicy", **SMALL, **options}


RULES_AND_MEMORIES: Policies = [
    {"name": "RulePolicy"},
    {"name": "RulePolicy", "core_fallback_threshold": 0.7, "core_fallback_action_name": "utter_bye", "priority": 6},
    {"name": "RulePolicy", "enable_fallback_prediction": False, "use_nlu_confidence_as_score": True},
    {"name": "RulePolicy", "restrict_rules": False, "check_for_contradictions": False},
    {"name": "MemoizationPolicy"},  # max_history: null
    {"name": "MemoizationPolicy", "max_history": 2, "use_nlu_confidence_as_score": True},
    {"name": "MemoizationPolicy", "max_history": 4, "enable_feature_string_compression": False, "priority": 5},
    {"name": "AugmentedMemoizationPolicy"},
    {"name": "AugmentedMemoizationPolicy", "max_history": 3},
    {"name": "AugmentedMemoizationPolicy", "max_history": 5, "enable_feature_string_compression": False},
]
BY_INTENTS: Policies = [
    ted(),  # max_history: null
    ted(featurizer=FULL_DIALOGUE, model_confidence="auto", **RELATIVE),
    ted(featurizer=WINDOWS, number_of_transformer_layers={"dialogue": 2}, connection_density=1.0, **RELATIVE),
    ted(max_history=2, loss_type="margin", use_maximum_negative_similarity=False, unidirectional_encoder=True),
    ted(
        max_history=5,
        number_of_transformer_layers={"dialogue": 0},
        constrain_similarities=True,
        scale_loss=False,
        drop_rate=0.2,
        drop_rate_attention=0.1,
        batch_strategy="sequence",
        ranking_length=3,
        renormalize_confidences=True,
    ),
    ted(
        max_history=4,
        model_confidence="auto",
        similarity_type="cosine",
        evaluate_on_number_of_examples=12,
        evaluate_every_number_of_epochs=1,
        checkpoint_model=True,
    ),
    unexpected(max_history=2, tolerance=0.3),
    unexpected(featurizer=INTENT_WINDOWS, ignore_intents_list=["greet"], number_of_transformer_layers={"dialogue": 0}),
]
TEXT_LAYERS = {
    "transformer_size": {"dialogue": 16, "text": 8, "action_text": 8, "label_action_text": 8},
    "dense_dimension": {"text": 8, "action_text": 8, "label_action_text": 8},
    "concat_dimension": {"text": 8, "action_text": 8, "label_action_text": 8},
}
HIDDEN = {"text": [12, 10], "action_text": [12], "label_action_text": []}
NO_LAYERS = {"text": 0, "action_text": 0, "label_action_text": 0}
# With stories by intents as well, entities and entity_recognition on, Rasa 3.6.21 trains a model that cannot decide.
MIXED: Policies = [
    ted(
        **TEXT_LAYERS,
        entity_recognition=False,
        number_of_transformer_layers=NO_LAYERS,
        use_masked_language_model=True,
    ),
    ted(
        **TEXT_LAYERS,
        **RELATIVE,
        entity_recognition=False,
        max_history=3,
        hidden_layers_sizes=HIDDEN,
        unidirectional_encoder=True,
        e2e_confidence_threshold=0.05,
    ),
    unexpected(**{**SMALL, "transformer_size": {"dialogue": 16, "text": 8}}, max_history=3),
]
BY_TEXTS: Policies = [
    ted(**TEXT_LAYERS, epochs=12, e2e_confidence_threshold=0.0),
    ted(**TEXT_LAYERS, BILOU_flag=False, max_history=2, split_entities_by_comma=False, epochs=12),
]
WHOLE_DIALOGUES: Policies = [
    ted(**TEXT_LAYERS, featurizer=FULL_DIALOGUE, entity_recognition=False),
]
TOKENS_AND_WORDS: Policies = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 3},
]
VARIANTS: dict[str, tuple[str, Policies, Policies]] = {
    # name: stories, pipeline, policies
    "stories by intents": ("intents.yml", [], BY_INTENTS),
    "stories by texts and intents": ("mixed.yml", TOKENS_AND_WORDS, MIXED),
    "rules and memories": ("rules.yml", [], RULES_AND_MEMORIES),
    "stories by texts": ("texts.yml", TOKENS_AND_WORDS, BY_TEXTS),
    "stories by texts, whole dialogues": ("texts.yml", TOKENS_AND_WORDS, WHOLE_DIALOGUES),
}
# Rasa 3.6.21 reads such a model, but cannot save one that it trained itself: with a policy's option featurizer beside
# stories by texts it stops with a TypeError ("'generator' object does not support item assignment").
TRAINED_BY_REBAKE_ALONE = ("stories by texts, whole dialogues",)
OTHER_DOMAINS = {"rules.yml": "form_domain.yml"}  # the others have no forms, so they need no RulePolicy
