"""Rasa 3.6.21's configuration where config.yml leaves ``pipeline:`` or ``policies:`` empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PIPELINE: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("WhitespaceTokenizer", {}),
    ("RegexFeaturizer", {}),
    ("LexicalSyntacticFeaturizer", {}),
    ("CountVectorsFeaturizer", {}),
    ("CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}),
    ("DIETClassifier", {"epochs": 100, "constrain_similarities": True}),
    ("EntitySynonymMapper", {}),
    ("ResponseSelector", {"epochs": 100, "constrain_similarities": True}),
    ("FallbackClassifier", {"threshold": 0.3, "ambiguity_threshold": 0.1}),
)

POLICIES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("MemoizationPolicy", {}),
    ("RulePolicy", {}),
    ("UnexpecTEDIntentPolicy", {"max_history": 5, "epochs": 100}),
    ("TEDPolicy", {"max_history": 5, "epochs": 100, "constrain_similarities": True}),
)
