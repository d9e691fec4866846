"""Every NLU component that Rasa 3.6.21 knows, as data: reading it imports neither TensorFlow nor the components.

Components without ``implementation`` can be fingerprinted and checked, but not trained here yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from rebake.assistant.model import ComponentSpec
from rebake.component import ComponentType
from rebake.errors import DataError, UnsupportedError
from rebake.nlu import defaults

_NO_EFFECT_ON_THE_MODEL = frozenset({"tensorboard_log_directory", "tensorboard_log_level", "run_eagerly"})
_TOKENS = frozenset({"tokens"})
_FEATURES = frozenset({"features"})
_SPARSE = frozenset({"features", "sparse_features"})
_DENSE = frozenset({"features", "dense_features"})

_ENTRIES = (
    # Model providers
    ComponentType(
        name="MitieNLP",
        rasa_class="rasa.nlu.utils.mitie_utils.MitieNLP",
        kind="model_provider",
        defaults={"model": "data/total_word_feature_extractor.dat"},
        trained=False,
        provides=frozenset({"mitie_model"}),
    ),
    ComponentType(
        name="SpacyNLP",
        rasa_class="rasa.nlu.utils.spacy_utils.SpacyNLP",
        kind="model_provider",
        defaults={"case_sensitive": False},
        trained=False,
        provides=frozenset({"spacy_model"}),
    ),
    # Tokenizers
    ComponentType(
        name="WhitespaceTokenizer",
        rasa_class="rasa.nlu.tokenizers.whitespace_tokenizer.WhitespaceTokenizer",
        kind="tokenizer",
        defaults=defaults.TOKENIZER,
        trained=False,
        implementation="rebake.nlu.whitespace_tokenizer:WhitespaceTokenizer",
        provides=_TOKENS,
    ),
    ComponentType(
        name="JiebaTokenizer",
        rasa_class="rasa.nlu.tokenizers.jieba_tokenizer.JiebaTokenizer",
        kind="tokenizer",
        defaults={"dictionary_path": None, **defaults.TOKENIZER},
        provides=_TOKENS,
    ),
    ComponentType(
        name="MitieTokenizer",
        rasa_class="rasa.nlu.tokenizers.mitie_tokenizer.MitieTokenizer",
        kind="tokenizer",
        defaults=defaults.TOKENIZER,
        trained=False,
        provides=_TOKENS,
    ),
    ComponentType(
        name="SpacyTokenizer",
        rasa_class="rasa.nlu.tokenizers.spacy_tokenizer.SpacyTokenizer",
        kind="tokenizer",
        defaults=defaults.TOKENIZER,
        trained=False,
        needs=frozenset({"spacy_model"}),
        provides=_TOKENS | {"spacy_tokens"},
    ),
    # Featurizers
    ComponentType(
        name="RegexFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer",
        kind="featurizer",
        defaults=defaults.REGEX_FEATURIZER,
        implementation="rebake.nlu.regex_featurizer:RegexFeaturizer",
        reads=frozenset({"regexes", "lookups"}),
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    ComponentType(
        name="LexicalSyntacticFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer.LexicalSyntacticFeaturizer",
        kind="featurizer",
        defaults=defaults.LEXICAL_SYNTACTIC_FEATURIZER,
        implementation="rebake.nlu.lexical_syntactic_featurizer:LexicalSyntacticFeaturizer",
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    ComponentType(
        name="CountVectorsFeaturizer",
        rasa_class="rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer.CountVectorsFeaturizer",
        kind="featurizer",
        defaults=defaults.COUNT_VECTORS_FEATURIZER,
        implementation="rebake.nlu.count_vectors_featurizer:CountVectorsFeaturizer",
        reads=frozenset({"intents", "responses"}),
        needs=_TOKENS,
        provides=_SPARSE,
    ),
    ComponentType(
        name="ConveRTFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.convert_featurizer.ConveRTFeaturizer",
        kind="featurizer",
        defaults={"alias": None, "model_url": None},
        trained=False,
        needs=_TOKENS,
        provides=_DENSE,
    ),
    ComponentType(
        name="LanguageModelFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.lm_featurizer.LanguageModelFeaturizer",
        kind="featurizer",
        defaults=defaults.LANGUAGE_MODEL_FEATURIZER,
        trained=False,
        needs=_TOKENS,
        provides=_DENSE,
        unfingerprinted=frozenset({"cache_dir"}),
    ),
    ComponentType(
        name="MitieFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.mitie_featurizer.MitieFeaturizer",
        kind="featurizer",
        defaults={"alias": None, "pooling": "mean"},
        trained=False,
        needs=_TOKENS | {"mitie_model"},
        provides=_DENSE,
    ),
    ComponentType(
        name="SpacyFeaturizer",
        rasa_class="rasa.nlu.featurizers.dense_featurizer.spacy_featurizer.SpacyFeaturizer",
        kind="featurizer",
        defaults={"alias": None, "pooling": "mean"},
        trained=False,
        needs=_TOKENS | {"spacy_tokens"},
        provides=_DENSE,
    ),
    # Intent classifiers
    ComponentType(
        name="DIETClassifier",
        rasa_class="rasa.nlu.classifiers.diet_classifier.DIETClassifier",
        kind="classifier",
        defaults=defaults.DIET_CLASSIFIER,
        implementation="rebake.nlu.diet_classifier:DIETClassifier",
        reads=frozenset({"intents", "entities"}),
        needs=_FEATURES,
        provides=frozenset({"intent", "entities"}),
        unfingerprinted=_NO_EFFECT_ON_THE_MODEL,
    ),
    ComponentType(
        name="ResponseSelector",
        rasa_class="rasa.nlu.selectors.response_selector.ResponseSelector",
        kind="classifier",
        defaults=defaults.RESPONSE_SELECTOR,
        implementation="rebake.nlu.response_selector:ResponseSelector",  # only without retrieval intents
        reads=frozenset({"intents", "responses"}),
        needs=_FEATURES,
        unfingerprinted=_NO_EFFECT_ON_THE_MODEL,
    ),
    ComponentType(
        name="FallbackClassifier",
        rasa_class="rasa.nlu.classifiers.fallback_classifier.FallbackClassifier",
        kind="classifier",
        defaults={"threshold": 0.3, "ambiguity_threshold": 0.1},
        trained=False,
        implementation="rebake.nlu.fallback_classifier:FallbackClassifier",
        needs=frozenset({"intent"}),
        provides=frozenset({"intent"}),
    ),
    ComponentType(
        name="KeywordIntentClassifier",
        rasa_class="rasa.nlu.classifiers.keyword_intent_classifier.KeywordIntentClassifier",
        kind="classifier",
        defaults={"case_sensitive": True},
        implementation="rebake.nlu.keyword_intent_classifier:KeywordIntentClassifier",
        reads=frozenset({"intents"}),
        provides=frozenset({"intent"}),
    ),
    ComponentType(
        name="LogisticRegressionClassifier",
        rasa_class="rasa.nlu.classifiers.logistic_regression_classifier.LogisticRegressionClassifier",
        kind="classifier",
        defaults=defaults.LOGISTIC_REGRESSION_CLASSIFIER,
        reads=frozenset({"intents"}),
        needs=_FEATURES,
        provides=frozenset({"intent"}),
    ),
    ComponentType(
        name="MitieIntentClassifier",
        rasa_class="rasa.nlu.classifiers.mitie_intent_classifier.MitieIntentClassifier",
        kind="classifier",
        defaults={"num_threads": 1},
        reads=frozenset({"intents"}),
        needs=_FEATURES | {"mitie_model"},
        provides=frozenset({"intent"}),
        unfingerprinted=frozenset({"num_threads"}),
    ),
    ComponentType(
        name="SklearnIntentClassifier",
        rasa_class="rasa.nlu.classifiers.sklearn_intent_classifier.SklearnIntentClassifier",
        kind="classifier",
        defaults=defaults.SKLEARN_INTENT_CLASSIFIER,
        reads=frozenset({"intents"}),
        needs=frozenset({"dense_features"}),
        provides=frozenset({"intent"}),
        unfingerprinted=frozenset({"num_threads"}),
    ),
    ComponentType(
        name="RegexMessageHandler",  # ends every pipeline by itself; it is not written in config.yml
        rasa_class="rasa.nlu.classifiers.regex_message_handler.RegexMessageHandler",
        kind="classifier",
        defaults=defaults.NONE,
        trained=False,
        provides=frozenset({"intent", "entities"}),
    ),
    # Entity extractors
    ComponentType(
        name="CRFEntityExtractor",
        rasa_class="rasa.nlu.extractors.crf_entity_extractor.CRFEntityExtractor",
        kind="extractor",
        defaults=defaults.CRF_ENTITY_EXTRACTOR,
        reads=frozenset({"entities"}),
        needs=_TOKENS,
        provides=frozenset({"entities"}),
    ),
    ComponentType(
        name="DucklingEntityExtractor",
        rasa_class="rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor",
        kind="extractor",
        defaults=defaults.DUCKLING_ENTITY_EXTRACTOR,
        trained=False,
        provides=frozenset({"entities"}),
    ),
    ComponentType(
        name="EntitySynonymMapper",
        rasa_class="rasa.nlu.extractors.entity_synonyms.EntitySynonymMapper",
        kind="extractor",
        defaults=defaults.NONE,
        implementation="rebake.nlu.entity_synonym_mapper:EntitySynonymMapper",
        reads=frozenset({"synonyms", "entities"}),
        provides=frozenset({"entities"}),
    ),
    ComponentType(
        name="MitieEntityExtractor",
        rasa_class="rasa.nlu.extractors.mitie_entity_extractor.MitieEntityExtractor",
        kind="extractor",
        defaults={"num_threads": 1},
        reads=frozenset({"entities"}),
        needs=_TOKENS | {"mitie_model"},
        provides=frozenset({"entities"}),
        unfingerprinted=frozenset({"num_threads"}),
    ),
    ComponentType(
        name="RegexEntityExtractor",
        rasa_class="rasa.nlu.extractors.regex_entity_extractor.RegexEntityExtractor",
        kind="extractor",
        defaults=defaults.REGEX_ENTITY_EXTRACTOR,
        implementation="rebake.nlu.regex_entity_extractor:RegexEntityExtractor",
        reads=frozenset({"regexes", "lookups", "entities"}),
        provides=frozenset({"entities"}),
    ),
    ComponentType(
        name="SpacyEntityExtractor",
        rasa_class="rasa.nlu.extractors.spacy_entity_extractor.SpacyEntityExtractor",
        kind="extractor",
        defaults={"dimensions": None},
        trained=False,
        needs=frozenset({"spacy_model"}),
        provides=frozenset({"entities"}),
    ),
)

COMPONENTS: Mapping[str, ComponentType] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
_BY_CLASS: Mapping[str, ComponentType] = MappingProxyType({entry.rasa_class: entry for entry in _ENTRIES})


def find_component(name: str) -> ComponentType | None:
    """The entry of a name as written in config.yml: short, or the dotted path of Rasa's own class; None = unknown."""
    return COMPONENTS.get(name) or _BY_CLASS.get(name)


def component_type(spec: ComponentSpec) -> ComponentType:
    """The entry of one line of ``pipeline:``, whether or not it can be trained here.

    Raises:
        UnsupportedError: a custom component (a dotted path that is not Rasa's).
        DataError: a name that Rasa does not know either.
    """
    entry = find_component(spec.name)
    if entry is not None:
        return entry
    if "." in spec.name:
        raise UnsupportedError(
            f"pipeline: {spec.name!r} is a custom component, and rebake never runs code of the assistant.",
            location=spec.location,
            fix=f"Take it out of the pipeline; supported are {_listed(supported_components())}.",
        )
    close = get_close_matches(spec.name, COMPONENTS, n=1)
    raise DataError(
        f"pipeline: there is no component {spec.name!r} in Rasa 3.6.",
        location=spec.location,
        fix=f"Did you mean {close[0]!r}?" if close else f"Supported are {_listed(supported_components())}.",
    )


def trainable_type(spec: ComponentSpec) -> ComponentType:
    """As :func:`component_type`, for a component that is to be trained or run here.

    Raises:
        UnsupportedError: Rasa has the component, rebake does not (yet).
    """
    entry = component_type(spec)
    if entry.implementation is None:
        raise UnsupportedError(
            f"pipeline: {entry.name} cannot be trained by rebake yet.",
            location=spec.location,
            fix=f"Use one of the supported components: {_listed(supported_components())}.",
        )
    return entry


def supported_components() -> tuple[str, ...]:
    """Names of the components that are implemented in full, in the order in which they stand in a pipeline."""
    return tuple(entry.name for entry in _ENTRIES if entry.implementation and entry.name != "ResponseSelector")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
