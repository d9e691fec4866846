"""Featurizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.registry.entry import Constraint, Entry, Extra, HubCommit
from rebake.registry.language_models import LANGUAGE_MODELS
from rebake.registry.nlu.providers import MITIE, NO_MITIE, SPACY_EXTRA
from rebake.registry.options import Choice, CountOrShare, Flag, ListOf, OneOf, Text, WholeNumber, names
from rebake.registry.token_features import LEXICAL_FEATURES, FeatureWindow

_TOKENS = frozenset({"tokens"})
_SPARSE = frozenset({"features", "sparse_features"})
_DENSE = frozenset({"features", "dense_features"})
_ALIAS = Text(default=None)
_POOLING = Choice(("mean", "max"), default="mean")


def _is_no_range(options: Mapping[str, Any]) -> bool:
    return not 1 <= options["min_ngram"] <= options["max_ngram"]


ENTRIES = (
    Entry(
        name="RegexFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer",
        kind="featurizer",
        options={
            "alias": _ALIAS,
            "case_sensitive": Flag(default=True),
            "use_lookup_tables": Flag(default=True),
            "use_regexes": Flag(default=True),
            "use_word_boundaries": Flag(default=True),
        },
        implementation="rebake.nlu.featurizers.regex_featurizer:RegexFeaturizer",
        reads=frozenset({"regexes", "lookups"}),
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    Entry(
        name="LexicalSyntacticFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer.LexicalSyntacticFeaturizer",
        kind="featurizer",
        options={
            "alias": _ALIAS,
            "features": FeatureWindow(
                LEXICAL_FEATURES,
                default=[  # previous token, this token, next token
                    ["low", "title", "upper"],
                    ["BOS", "EOS", "low", "upper", "title", "digit"],
                    ["low", "title", "upper"],
                ],
            ),
        },
        implementation="rebake.nlu.featurizers.lexical_syntactic_featurizer:LexicalSyntacticFeaturizer",
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    Entry(
        name="CountVectorsFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer.CountVectorsFeaturizer",
        kind="featurizer",
        options={
            "alias": _ALIAS,
            "use_shared_vocab": Flag(default=False),
            "analyzer": Choice(("word", "char", "char_wb"), default="word"),
            "strip_accents": Choice(("ascii", "unicode"), default=None),
            "stop_words": OneOf(
                (Choice(("english",)), ListOf(OneOf((Text(), WholeNumber(), Flag()), "a word"))),
                "english, or a list of words",
                default=None,
            ),
            "min_df": CountOrShare(default=1),
            "max_df": CountOrShare(default=1.0),
            "min_ngram": WholeNumber(default=1),
            "max_ngram": WholeNumber(default=1),
            "max_features": WholeNumber(least=0, default=None),
            "lowercase": Flag(default=True),
            "OOV_token": Text(default=None),
            "OOV_words": names(default=[], nullable=True),
            "use_lemma": Flag(default=True),
        },
        constraints=(
            Constraint(
                ("min_ngram", "max_ngram"),
                _is_no_range,
                "min_ngram {min_ngram} and max_ngram {max_ngram} are not a range.",
                "Give whole numbers with 1 <= min_ngram <= max_ngram.",
            ),
        ),
        implementation="rebake.nlu.featurizers.count_vectors_featurizer:CountVectorsFeaturizer",
        reads=frozenset({"intents", "responses"}),
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    Entry(
        name="ConveRTFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.convert_featurizer.ConveRTFeaturizer",
        kind="featurizer",
        options={"alias": _ALIAS, "model_url": Text(default=None, names_files=True)},
        trained=False,
        needs=_TOKENS,
        provides=_DENSE,
        refusal=(
            "its authors have withdrawn the weights, and copies elsewhere cannot be trusted.",
            "Use LanguageModelFeaturizer or SpacyFeaturizer.",
        ),
    ),
    Entry(
        name="LanguageModelFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.lm_featurizer.LanguageModelFeaturizer",
        kind="featurizer",
        options={
            "alias": _ALIAS,
            "model_name": Choice(tuple(LANGUAGE_MODELS), default="bert"),
            "model_weights": Text(default=None, names_files=True),
            "cache_dir": Text(default=None, changes_model=False),
        },
        trained=False,
        implementation="rebake.nlu.featurizers.language_model_featurizer:LanguageModelFeaturizer",
        extra=Extra("transformers", ("transformers", "torch")),
        needs=_TOKENS,
        provides=_DENSE,
        pretrained=HubCommit(
            weights="model_weights",
            kind="model_name",
            defaults={name: model.weights for name, model in LANGUAGE_MODELS.items()},
            cache="cache_dir",
        ),
    ),
    Entry(
        name="MitieFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.mitie_featurizer.MitieFeaturizer",
        kind="featurizer",
        options={"alias": _ALIAS, "pooling": _POOLING},
        trained=False,
        needs=_TOKENS | {"mitie_model"},
        provides=_DENSE,
        model_from=MITIE,
        refusal=(NO_MITIE, "Use CountVectorsFeaturizer, SpacyFeaturizer or LanguageModelFeaturizer."),
    ),
    Entry(
        name="SpacyFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.spacy_featurizer.SpacyFeaturizer",
        kind="featurizer",
        options={"alias": _ALIAS, "pooling": _POOLING},
        trained=False,
        implementation="rebake.nlu.featurizers.spacy_featurizer:SpacyFeaturizer",
        extra=SPACY_EXTRA,
        needs=_TOKENS | {"spacy_tokens"},
        provides=_DENSE,
    ),
)
