"""Options that DIETClassifier and ResponseSelector read themselves; :mod:`rebake.nlu.diet.config` has the network's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from rebake.base.option_reader import OptionReader
from rebake.nlu.entity_tags import SplitByComma
from rebake.registry.nlu.diet import DEFAULT_TRANSFORMER_SIZE

Loss = Literal["cross_entropy", "margin"]
Similarity = Literal["inner", "cosine"]


@dataclass(frozen=True)
class DietOptions:
    """What the component itself reads, ``auto`` resolved.

    Attributes:
        intents: it classifies intents.
        entities: it recognizes entities.
        bilou: tags distinguish the first, the last and the only token of an entity.
        featurizers: whose features it reads; empty = those of all.
        split_by_comma: whether "a, b" of one type are two entities.
        loss, similarity: of texts and labels.
        softmax: confidences are probabilities; else they are the similarities themselves.
        ranking_length: labels in a ranking; 0 = all of them.
        renormalize: the confidences of a ranking that was cut add up to 1 again.
        transformer_units: width of the encoder.
        network: the options that make the network, its batches and its training.
    """

    intents: bool
    entities: bool
    bilou: bool
    featurizers: tuple[str, ...]
    split_by_comma: SplitByComma
    loss: Loss
    similarity: Similarity
    softmax: bool
    ranking_length: int
    renormalize: bool
    transformer_units: int
    network: OptionReader

    @classmethod
    def of(cls, options: Mapping[str, Any], node: str) -> Self:
        """Read options that have been merged with the defaults; ``node`` names the component in messages.

        Raises:
            ModelError: an option has a value that checks would have refused.
        """
        read = OptionReader(options, node)
        loss: Loss = read.one_of("loss_type", ("cross_entropy", "margin"))
        similarity: Similarity | Literal["auto"] = read.one_of("similarity_type", ("auto", "inner", "cosine"))
        softmax = loss != "margin" and options["model_confidence"] == "softmax"
        size = None if read.is_null("transformer_size") else read.whole("transformer_size")
        return cls(
            intents=read.flag("intent_classification"),
            entities=read.flag("entity_recognition"),
            bilou=read.flag("BILOU_flag"),
            featurizers=read.texts("featurizers"),
            split_by_comma=SplitByComma.from_option(options["split_entities_by_comma"]),
            loss=loss,
            similarity=("cosine" if loss == "margin" else "inner") if similarity == "auto" else similarity,
            softmax=softmax,
            ranking_length=read.whole("ranking_length"),
            renormalize=softmax and read.flag("renormalize_confidences"),
            transformer_units=DEFAULT_TRANSFORMER_SIZE if size is None or size < 1 else size,
            network=read,
        )
