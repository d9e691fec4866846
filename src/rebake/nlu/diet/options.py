"""Options that DIETClassifier and ResponseSelector read themselves; :mod:`rebake.nlu.diet.config` has the network's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from rebake.base.option_reader import OptionReader
from rebake.nlu.entity_tags import SplitByComma
from rebake.registry.nlu.diet import DEFAULT_TRANSFORMER_SIZE


@dataclass(frozen=True)
class DietOptions:
    """What the component itself reads.

    Attributes:
        options: merged with the defaults.
        node: names the component in messages.
    """

    options: Mapping[str, Any]
    node: str

    @property
    def read(self) -> OptionReader:
        """The options as typed values."""
        return OptionReader(self.options, self.node)

    @property
    def intents(self) -> bool:
        return bool(self.options["intent_classification"])

    @property
    def entities(self) -> bool:
        return bool(self.options["entity_recognition"])

    @property
    def bilou(self) -> bool:
        return bool(self.options["BILOU_flag"])

    @property
    def featurizers(self) -> list[str]:
        return list(self.options["featurizers"] or [])

    @property
    def split_by_comma(self) -> SplitByComma:
        return SplitByComma.from_option(self.options["split_entities_by_comma"])

    @property
    def loss(self) -> Literal["cross_entropy", "margin"]:
        return cast('Literal["cross_entropy", "margin"]', self.options["loss_type"])

    @property
    def similarity(self) -> Literal["inner", "cosine"]:
        kind = self.options["similarity_type"]
        if kind == "auto":
            return "cosine" if self.loss == "margin" else "inner"
        return cast('Literal["inner", "cosine"]', kind)

    @property
    def ranking_length(self) -> int:
        return int(self.options["ranking_length"])

    @property
    def renormalize(self) -> bool:
        return bool(self.options["renormalize_confidences"]) and self.softmax

    @property
    def softmax(self) -> bool:
        """Whether confidences are probabilities; else they are the similarities themselves."""
        return self.options["model_confidence"] == "softmax" and self.loss != "margin"

    @property
    def transformer_units(self) -> int:
        size = self.options["transformer_size"]
        return DEFAULT_TRANSFORMER_SIZE if size is None or size < 1 else int(size)
