"""Pipelines with options that the reference assistants do not use, tried on travelbot's or moodbot's data."""

from __future__ import annotations

from typing import Any

EXTRA: dict[str, list[dict[str, Any]]] = {
    "options-1": [
        {"name": "WhitespaceTokenizer", "intent_tokenization_flag": True, "token_pattern": r"\w+|[^\w\s]+"},
        {"name": "RegexFeaturizer", "case_sensitive": False, "use_word_boundaries": False},
        {"name": "LexicalSyntacticFeaturizer", "features": [["BOS", "suffix3"], ["low", "prefix2", "suffix1", "EOS"]]},
        {"name": "CountVectorsFeaturizer", "min_ngram": 1, "max_ngram": 2, "min_df": 2, "max_df": 0.3},
        {"name": "CountVectorsFeaturizer", "analyzer": "char", "min_ngram": 2, "max_ngram": 3,
         "strip_accents": "ascii"},
        {"name": "CountVectorsFeaturizer", "use_shared_vocab": True, "stop_words": "english", "use_lemma": False},
        {"name": "RegexEntityExtractor", "use_word_boundaries": False},
        {"name": "EntitySynonymMapper"},
    ],
    "options-2": [
        {"name": "WhitespaceTokenizer", "intent_tokenization_flag": True, "prefix_separator_symbol": "_"},
        {"name": "LexicalSyntacticFeaturizer", "features": [["title"], ["digit", "suffix5"], ["pos"],
         ["upper", "pos2"]]},
        {"name": "CountVectorsFeaturizer", "OOV_token": "OOV", "OOV_words": ["problem", "Email"], "max_df": 60},
        {"name": "CountVectorsFeaturizer", "OOV_token": "problem", "lowercase": False, "stop_words": ["the", "my"]},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 3, "max_ngram": 5, "lowercase": False,
         "strip_accents": "unicode", "min_df": 0.02},
    ],
    "options-3": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer", "min_ngram": 1, "max_ngram": 2, "max_features": 17},
        {"name": "KeywordIntentClassifier", "case_sensitive": False},
        {"name": "FallbackClassifier", "threshold": 0.7, "ambiguity_threshold": 0.2},
    ],
}  # fmt: skip
