"""SpacyNLP: loads a language model of spaCy and runs it on every text, for the components that build on it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import ACTION_TEXT, RESPONSE, TEXT, Message

logger = logging.getLogger("rebake")

ATTRIBUTES = (TEXT, RESPONSE, ACTION_TEXT)
_BATCH = 50  # texts that spaCy sees together


@dataclass(frozen=True, slots=True)
class SpacyDocs:
    """What spaCy says of a message, as ``Message.spacy``.

    Attributes:
        nlp: the ``spacy.Language`` that said it.
        docs: attribute -> ``spacy.tokens.Doc`` of its text, lowercased unless the option ``case_sensitive`` is set.
    """

    nlp: Any
    docs: dict[str, Any]


class SpacyNLP:
    """Adds ``message.spacy``. ``model`` is the name of an installed package of spaCy's, or a directory."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._case_sensitive = bool(options["case_sensitive"])
        self._nlp, self._warnings = _load(options["model"])

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Learn nothing; warn about what spaCy finds odd about the language model."""
        for warning in self._warnings:
            context.warn(f"SpacyNLP: {warning}")
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            message.spacy = SpacyDocs(self._nlp, {})
        for attribute in ATTRIBUTES:
            present = [message for message in messages if message.attributes.get(attribute)]
            texts = [message.attributes[attribute] for message in present]
            if not self._case_sensitive:
                texts = [text.lower() for text in texts]
            for message, doc in zip(present, self._nlp.pipe(texts, batch_size=_BATCH), strict=True):
                message.spacy.docs[attribute] = doc

    def save(self, directory: Path) -> None:
        """Nothing to save: the server loads the language model by itself."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        for warning in component._warnings:
            logger.warning("SpacyNLP: %s", warning)
        return component


def _load(model: str) -> tuple[Any, list[str]]:
    """The ``spacy.Language`` of that name, and what spaCy warns about it, such as a model of another version.

    Raises:
        DataError: the model does not exist, or this version of spaCy cannot load it.
    """
    import spacy

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nlp = spacy.load(model, disable=["parser"])  # as Rasa: nothing reads the parse
    except OSError as error:
        raise DataError(
            f"SpacyNLP: {model!r} is neither an installed language model of spaCy nor a directory with one.",
            fix=f"Install it (python -m spacy download {model}), or correct model.",
        ) from error
    except (ValueError, ImportError) as error:  # of another version, or of code that is not installed
        reason = str(error).splitlines()[0]
        raise DataError(
            f"SpacyNLP: spaCy {spacy.__version__} cannot load the language model {model!r}: {reason}",
            fix="Install the model that belongs to this version of spaCy.",
        ) from error
    return nlp, [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
