"""SpacyFeaturizer: the word vectors of a spaCy model, and what they come to over a text."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Features, Message
from rebake.nlu.spacy_nlp import ATTRIBUTES
from rebake.nlu.tokenizers.spacy_tokenizer import is_space

logger = logging.getLogger("rebake")

_NO_VECTORS = "the language model of SpacyNLP has no word vectors, so it adds nothing."


class SpacyFeaturizer:
    """Adds dense sequence features (a token's vector) and sentence features (mean or maximum of those not zero)."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._origin: str = options["alias"] or ""  # Rasa knows it by its alias alone, not by its place
        self._pool = np.mean if options["pooling"] == "mean" else np.max
        self._warned = False

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Learn nothing; warn where the language model has nothing to give."""
        docs = (doc for message in training.messages for doc in message.spacy.docs.values())
        if any(doc.vocab.vectors_length == 0 for doc in docs):
            context.warn(f"{named(self.node)}: {_NO_VECTORS}")
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        self._warned = self._warned or training  # training has warned with the component's place
        for message in messages:
            for attribute in ATTRIBUTES:
                doc = message.spacy.docs.get(attribute)
                if doc is not None:
                    self._featurize(message, attribute, doc)

    def _featurize(self, message: Message, attribute: str, doc: Any) -> None:
        if doc.vocab.vectors_length == 0:
            if not self._warned:
                logger.warning("%s: %s", named(self.node), _NO_VECTORS)
            self._warned = True
            return
        vectors = [token.vector for token in doc if not is_space(token)]
        if not vectors:
            return
        if len(vectors) != len(message.tokens[attribute]):
            raise DataError(
                f"{named(self.node)} has {len(vectors)} vectors for {len(message.tokens[attribute])} tokens of "
                f"{message.attributes[attribute]!r}.",
                fix="Take token_pattern out of SpacyTokenizer: its tokens must be spaCy's.",
            )
        sequence = np.asarray(vectors, np.float32)
        features = Features(self._origin, sequence=sequence, sentence=self._pooled(sequence))
        message.features.setdefault(attribute, []).append(features)

    def _pooled(self, sequence: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n_tokens, width] -> [1, width]; words without a vector do not count; zeros if none has one."""
        known = sequence[sequence.any(axis=1)]
        if not len(known):
            return np.zeros((1, sequence.shape[1]), np.float32)
        pooled: NDArray[np.float32] = self._pool(known, axis=0, keepdims=True)
        return pooled

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)
