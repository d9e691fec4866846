"""Tokenizers."""

from __future__ import annotations

from rebake.registry.entry import Constraint, Entry, Extra
from rebake.registry.nlu.providers import NO_MITIE, SPACY_EXTRA
from rebake.registry.options import Flag, Option, RegularExpression, Text

_TOKENS = frozenset({"tokens"})


def _options() -> dict[str, Option]:
    return {
        "intent_tokenization_flag": Flag(default=False),
        "intent_split_symbol": Text(default="_", nullable=True),  # null: white space
        "token_pattern": RegularExpression(default=None),
        "prefix_separator_symbol": Text(not_empty=True, default=None),
    }


_CONSTRAINTS = (
    Constraint(
        ("intent_split_symbol",),
        lambda options: options["intent_tokenization_flag"] and options["intent_split_symbol"] == "",
        "intent_split_symbol is empty.",
        "Give it a symbol such as '+', or remove it.",
    ),
)

ENTRIES = (
    Entry(
        name="WhitespaceTokenizer",
        rasa_class="rasa.nlu.tokenizers.whitespace_tokenizer.WhitespaceTokenizer",
        kind="tokenizer",
        options=_options(),
        constraints=_CONSTRAINTS,
        trained=False,
        implementation="rebake.nlu.tokenizers.whitespace_tokenizer:WhitespaceTokenizer",
        provides=_TOKENS,
        not_languages=frozenset({"zh", "ja", "th"}),  # which have no spaces between words
        splits_at_blanks=True,
    ),
    Entry(
        name="JiebaTokenizer",
        rasa_class="rasa.nlu.tokenizers.jieba_tokenizer.JiebaTokenizer",
        kind="tokenizer",
        options={"dictionary_path": Text(default=None, names_files=True), **_options()},
        constraints=_CONSTRAINTS,
        implementation="rebake.nlu.tokenizers.jieba_tokenizer:JiebaTokenizer",
        extra=Extra("jieba", ("jieba",)),
        provides=_TOKENS,
        languages=frozenset({"zh"}),
    ),
    Entry(
        name="MitieTokenizer",
        rasa_class="rasa.nlu.tokenizers.mitie_tokenizer.MitieTokenizer",
        kind="tokenizer",
        options=_options(),
        constraints=_CONSTRAINTS,
        trained=False,
        provides=_TOKENS,
        refusal=(NO_MITIE, "Use WhitespaceTokenizer, or JiebaTokenizer for Chinese."),
    ),
    Entry(
        name="SpacyTokenizer",
        rasa_class="rasa.nlu.tokenizers.spacy_tokenizer.SpacyTokenizer",
        kind="tokenizer",
        options=_options(),
        constraints=_CONSTRAINTS,
        trained=False,
        implementation="rebake.nlu.tokenizers.spacy_tokenizer:SpacyTokenizer",
        extra=SPACY_EXTRA,
        needs=frozenset({"spacy_model"}),
        provides=_TOKENS | {"spacy_tokens"},
    ),
)
