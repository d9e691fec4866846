"""CountVectorsFeaturizer: how often each known word or letter n-gram occurs in a token and in a text
(letter n-grams of words: see https://arxiv.org/abs/1810.07150)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from rebake.archive.json_files import read_json, write_json
from rebake.base.continuation import FROM_SCRATCH
from rebake.base.names import named
from rebake.base.sparse_rows import Entries, SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import RETRAIN, DataError, FinetuningError, ModelError
from rebake.nlu.component import TrainingData
from rebake.nlu.featurizers.ngrams import NgramCounter
from rebake.nlu.featurizers.stop_words import ENGLISH
from rebake.nlu.featurizers.vocabulary import grown, learn_vocabulary
from rebake.nlu.message import (
    ACTION_NAME,
    ACTION_TEXT,
    INTENT,
    INTENT_RESPONSE_KEY,
    RESPONSE,
    TEXT,
    Features,
    Message,
)

_VOCABULARIES = "vocabularies.json"
_OOV_WORDS = "oov_words.json"
_ATTRIBUTES = (TEXT, INTENT, RESPONSE, ACTION_NAME, ACTION_TEXT, INTENT_RESPONSE_KEY)
_TEXTS = (TEXT, RESPONSE, ACTION_TEXT)
_NO_WORD = {"": 0}  # the least vocabulary that Rasa loads
_CACHE_SIZE = 50_000  # tokens whose counts are kept; a server that lives long must not remember all it ever saw
_NUMBER = re.compile(r"\b[0-9]+\b")

Vocabulary = Mapping[str, int]


class CountVectorsFeaturizer:
    """Adds sequence features of every attribute and sentence features of text-like ones.

    DietLabels (intents, action names) are featurized by the analyzer ``word`` alone. An attribute without a vocabulary
    gets no features.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._options = options
        self._origin: str = options["alias"] or f"run_{node}"  # as Rasa names it
        self._ngrams = _ngram_counter(options)
        self._is_word = self._ngrams.analyzer == "word"
        self._attributes = _ATTRIBUTES if self._is_word else _TEXTS
        self._oov_words = _oov_words(options)
        self._oov_token = self._configured_oov_token()
        self._vocabularies: dict[str, Vocabulary | None] = {}
        self._known: dict[str, dict[str, Entries]] = {}
        self._earlier: Mapping[str, Vocabulary | None] = {}

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Keep the columns of an earlier training: new words come behind them."""
        self._earlier = type(self).load(self._options, self.node, directory)._vocabularies

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Learn a vocabulary per attribute, or one of all attributes with ``use_shared_vocab``.

        Raises:
            DataError: the options leave nothing of an attribute (Rasa's training fails then, too).
        """
        self._vocabularies, self._known = {}, {}
        self._oov_token = self._configured_oov_token()
        documents = {attribute: self._documents(training.featurized, attribute) for attribute in self._attributes}
        self._warn_without_oov_token(documents, context)
        options = self._options
        if self._oov_words and not options["OOV_token"]:
            context.warn(f"{named(self.node)}: OOV_words are given without OOV_token, so they are ignored.")
        limits = {"max_df": options["max_df"], "max_features": options["max_features"]}
        if options["use_shared_vocab"]:
            everything = [document for attribute in self._attributes for document in documents[attribute]]
            shared = learn_vocabulary(everything, self._ngrams, min_df=options["min_df"], **limits) or None
            self._refuse_nothing(shared, everything, TEXT)
            self._vocabularies = dict.fromkeys(self._attributes, self._continued(TEXT, shared or {}))
            self._refuse_new_words_of_labels()
        else:
            for attribute in self._attributes:
                min_df = options["min_df"] if attribute == TEXT else 1  # as Rasa: rare labels are never dropped
                learnt = learn_vocabulary(documents[attribute], self._ngrams, min_df=min_df, **limits)
                self._refuse_nothing(learnt, documents[attribute], attribute)
                self._vocabularies[attribute] = self._continued(attribute, learnt)
        self._make_room_for_responses(training.messages)
        self._oov_token = self._oov_token_of_a_trained_model()
        return {}

    def _continued(self, attribute: str, learnt: Vocabulary) -> Vocabulary | None:
        known = self._earlier.get(attribute)
        return learnt or None if known is None else grown(known, learnt)

    def _refuse_new_words_of_labels(self) -> None:
        """One vocabulary for texts and labels: with it the layers of labels would have to grow, which Rasa refuses."""
        known, now = self._earlier.get(TEXT), self._vocabularies[TEXT]
        if known is not None and now is not None and len(now) > len(known):
            raise FinetuningError(
                f"{named(self.node)} has a vocabulary that texts and labels share (use_shared_vocab), and there are "
                f"{len(now) - len(known)} new words.",
                fix=FROM_SCRATCH,
            )

    def _make_room_for_responses(self, messages: Sequence[Message]) -> None:
        """Responses that nothing learns from have no text here, but do where Rasa fine-tunes the model: it adds their
        words to this vocabulary, and fails if there is none."""
        has_responses = any(INTENT_RESPONSE_KEY in message.attributes for message in messages)
        if has_responses and self._vocabularies[TEXT] and not self._vocabularies[RESPONSE]:
            self._vocabularies[RESPONSE] = dict(_NO_WORD)

    def _refuse_nothing(self, learnt: object, documents: Sequence[Sequence[str]], attribute: str) -> None:
        if not learnt and any(map(any, documents)):
            raise DataError(
                f"CountVectorsFeaturizer has nothing to count: its options leave no word of the attribute {attribute}.",
                fix="Look at min_df, max_df, stop_words, analyzer and the n-gram range.",
            )

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for attribute in self._attributes:
            vocabulary = self._vocabularies.get(attribute)
            present = [message for message in messages if message.tokens.get(attribute)]
            if vocabulary is not None and present:
                self._featurize(present, attribute, vocabulary)

    def _featurize(self, messages: Sequence[Message], attribute: str, vocabulary: Vocabulary) -> None:
        """Each distinct token is counted once; a message's rows are rows of that table."""
        texts = self._texts(messages, attribute)
        rows: dict[str, int] = {}
        ids = [rows.setdefault(text, len(rows)) for of_message in texts for text in of_message]
        lengths = [len(of_message) for of_message in texts]
        table = [self._entries_of_token(text, attribute, vocabulary) for text in rows]
        flat = SparseRows.from_entries(table, len(vocabulary)).take(np.asarray(ids, np.int64))
        sequences = flat.split(lengths)
        sentences: Sequence[SparseRows | None] = [None] * len(messages)
        if attribute in _TEXTS:
            if self._ngrams.is_additive:
                sentence = flat.sum_groups(lengths)
            else:
                sentence = self._count([" ".join(of_message) for of_message in texts], vocabulary)
            sentences = sentence.split([1] * len(messages))
        for message, token_rows, sentence_row in zip(messages, sequences, sentences, strict=True):
            features = Features(self._origin, sequence=token_rows, sentence=sentence_row)
            message.features.setdefault(attribute, []).append(features)

    def _count(self, texts: Iterable[str], vocabulary: Vocabulary) -> SparseRows:
        """[number of texts, size of the vocabulary]"""
        return SparseRows.from_entries([self._entries(text, vocabulary) for text in texts], len(vocabulary))

    def _entries(self, text: str, vocabulary: Vocabulary) -> Entries:
        """The columns of a text and how often each is counted."""
        column_of = vocabulary.get
        found = Counter([column for ngram in self._ngrams(text) if (column := column_of(ngram)) is not None])
        columns = sorted(found)
        return np.array(columns, np.int32), np.array([found[column] for column in columns], np.float32)

    def _entries_of_token(self, token: str, attribute: str, vocabulary: Vocabulary) -> Entries:
        """The same words come again and again."""
        known = self._known.setdefault(attribute, {})
        entries = known.get(token)
        if entries is None:
            entries = self._entries(token, vocabulary)
            if len(known) < _CACHE_SIZE:
                known[token] = entries
        return entries

    def _documents(self, messages: Sequence[Message], attribute: str) -> list[list[str]]:
        """What the vocabulary of an attribute is learned from: a document per message, empty where it lacks the
        attribute. Where n-grams may span tokens, a document is one text."""
        documents = self._texts(messages, attribute)
        if self._ngrams.is_additive:
            return documents
        return [[" ".join(document)] if document else [] for document in documents]

    def _texts(self, messages: Sequence[Message], attribute: str) -> list[list[str]]:
        """What is counted of each token: its lemma, numbers and unknown words replaced; labels stay as they are."""
        use_lemma = self._options["use_lemma"]
        ready: dict[str, str] = {}
        result = []
        for message in messages:
            texts = []
            for token in message.tokens.get(attribute, ()):
                raw = token.lemma if use_lemma else token.text
                if raw not in ready:
                    ready[raw] = self._prepare(raw, attribute)
                texts.append(ready[raw])
            result.append(texts)
        return result

    def _prepare(self, text: str, attribute: str) -> str:
        if attribute in _TEXTS:
            text = _NUMBER.sub("__NUMBER__", text)
            if self._options["lowercase"]:
                text = text.lower()
        if self._oov_token and self._is_word:
            vocabulary = self._vocabularies.get(attribute)
            if vocabulary is not None and self._oov_token in vocabulary:
                return text if text in vocabulary else self._oov_token
            if text in self._oov_words:
                return self._oov_token
        return text

    def _configured_oov_token(self) -> str | None:
        token: str | None = self._options["OOV_token"]
        return token.lower() if token and self._options["lowercase"] else token

    def _oov_token_of_a_trained_model(self) -> str | None:
        """Rasa does not lowercase the token again when it loads a model that has OOV words."""
        token: str | None = self._options["OOV_token"]
        return token if token and self._oov_words else self._configured_oov_token()

    def _warn_without_oov_token(
        self, documents: Mapping[str, Sequence[Sequence[str]]], context: TrainingContext
    ) -> None:
        if not self._oov_token or self._oov_words or not self._is_word:
            return
        if not any(self._oov_token in text for document in documents[TEXT] for text in document):
            context.warn(
                f"{named(self.node)}: no training example contains the OOV_token {self._oov_token!r}, so unknown words "
                "are ignored."
            )

    def save(self, directory: Path) -> None:
        if not any(vocabulary is not None for vocabulary in self._vocabularies.values()):
            return
        shared = self._options["use_shared_vocab"]
        write_json(directory / _VOCABULARIES, self._vocabularies[TEXT] if shared else self._vocabularies)
        write_json(directory / _OOV_WORDS, self._oov_words)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is None:
            return component
        stored = read_json(directory / _VOCABULARIES, dict)
        if options["use_shared_vocab"]:
            component._vocabularies = dict.fromkeys(component._attributes, stored)
        else:
            component._vocabularies = {attribute: stored.get(attribute) for attribute in component._attributes}
        for vocabulary in component._vocabularies.values():
            _check_columns(vocabulary, node)
        component._oov_words = read_json(directory / _OOV_WORDS, list)
        component._oov_token = component._oov_token_of_a_trained_model()
        return component


def _check_columns(vocabulary: object, node: str) -> None:
    """Columns must be 0..n-1, each once: a wrong one would count for another word without any error."""
    if vocabulary is None:
        return
    if not isinstance(vocabulary, dict) or set(vocabulary.values()) != set(range(len(vocabulary))):
        raise ModelError(f"{_VOCABULARIES} of {named(node)} is incomplete.", fix=RETRAIN)


def _oov_words(options: Mapping[str, Any]) -> list[str]:
    words: list[str] = options["OOV_words"] or []
    return [word.lower() for word in words] if options["OOV_token"] and options["lowercase"] else list(words)


def _ngram_counter(options: Mapping[str, Any]) -> NgramCounter:
    words = options["stop_words"]
    return NgramCounter(
        options["analyzer"],
        options["min_ngram"],
        options["max_ngram"],
        bool(options["lowercase"]),
        options["strip_accents"],
        ENGLISH if words == "english" else frozenset(map(str, words or ())),
    )
