"""What flows through the pipeline: a message with its tokens, features, labels and predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rebake.assistant.model import Example

if TYPE_CHECKING:  # NumPy is much to load for a check, which reads tokens and labels alone
    import numpy as np
    from numpy.typing import NDArray

    from rebake.base.sparse_rows import SparseRows

TEXT = "text"
INTENT = "intent"
RESPONSE = "response"
INTENT_RESPONSE_KEY = "intent_response_key"
ACTION_NAME = "action_name"
ACTION_TEXT = "action_text"


@dataclass(slots=True)
class Token:
    """text[start:end] of a message; ``lemma`` is what CountVectorsFeaturizer counts by default."""

    text: str
    start: int
    end: int
    lemma: str
    data: dict[str, Any] = field(default_factory=dict)  # e.g. {"pattern": {name: bool}}, {"pos": ...}


@dataclass(slots=True)
class Features:
    """What one featurizer gives for one attribute of one message.

    Attributes:
        sequence: [n_tokens, width] or None.
        sentence: [1, width] or None.
        origin: the featurizer's option ``alias``, or ``run_<node id>``, the name of its node in Rasa's graph; option
            ``featurizers`` selects by it.
    """

    origin: str
    sequence: SparseRows | NDArray[np.float32] | None = None
    sentence: SparseRows | NDArray[np.float32] | None = None


@dataclass(slots=True)
class Message:
    """One text on its way through the pipeline.

    Attributes:
        attributes: what is known of the message: ``text``, and in training ``intent`` (the base name of a retrieval
            intent), ``intent_response_key`` ("faq/refund"), ``response``, ``action_name``, ``action_text``.
        example: the training example it was made from, with its annotated entities; None at prediction.
        tokens: attribute -> tokens.
        features: attribute -> one entry per featurizer, in pipeline order.
        intent: prediction {"name", "confidence"} (name None where nothing was predicted).
        intent_ranking: predictions, best first.
        entities: predicted entities as Rasa's parse result has them.
        extra: further keys of the parse result (``response_selector`` ...).
        spacy: what SpacyNLP says of it, a :class:`rebake.nlu.spacy_nlp.SpacyDocs`.
    """

    attributes: dict[str, str]
    example: Example | None = None
    tokens: dict[str, list[Token]] = field(default_factory=dict)
    features: dict[str, list[Features]] = field(default_factory=dict)
    intent: dict[str, Any] | None = None
    intent_ranking: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    spacy: Any = None

    @property
    def text(self) -> str:
        return self.attributes.get(TEXT, "")
