"""WhitespaceTokenizer: splits at white space and drops punctuation at the edges of words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import regex

from rebake.errors import DataError
from rebake.nlu.component import TrainingContext, TrainingData
from rebake.nlu.message import ACTION_NAME, INTENT, INTENT_RESPONSE_KEY, Message, Token

_LABELS = frozenset({INTENT, ACTION_NAME, INTENT_RESPONSE_KEY})

# What becomes a space. The third-party module is needed: `re` knows another set of word characters.
_NOT_PART_OF_A_WORD = regex.compile(
    r"[^\w#@&]+(?=\s|$)"  # ends a word
    r"|(\s|^)[^\w#@&]+(?=[^0-9\s])"  # begins a word, but "-5" stays
    r"|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"  # within a word, except what addresses hold
)

# Rasa drops words of these alone. The fifth range covers CJK, Kana and Hangul as well: so does Rasa's.
_EMOJI = re.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff"
    "\u2702-\u27b0\u24c2-\U0001f251\u200d\u200c]+"
)


class WhitespaceTokenizer:
    """Adds ``message.tokens``; offsets are those of the text, which is not lowercased. Nothing is learned."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._split_labels = bool(options["intent_tokenization_flag"])
        self._symbol: str = options["intent_split_symbol"]
        self._prefix_separator: str | None = options["prefix_separator_symbol"]
        self._token_pattern = _compiled(options["token_pattern"]) if options["token_pattern"] else None

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            for attribute, text in message.attributes.items():
                if training and not text:
                    continue  # an empty attribute is an absent one in training; an empty user text is one empty token
                tokens = self.split_label(text, attribute) if attribute in _LABELS else self.tokenize(text)
                message.tokens[attribute] = tokens

    def tokenize(self, text: str) -> list[Token]:
        """The words of a text; a text of nothing but punctuation or emoji is one token."""
        words = [word for word in _NOT_PART_OF_A_WORD.sub(" ", text).split() if not _EMOJI.fullmatch(word)]
        tokens = _locate(words or [text], text)
        return self._split_tokens(tokens) if self._token_pattern is not None else tokens

    def split_label(self, label: str, attribute: str) -> list[Token]:
        """A label is one token, unless it is to be split; a retrieval intent is split at its slash in any case."""
        words: list[str] = []
        rest = label
        if self._prefix_separator is not None and self._prefix_separator in label:
            prefix, rest = label.split(self._prefix_separator, maxsplit=1)
            words += self._split(prefix)
        for part in rest.split("/") if attribute == INTENT_RESPONSE_KEY else [rest]:
            words += self._split(part)
        return _locate(words, label)

    def _split(self, label: str) -> list[str]:
        return label.split(self._symbol) if self._split_labels else [label]

    def _split_tokens(self, tokens: list[Token]) -> list[Token]:
        """Split tokens further; parts keep the lemma of the whole, so featurizers that count lemmas see the whole."""
        assert self._token_pattern is not None
        result: list[Token] = []
        for token in tokens:
            parts = [part for part in self._token_pattern.findall(token.text) if part]
            if not parts:
                result.append(token)
            for part in _locate(parts, token.text):
                start = token.start + part.start
                result.append(Token(part.text, start, start + len(part.text), token.lemma))
        return result

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)


def _compiled(pattern: object) -> re.Pattern[str]:
    """The option ``token_pattern``, whose matches (or whose one group) become tokens."""
    try:
        compiled = re.compile(str(pattern))
    except re.error as error:
        raise DataError(
            f"token_pattern {pattern!r} is not a regular expression: {error}.",
            fix="Correct token_pattern, or take it out.",
        ) from error
    if compiled.groups > 1:
        raise DataError(
            f"token_pattern {pattern!r} has {compiled.groups} groups, so its matches are not words.",
            fix="Write (?:...) instead of (...) in token_pattern.",
        )
    return compiled


def _locate(words: Sequence[str], text: str) -> list[Token]:
    """Tokens at the first place of each word after the one before."""
    tokens = []
    offset = 0
    for word in words:
        start = text.index(word, offset)
        offset = start + len(word)
        tokens.append(Token(word, start, offset, word))
    return tokens
