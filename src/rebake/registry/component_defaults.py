"""Defaults of every NLU component of Rasa 3.6.21, as tables (facts).

A node of a model archive holds only what the user wrote, so reading any archive needs these tables too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

TOKENIZER: Final[dict[str, Any]] = {
    "intent_tokenization_flag": False,
    "intent_split_symbol": "_",
    "token_pattern": None,
    "prefix_separator_symbol": None,
}

JIEBA_TOKENIZER: Final[dict[str, Any]] = {"dictionary_path": None, **TOKENIZER}

SPACY_NLP: Final[dict[str, Any]] = {"model": None, "case_sensitive": False}  # a model must be named

SPACY_FEATURIZER: Final[dict[str, Any]] = {"alias": None, "pooling": "mean"}

REGEX_FEATURIZER: Final[dict[str, Any]] = {
    "alias": None,
    "case_sensitive": True,
    "use_lookup_tables": True,
    "use_regexes": True,
    "use_word_boundaries": True,
}

LEXICAL_SYNTACTIC_FEATURIZER: Final[dict[str, Any]] = {
    "alias": None,
    "features": [  # previous token, this token, next token
        ["low", "title", "upper"],
        ["BOS", "EOS", "low", "upper", "title", "digit"],
        ["low", "title", "upper"],
    ],
}

COUNT_VECTORS_FEATURIZER: Final[dict[str, Any]] = {
    "alias": None,
    "use_shared_vocab": False,
    "analyzer": "word",
    "strip_accents": None,
    "stop_words": None,
    "min_df": 1,
    "max_df": 1.0,
    "min_ngram": 1,
    "max_ngram": 1,
    "max_features": None,
    "lowercase": True,
    "OOV_token": None,
    "OOV_words": [],
    "use_lemma": True,
}

DIET_CLASSIFIER: Final[dict[str, Any]] = {
    "hidden_layers_sizes": {"text": [], "label": []},
    "share_hidden_layers": False,
    "transformer_size": 256,
    "number_of_transformer_layers": 2,
    "number_of_attention_heads": 4,
    "use_key_relative_attention": False,
    "use_value_relative_attention": False,
    "max_relative_position": 5,
    "unidirectional_encoder": False,
    "batch_size": [64, 256],
    "batch_strategy": "balanced",
    "epochs": 300,
    "random_seed": None,
    "learning_rate": 0.001,
    "embedding_dimension": 20,
    "dense_dimension": {"text": 128, "label": 20},
    "concat_dimension": {"text": 128, "label": 20},
    "number_of_negative_examples": 20,
    "similarity_type": "auto",
    "loss_type": "cross_entropy",
    "ranking_length": 10,
    "maximum_positive_similarity": 0.8,
    "maximum_negative_similarity": -0.4,
    "use_maximum_negative_similarity": True,
    "scale_loss": False,
    "regularization_constant": 0.002,
    "negative_margin_scale": 0.8,
    "drop_rate": 0.2,
    "drop_rate_attention": 0,
    "connection_density": 0.2,
    "use_sparse_input_dropout": True,
    "use_dense_input_dropout": True,
    "evaluate_every_number_of_epochs": 20,
    "evaluate_on_number_of_examples": 0,
    "intent_classification": True,
    "entity_recognition": True,
    "use_masked_language_model": False,
    "BILOU_flag": True,
    "tensorboard_log_directory": None,
    "tensorboard_log_level": "epoch",
    "checkpoint_model": False,
    "featurizers": [],
    "split_entities_by_comma": True,
    "constrain_similarities": False,
    "model_confidence": "softmax",
    "renormalize_confidences": False,
    "run_eagerly": False,
    "drop_small_last_batch": False,
}

RESPONSE_SELECTOR: Final[dict[str, Any]] = {
    **DIET_CLASSIFIER,
    "hidden_layers_sizes": {"text": [256, 128], "label": [256, 128]},
    "transformer_size": None,
    "number_of_transformer_layers": 0,
    "dense_dimension": {"text": 512, "label": 512},
    "concat_dimension": {"text": 512, "label": 512},
    "scale_loss": True,
    "connection_density": 1.0,
    "use_sparse_input_dropout": False,
    "use_dense_input_dropout": False,
    "retrieval_intent": None,
    "use_text_as_label": False,
}

CRF_ENTITY_EXTRACTOR: Final[dict[str, Any]] = {
    "BILOU_flag": True,
    "split_entities_by_comma": True,
    "features": [  # previous token, this token, next token
        ["low", "title", "upper"],
        [
            "low",
            "bias",
            "prefix5",
            "prefix2",
            "suffix5",
            "suffix3",
            "suffix2",
            "upper",
            "title",
            "digit",
            "pattern",
        ],
        ["low", "title", "upper"],
    ],
    "max_iterations": 50,
    "L1_c": 0.1,
    "L2_c": 0.1,
    "featurizers": [],
}

REGEX_ENTITY_EXTRACTOR: Final[dict[str, Any]] = {
    "case_sensitive": False,
    "use_lookup_tables": True,
    "use_regexes": True,
    "use_word_boundaries": True,
}

SKLEARN_INTENT_CLASSIFIER: Final[dict[str, Any]] = {
    "C": [1, 2, 5, 10, 20, 100],
    "gamma": [0.1],
    "kernels": ["linear"],
    "max_cross_validation_folds": 5,
    "scoring_function": "f1_weighted",
    "num_threads": 1,
}

LOGISTIC_REGRESSION_CLASSIFIER: Final[dict[str, Any]] = {
    "max_iter": 100,
    "solver": "lbfgs",
    "tol": 0.0001,
    "random_state": 42,
    "ranking_length": 10,
}

DUCKLING_ENTITY_EXTRACTOR: Final[dict[str, Any]] = {
    "dimensions": None,
    "url": None,
    "locale": None,
    "timezone": None,
    "timeout": 3,
}

LANGUAGE_MODEL_FEATURIZER: Final[dict[str, Any]] = {
    "alias": None,
    "model_name": "bert",
    "model_weights": None,
    "cache_dir": None,
}

NONE: Final = MappingProxyType[str, Any]({})
