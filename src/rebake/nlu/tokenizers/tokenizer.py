"""What all tokenizers share: which attributes are split how, and the options about labels and ``token_pattern``."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import ACTION_NAME, INTENT, INTENT_RESPONSE_KEY, Message, Token

_LABELS = frozenset({INTENT, ACTION_NAME, INTENT_RESPONSE_KEY})


class Tokenizer(ABC):
    """Adds ``message.tokens``; offsets are those of the attribute's text. Nothing is learned."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._split_labels = bool(options["intent_tokenization_flag"])
        self._symbol: str | None = options["intent_split_symbol"]
        self._prefix_separator: str | None = options["prefix_separator_symbol"]
        self._token_pattern = re.compile(options["token_pattern"]) if options["token_pattern"] else None

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            for attribute, text in message.attributes.items():
                if training and not text:
                    continue  # an empty attribute is an absent one in training; an empty user text is tokenized
                if attribute in _LABELS:
                    message.tokens[attribute] = self._split_label(text, attribute)
                else:
                    message.tokens[attribute] = self._split_tokens(self.tokenize(message, attribute))

    @abstractmethod
    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Return the words of an attribute that is a text."""

    def _split_label(self, label: str, attribute: str) -> list[Token]:
        """A label is one token, unless it is to be split; a retrieval intent is split at its slash in any case."""
        words: list[str] = []
        rest = label
        if self._prefix_separator is not None and self._prefix_separator in label:
            prefix, rest = label.split(self._prefix_separator, maxsplit=1)
            words += self._split(prefix)
        for part in rest.split("/") if attribute == INTENT_RESPONSE_KEY else [rest]:
            words += self._split(part)
        return locate(words, label)

    def _split(self, label: str) -> list[str]:
        return label.split(self._symbol) if self._split_labels else [label]

    def _split_tokens(self, tokens: list[Token]) -> list[Token]:
        """Split tokens further; parts keep the lemma of the whole, so featurizers that count lemmas see the whole."""
        if self._token_pattern is None:
            return tokens
        result: list[Token] = []
        for token in tokens:
            parts = [part for part in self._token_pattern.findall(token.text) if part]
            if not parts:
                result.append(token)
            for part in locate(parts, token.text):
                start = token.start + part.start
                data = token.data or {}  # one for all parts, as in Rasa: what is noted of a part is noted of each
                result.append(Token(part.text, start, start + len(part.text), token.lemma, data))
        return result

    def save(self, directory: Path) -> None:  # noqa: B027 - a tokenizer with files overrides it
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)


def locate(words: Sequence[str], text: str) -> list[Token]:
    """Locate tokens at the first place of each word after the one before."""
    tokens = []
    offset = 0
    for word in words:
        start = text.index(word, offset)
        offset = start + len(word)
        tokens.append(Token(word, start, offset, word))
    return tokens
