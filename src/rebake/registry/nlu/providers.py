"""Model providers: they load a language model that other components take."""

from __future__ import annotations

from typing import Final

from rebake.registry.entry import Constraint, Entry, Extra, PackageVersion
from rebake.registry.options import Flag, Text

NO_MITIE: Final = "the library mitie has had no release since February 2019 and does not install on current Python."
SPACY_EXTRA: Final = Extra("spacy", ("spacy",))
SPACY: Final = "SpacyNLP"
MITIE: Final = "MitieNLP"

ENTRIES = (
    Entry(
        name=MITIE,
        rasa_class="rasa.nlu.utils.mitie_utils.MitieNLP",
        kind="model_provider",
        options={"model": Text(default="data/total_word_feature_extractor.dat", names_files=True)},
        trained=False,
        provides=frozenset({"mitie_model"}),
        processes_messages=False,
        refusal=(NO_MITIE, "Take it out; SpacyNLP, or LanguageModelFeaturizer, gives word vectors as well."),
    ),
    Entry(
        name=SPACY,
        rasa_class="rasa.nlu.utils.spacy_utils.SpacyNLP",
        kind="model_provider",
        options={"model": Text(default=None, names_files=True), "case_sensitive": Flag(default=False)},
        constraints=(
            Constraint(
                ("model",),
                lambda options: not options["model"],
                "the option model does not say which language model to load.",
                "Write model: en_core_web_md.",
            ),
        ),
        trained=False,
        implementation="rebake.nlu.spacy_nlp:SpacyNLP",
        extra=SPACY_EXTRA,
        provides=frozenset({"spacy_model"}),
        model_from=SPACY,
        pretrained=PackageVersion("model"),
    ),
)
