"""Policies with options that no reference assistant uses, several in one model, as each is asked alone.

Networks are small, so that Rasa is fast; they learn fast, so that their confidences are not all alike. The stories hold
no texts of the bot: Rasa 3.6.21 stopped at them in training ("Duplicate actions in domain").
"""

from typing import Any

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


BY_INTENTS: Policies = [
    ted(),  # max_history: null
    ted(featurizer=FULL_DIALOGUE, **RELATIVE),
    ted(featurizer=WINDOWS, number_of_transformer_layers={"dialogue": 2}, connection_density=1.0, **RELATIVE),
    ted(max_history=2, loss_type="margin", use_maximum_negative_similarity=False),
    ted(max_history=4, loss_type="cross_entropy", model_confidence="auto", similarity_type="cosine"),
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
    ted(max_history=4, evaluate_on_number_of_examples=12, evaluate_every_number_of_epochs=1, checkpoint_model=True),
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
    ted(**TEXT_LAYERS, entity_recognition=False),
    ted(
        **TEXT_LAYERS,
        **RELATIVE,
        entity_recognition=False,
        max_history=3,
        hidden_layers_sizes=HIDDEN,
        unidirectional_encoder=True,
        e2e_confidence_threshold=0.05,
    ),
    ted(
        **TEXT_LAYERS,
        entity_recognition=False,
        featurizer=FULL_DIALOGUE,
        number_of_transformer_layers=NO_LAYERS,
        use_masked_language_model=True,
    ),
    unexpected(**{**SMALL, "transformer_size": {"dialogue": 16, "text": 8}}, max_history=3),
]
BY_TEXTS: Policies = [
    ted(**TEXT_LAYERS, epochs=12, e2e_confidence_threshold=0.0),
    ted(**TEXT_LAYERS, BILOU_flag=False, max_history=2, split_entities_by_comma=False, epochs=12),
    ted(**TEXT_LAYERS, featurizer=FULL_DIALOGUE, split_entities_by_comma={"drink": False}, epochs=12),
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
    "stories by texts": ("texts.yml", TOKENS_AND_WORDS, BY_TEXTS),
}
