"""Pipelines with options that no reference assistant uses, several to a pipeline where they do not hide each other.

Networks are small and learn fast, so that few epochs find entities. ``run_eagerly`` spares Rasa the tracing of its
graphs (10 to 50 s a network on a small machine) and changes no number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
EXTRACTORS = ("DIETClassifier", "CRFEntityExtractor", "RegexEntityExtractor")

ODD_TEXTS = [
    "", " ", "   \n ", ".", "?!...", "😀", "😀😀 hi 😀", "#@&", "-5", "zxqv qqq vvv", "and " * 40 + "Rome",
    "I want to fly from big apple to sf", "flights from St. Gallen to Zürich, then Rome, Oslo and Berlin",
    "PIZZA, SOUP , green   salad", "a small pizza, a large soup; two tiny salads", "10'000.00 € for LH123 or ba0042",
    "mail me@example.com, or see http://x.y/z?q=1#f", "don't   stop\ntomorrow", "日本語 text", "İstanbul Straße ﬁ ΑΣ",
    "e\u0301te\u0301 naïve éclair", "1st 2 33 4-5 6.7", "refund my luggage joke", "hello and goodbye",
    "/greet", "/greet@0.7", '/inform{"city": "Rome", "count": 2}', '/inform@0.3{"city": "Rome"}',
    '/nothing_known{"x": 1}', "/faq/refund", '/greet{"city": }', "/",
]  # fmt: skip

Pipeline = list[dict[str, Any]]

TOKENS = {"name": "WhitespaceTokenizer"}
REGEX = {"name": "RegexFeaturizer"}
SHAPES = {"name": "LexicalSyntacticFeaturizer"}
WORDS = {"name": "CountVectorsFeaturizer"}
GRAMS = {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 3}
SYNONYMS = {"name": "EntitySynonymMapper"}
LEARNER = {"run_eagerly": True, "batch_size": 8, "learning_rate": 0.01, "transformer_size": 32, "random_seed": 1}


def extractors(pipeline: Pipeline, known: tuple[str, ...] = EXTRACTORS) -> set[str]:
    """Return the names of the components that should find entities."""
    return {one["name"] for one in pipeline if one["name"] in known and one.get("entity_recognition", True)}


def diet(**options: Any) -> dict[str, Any]:
    return {"name": "DIETClassifier", "epochs": 8, "dense_dimension": {"text": 32}, **LEARNER, **options}


def selector(**options: Any) -> dict[str, Any]:
    sizes = {"hidden_layers_sizes": {"text": [32, 16], "label": [32, 16]}, "dense_dimension": {"text": 32, "label": 32}}
    return {"name": "ResponseSelector", "epochs": 6, **LEARNER, **sizes, **options}


VARIANTS: dict[str, Pipeline] = {
    "DIET: no BILOU, masked language model, relative attention": [
        TOKENS, REGEX, SHAPES, WORDS, GRAMS,
        diet(BILOU_flag=False, use_masked_language_model=True, use_key_relative_attention=True,
             use_value_relative_attention=True, max_relative_position=3, constrain_similarities=True),
        SYNONYMS,
        {"name": "FallbackClassifier", "threshold": 0.5, "ambiguity_threshold": 0.3},
    ],
    "DIET: hidden layers, OOV, ranking": [
        TOKENS, SHAPES,
        {**WORDS, "OOV_token": "oov", "OOV_words": ["hello", "salad"], "min_ngram": 1, "max_ngram": 2},
        diet(hidden_layers_sizes={"text": [40, 24], "label": [16]}, scale_loss=True, number_of_transformer_layers=1,
             ranking_length=3, renormalize_confidences=True, connection_density=0.6,
             drop_rate_attention=0.1, embedding_dimension=12, batch_strategy="sequence"),
        SYNONYMS,
    ],
    "DIET: margin and so cosine, unidirectional, intents with +": [
        {**TOKENS, "intent_tokenization_flag": True, "intent_split_symbol": "+"},
        WORDS, GRAMS,
        diet(loss_type="margin", model_confidence="softmax", unidirectional_encoder=True,
             use_maximum_negative_similarity=False, use_key_relative_attention=True, number_of_transformer_layers=1,
             split_entities_by_comma={"dish": False, "city": True}),
    ],
    "DIET: cosine, no transformer, no entities; CRF without BILOU": [
        TOKENS, REGEX,
        {**WORDS, "use_shared_vocab": True, "strip_accents": "unicode"},
        diet(number_of_transformer_layers=0, entity_recognition=False,
             hidden_layers_sizes={"text": [24], "label": [16, 12]}, dense_dimension={"text": 32, "label": 32},
             similarity_type="cosine", model_confidence="auto", constrain_similarities=True,
             evaluate_on_number_of_examples=8, evaluate_every_number_of_epochs=2, checkpoint_model=True),
        {"name": "CRFEntityExtractor", "BILOU_flag": False, "split_entities_by_comma": {"dish": False},
         "features": [["low", "title"], ["bias", "low", "prefix5", "suffix1", "pattern", "digit"], ["upper"]]},
        SYNONYMS,
    ],
    "DIET: entities alone, named featurizers, no splitting at commas": [
        {**TOKENS, "token_pattern": r"\w+|[^\w\s]+"},
        {**REGEX, "alias": "regex"},
        {**WORDS, "alias": "words"},
        {**GRAMS, "alias": "grams"},
        diet(intent_classification=False, featurizers=["regex", "words"], split_entities_by_comma=False),
        SYNONYMS,
    ],
    "response selectors": [
        TOKENS,
        {**WORDS, "use_shared_vocab": True},  # share_hidden_layers needs texts and responses to have the same features
        {**GRAMS, "use_shared_vocab": True},
        {"name": "LogisticRegressionClassifier"},
        selector(retrieval_intent="faq"),
        selector(retrieval_intent="chitchat", use_text_as_label=True, number_of_transformer_layers=1,
                 use_masked_language_model=True, constrain_similarities=True),
        selector(use_text_as_label=True, share_hidden_layers=True, number_of_transformer_layers=1, ranking_length=2,
                 hidden_layers_sizes={"text": [16], "label": [16]}),
    ],
    "CRF with BILOU; logistic regression": [  # without RegexFeaturizer: Rasa's regression fails on "" beside it
        TOKENS, SHAPES,
        {**WORDS, "min_df": 2, "max_df": 0.3, "stop_words": "english", "max_features": 40},
        {"name": "LogisticRegressionClassifier", "ranking_length": 4, "max_iter": 30, "tol": 0.001},
        {"name": "CRFEntityExtractor", "max_iterations": 20, "L1_c": 0.2, "L2_c": 0.05,
         "split_entities_by_comma": False},
        {"name": "RegexEntityExtractor", "case_sensitive": True, "use_word_boundaries": False},
        SYNONYMS,
        {"name": "FallbackClassifier", "threshold": 0.2},
    ],
    "CountVectors of characters; logistic regression": [
        TOKENS,
        {"name": "LexicalSyntacticFeaturizer", "features": [["BOS", "suffix3"], ["low", "prefix2", "digit", "EOS"]]},
        {"name": "CountVectorsFeaturizer", "analyzer": "char", "min_ngram": 2, "max_ngram": 3, "lowercase": False},
        {**WORDS, "strip_accents": "ascii", "stop_words": ["the", "a"], "OOV_token": "pizza", "use_lemma": False},
        {"name": "LogisticRegressionClassifier", "solver": "liblinear", "random_state": 7},
        {"name": "RegexEntityExtractor", "use_lookup_tables": False},
    ],
    "keywords": [TOKENS, {"name": "KeywordIntentClassifier", "case_sensitive": False}, {"name": "FallbackClassifier"}],
    "keywords as written": [TOKENS, {"name": "KeywordIntentClassifier"}],
}  # fmt: skip
OTHER_DATA = {"keywords": "keywords.yml", "keywords as written": "keywords.yml"}  # the others learn from nlu.yml
