"""Extractors of entities."""

from __future__ import annotations

from rebake.registry.entry import Entry
from rebake.registry.networks import FEATURIZERS, SPLIT_BY_COMMA
from rebake.registry.nlu.providers import MITIE, NO_MITIE, SPACY, SPACY_EXTRA
from rebake.registry.options import Flag, Number, Text, WholeNumber, names
from rebake.registry.token_features import CRF_FEATURES, CRF_PATTERN, PARTS_OF_SPEECH, FeatureWindow

_TOKENS = frozenset({"tokens"})
_ENTITIES = frozenset({"entities"})

ENTRIES = (
    Entry(
        name="CRFEntityExtractor",
        rasa_class="rasa.nlu.extractors.crf_entity_extractor.CRFEntityExtractor",
        kind="extractor",
        options={
            "BILOU_flag": Flag(default=True),
            "split_entities_by_comma": SPLIT_BY_COMMA,
            "features": FeatureWindow(
                CRF_FEATURES,
                is_centred=True,
                # Other tokenizers know no part of speech, and CRFsuite takes none for a feature (Rasa fails, too).
                needs=dict.fromkeys(sorted(PARTS_OF_SPEECH), "spacy_tokens"),
                patterns=CRF_PATTERN,
                default=[  # previous token, this token, next token
                    ["low", "title", "upper"],
                    [
                        *("low", "bias", "prefix5", "prefix2", "suffix5", "suffix3", "suffix2"),
                        *("upper", "title", "digit", "pattern"),
                    ],
                    ["low", "title", "upper"],
                ],
            ),
            "max_iterations": WholeNumber(least=0, default=50),
            "L1_c": Number(least=0, default=0.1),
            "L2_c": Number(least=0, default=0.1),
            "featurizers": FEATURIZERS,
        },
        implementation="rebake.nlu.extractors.crf_entity_extractor:CRFEntityExtractor",
        reads=frozenset({"intents", "entities"}),  # examples without an intent are passed over
        needs=_TOKENS,
        provides=_ENTITIES,
        learns_entities=True,
        tags_tokens=True,
    ),
    Entry(
        name="DucklingEntityExtractor",
        rasa_class="rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor",
        kind="extractor",
        options={
            "dimensions": names(default=None),
            "url": Text(default=None),
            "locale": Text(default=None),
            "timezone": Text(default=None),
            "timeout": Number(default=3),
        },
        trained=False,
        implementation="rebake.nlu.extractors.duckling_entity_extractor:DucklingEntityExtractor",
        provides=_ENTITIES,
        entities_are_tested=False,
        asks_server=True,
    ),
    Entry(
        name="EntitySynonymMapper",
        rasa_class="rasa.nlu.extractors.entity_synonyms.EntitySynonymMapper",
        kind="extractor",
        implementation="rebake.nlu.extractors.entity_synonym_mapper:EntitySynonymMapper",
        reads=frozenset({"synonyms", "entities"}),
        provides=_ENTITIES,
    ),
    Entry(
        name="MitieEntityExtractor",
        rasa_class="rasa.nlu.extractors.mitie_entity_extractor.MitieEntityExtractor",
        kind="extractor",
        options={"num_threads": WholeNumber(default=1, changes_model=False)},
        reads=_ENTITIES,
        needs=_TOKENS | {"mitie_model"},
        provides=_ENTITIES,
        model_from=MITIE,
        learns_entities=True,
        refusal=(NO_MITIE, "Use DIETClassifier or CRFEntityExtractor."),
    ),
    Entry(
        name="RegexEntityExtractor",
        rasa_class="rasa.nlu.extractors.regex_entity_extractor.RegexEntityExtractor",
        kind="extractor",
        options={
            "case_sensitive": Flag(default=False),
            "use_lookup_tables": Flag(default=True),
            "use_regexes": Flag(default=True),
            "use_word_boundaries": Flag(default=True),
        },
        implementation="rebake.nlu.extractors.regex_entity_extractor:RegexEntityExtractor",
        reads=frozenset({"regexes", "lookups", "entities"}),
        provides=_ENTITIES,
    ),
    Entry(
        name="SpacyEntityExtractor",
        rasa_class="rasa.nlu.extractors.spacy_entity_extractor.SpacyEntityExtractor",
        kind="extractor",
        options={"dimensions": names(default=None)},
        trained=False,
        implementation="rebake.nlu.extractors.spacy_entity_extractor:SpacyEntityExtractor",
        extra=SPACY_EXTRA,
        needs=frozenset({"spacy_model"}),
        provides=_ENTITIES,
        model_from=SPACY,
        entities_are_tested=False,
    ),
)
