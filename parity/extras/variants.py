"""Pipelines with Jieba, spaCy, language models and Duckling; `{models}` and `{duckling}` are filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parity.pipelines.variants import Pipeline

DATA = Path(__file__).parent / "data"
EXTRACTORS = ("DIETClassifier", "CRFEntityExtractor", "SpacyEntityExtractor", "DucklingEntityExtractor")

WORDS = {"name": "CountVectorsFeaturizer"}
SHAPES = {"name": "LexicalSyntacticFeaturizer"}
SPACY = {"name": "SpacyNLP", "model": "{models}/spacy"}


def diet(**options: Any) -> dict[str, Any]:
    """Small, and fast enough to find entities; eager, because Rasa traces its graphs for longer than it trains them."""
    return {
        "name": "DIETClassifier", "epochs": 6, "batch_size": 8, "learning_rate": 0.01, "transformer_size": 32,
        "dense_dimension": {"text": 32}, "random_seed": 1, "run_eagerly": True, **options,
    }  # fmt: skip


def language_model(kind: str, **options: Any) -> Pipeline:
    featurizer = {"name": "LanguageModelFeaturizer", "model_name": kind, "model_weights": f"{{models}}/{kind}"}
    return [{"name": "WhitespaceTokenizer"}, {**featurizer, **options}]


ENGLISH: dict[str, Pipeline] = {
    "spaCy: mean, parts of speech, sparse and dense features, entities": [
        SPACY,
        {"name": "SpacyTokenizer", "intent_tokenization_flag": True, "intent_split_symbol": "+"},
        {"name": "SpacyFeaturizer"},
        {"name": "RegexFeaturizer"},
        {
            "name": "LexicalSyntacticFeaturizer",
            "features": [["pos", "low"], ["pos", "pos2", "suffix2", "BOS"], ["pos"]],
        },
        WORDS,
        diet(epochs=15),
        {"name": "SpacyEntityExtractor"},
        {"name": "EntitySynonymMapper"},
    ],
    "spaCy: maximum, case, dense features alone, dimensions": [
        {**SPACY, "case_sensitive": True},
        {"name": "SpacyTokenizer"},
        {"name": "SpacyFeaturizer", "pooling": "max", "alias": "vectors"},
        diet(featurizers=["vectors"], number_of_transformer_layers=0),
        {"name": "SpacyEntityExtractor", "dimensions": ["GPE"]},
    ],
    "spaCy: support vector machine, CRF with parts of speech": [
        SPACY,
        {"name": "SpacyTokenizer"},
        {"name": "SpacyFeaturizer"},
        {"name": "SklearnIntentClassifier", "C": [1, 5]},
        {
            "name": "CRFEntityExtractor",
            "features": [["low", "pos"], ["low", "pos", "pos2", "suffix2", "text_dense_features"], ["pos2", "title"]],
        },
    ],
    "bert: sparse and dense features; Duckling": [
        *language_model("bert", alias="bert"),
        SHAPES,
        WORDS,
        diet(),
        {"name": "DucklingEntityExtractor", "url": "{duckling}", "dimensions": ["number"], "locale": "de_DE"},
    ],
    "gpt: dense features alone": [*language_model("gpt"), diet(epochs=3, entity_recognition=False)],
    "xlnet, and token_pattern": [
        {"name": "WhitespaceTokenizer", "token_pattern": "[0-9]+|[^0-9]+"},
        language_model("xlnet")[1],
        WORDS,
        diet(epochs=12),
    ],
    "roberta and distilbert beside each other": [
        *language_model("roberta"),
        language_model("distilbert")[1],
        diet(epochs=3, entity_recognition=False),
    ],
    "gpt2 and camembert beside each other": [
        *language_model("gpt2"),
        language_model("camembert")[1],
        diet(epochs=3, entity_recognition=False),
    ],
}

CHINESE: dict[str, Pipeline] = {
    "Jieba: its own dictionary": [{"name": "JiebaTokenizer"}, SHAPES, WORDS, diet(epochs=40)],
    "Jieba: user dictionaries, token_pattern": [
        {"name": "JiebaTokenizer", "dictionary_path": "{data}/dictionaries", "token_pattern": "[a-z]+|[^a-z]+"},
        WORDS,
        diet(epochs=20),
    ],
}

CHINESE_TEXTS = [
    "", "我想订去北京的机票", "帮我买上海 到 广州的火车票！", "云计算大会在哪里", "你好，早上好", "hello北京ok",
    "好", "。", "明天下午3点去深圳",
]  # fmt: skip
