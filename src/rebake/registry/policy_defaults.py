"""Every option of every policy of Rasa 3.6.21 with its default (the ``get_default_config`` of each class, as data)."""

from __future__ import annotations

from typing import Any

MEMOIZATION: dict[str, Any] = {
    # Keys of the lookup are compressed and base64 encoded.
    "enable_feature_string_compression": True,
    # Score 1.0, or the confidence of the intent.
    "use_nlu_confidence_as_score": False,
    "priority": 3,
    # Number of states in a key; None: the whole conversation.
    "max_history": None,
}

RULE: dict[str, Any] = {
    "priority": 4,
    "core_fallback_threshold": 0.3,
    "core_fallback_action_name": "action_default_fallback",
    "enable_fallback_prediction": True,
    # At most one user message in a rule.
    "restrict_rules": True,
    "check_for_contradictions": True,
    "use_nlu_confidence_as_score": False,
}

# What TEDPolicy and UnexpecTEDIntentPolicy have in common.
_TRANSFORMER: dict[str, Any] = {
    "encoding_dimension": 50,
    "number_of_attention_heads": 4,
    "use_key_relative_attention": False,
    "use_value_relative_attention": False,
    "max_relative_position": 5,
    "unidirectional_encoder": False,
    "batch_size": [64, 256],
    "batch_strategy": "balanced",
    "epochs": 1,
    "random_seed": None,
    "learning_rate": 0.001,
    "embedding_dimension": 20,
    "number_of_negative_examples": 20,
    "scale_loss": True,
    "regularization_constant": 0.001,
    "drop_rate_dialogue": 0.1,
    "drop_rate": 0.0,
    "drop_rate_label": 0.0,
    "drop_rate_attention": 0.0,
    "connection_density": 0.2,
    "use_sparse_input_dropout": True,
    "use_dense_input_dropout": True,
    "use_masked_language_model": False,
    "evaluate_every_number_of_epochs": 20,
    "evaluate_on_number_of_examples": 0,
    "tensorboard_log_directory": None,
    "tensorboard_log_level": "epoch",
    "checkpoint_model": False,
    "featurizers": [],
    "loss_type": "cross_entropy",
    "split_entities_by_comma": True,
    "use_gpu": True,
}

_TEXTS = ("text", "action_text", "label_action_text")
_STATES = ("intent", "action_name", "label_action_name", "entities", "slots", "active_loop")

TED: dict[str, Any] = {
    **_TRANSFORMER,
    "hidden_layers_sizes": {text: [] for text in _TEXTS},
    "dense_dimension": {**dict.fromkeys(_TEXTS, 128), **dict.fromkeys(_STATES, 20)},
    "concat_dimension": dict.fromkeys(_TEXTS, 128),
    "transformer_size": dict.fromkeys((*_TEXTS, "dialogue"), 128),
    "number_of_transformer_layers": dict.fromkeys((*_TEXTS, "dialogue"), 1),
    "similarity_type": "auto",
    "ranking_length": 0,
    "renormalize_confidences": False,
    "maximum_positive_similarity": 0.8,
    "maximum_negative_similarity": -0.2,
    "use_maximum_negative_similarity": True,
    "negative_margin_scale": 0.8,
    "e2e_confidence_threshold": 0.5,
    "entity_recognition": True,
    "constrain_similarities": False,
    "model_confidence": "softmax",
    "BILOU_flag": True,
    "max_history": None,
    "priority": 1,
}

UNEXPECTED_INTENT: dict[str, Any] = {
    **_TRANSFORMER,
    "hidden_layers_sizes": {"text": []},
    "dense_dimension": {
        "text": 128,
        **dict.fromkeys(("intent", "action_name", "entities", "slots", "active_loop", "label_intent"), 20),
    },
    "concat_dimension": {"text": 128},
    "transformer_size": dict.fromkeys(("text", "dialogue"), 128),
    "number_of_transformer_layers": dict.fromkeys(("text", "dialogue"), 1),
    "similarity_type": "inner",
    "ranking_length": 10,
    "ignore_intents_list": [],
    "tolerance": 0.0,
    # Read by Rasa, though its own table of defaults leaves it out.
    "max_history": None,
    "entity_recognition": False,
    "BILOU_flag": False,
    "priority": 2,
}
