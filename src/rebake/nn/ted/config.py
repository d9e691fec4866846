"""Rasa's options of TED, as its network takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rebake.nn.layers.feature_combining import CombineConfig
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.transformer_config import TransformerConfig

DEFAULT_TRANSFORMER_SIZE = 256  # Rasa's, of texts with transformer layers but without a size


@dataclass(frozen=True)
class TextLayers:
    """The sequence layer of one kind of text."""

    combine: CombineConfig
    hidden: list[int]
    transformer: TransformerConfig | None


@dataclass(frozen=True)
class TedConfig:
    """Options that shape the network; names of Rasa's options in brackets.

    Attributes:
        options: all of them, ``auto`` resolved, as ``meta.json`` holds them.
        whole_dialogues: trained on whole dialogues (FullDialogueTrackerFeaturizer), one action per turn.
        transformer: the encoder over the turns; its ``units`` mean nothing when it has no layers.
    """

    options: Mapping[str, Any]
    whole_dialogues: bool
    transformer: TransformerConfig

    @classmethod
    def of(cls, options: Mapping[str, Any], *, whole_dialogues: bool = False) -> Self:
        """From Rasa's options as ``meta.json`` holds them (``auto`` already resolved)."""
        size, layers = options["transformer_size"]["dialogue"], options["number_of_transformer_layers"]["dialogue"]
        rate = options["drop_rate_dialogue"]
        return cls(options, whole_dialogues, _transformer(options, size, layers, rate, unidirectional=whole_dialogues))

    @property
    def dense(self) -> Mapping[str, int]:
        """attribute -> units that its one-hot features are mapped to (dense_dimension)."""
        dimensions: Mapping[str, int] = self.options["dense_dimension"]
        return dimensions

    @property
    def encoding(self) -> int:
        """Units of user input, action and label before they meet (encoding_dimension)."""
        return int(self.options["encoding_dimension"])

    @property
    def embedding(self) -> int:
        """Units of the space in which dialogue and actions are compared (embedding_dimension)."""
        return int(self.options["embedding_dimension"])

    @property
    def density(self) -> float:
        """Part of the connections that exist in encoding layers (connection_density)."""
        return float(self.options["connection_density"])

    @property
    def l2(self) -> float:
        """(regularization_constant)"""
        return float(self.options["regularization_constant"])

    @property
    def dialogue_rate(self) -> float:
        """Dropout after the encoding layers (drop_rate_dialogue)."""
        return float(self.options["drop_rate_dialogue"])

    @property
    def input_rate(self) -> float:
        """Dropout on densified features (drop_rate; 0 unless use_dense_input_dropout)."""
        return float(self.options["drop_rate"]) if self.options["use_dense_input_dropout"] else 0.0

    @property
    def sparse_rate(self) -> float:
        """Dropout on the one-hot features themselves (drop_rate; 0 unless use_sparse_input_dropout)."""
        return float(self.options["drop_rate"]) if self.options["use_sparse_input_dropout"] else 0.0

    @property
    def noisy_states(self) -> bool:
        """Whether training draws noise before states are joined to windows: then each turn needs an encoding of its
        own, however often its state comes."""
        options = self.options
        return bool(options["drop_rate"] > 0 or options["drop_rate_attention"] > 0 or self.hides_tokens)

    @property
    def hides_tokens(self) -> bool:
        """Hide words of user texts while training, to no end but noise (use_masked_language_model)."""
        return bool(self.options["use_masked_language_model"])

    @property
    def cosine(self) -> bool:
        """Similarity is the cosine instead of the inner product (similarity_type)."""
        return bool(self.options["similarity_type"] == "cosine")

    @property
    def softmax(self) -> bool:
        """Confidences are a softmax over similarities; else the similarities themselves (model_confidence)."""
        return bool(self.options.get("model_confidence") == "softmax")

    @property
    def scale_loss(self) -> bool:
        """Give what is well predicted less weight (scale_loss)."""
        return bool(self.options["scale_loss"])

    def text_layers(self, attribute: str, *, is_label: bool) -> TextLayers:
        """Of ``text``, ``action_text`` or ``label_action_text``; the inputs of labels have no dropout."""
        options = self.options
        combine = CombineConfig(
            dense_units=options["dense_dimension"][attribute],
            concat_units=options["concat_dimension"][attribute],
            rate=options["drop_rate"],
            sparse_dropout=options["use_sparse_input_dropout"] and not is_label,
            dense_dropout=options["use_dense_input_dropout"] and not is_label,
            density=options["connection_density"],
            l2=options["regularization_constant"],
        )
        layers = options["number_of_transformer_layers"][attribute]
        size = options["transformer_size"][attribute] or DEFAULT_TRANSFORMER_SIZE
        transformer = None
        if layers:
            one_way = options["unidirectional_encoder"]
            transformer = _transformer(options, size, layers, options["drop_rate"], unidirectional=one_way)
        return TextLayers(combine, options["hidden_layers_sizes"][attribute], transformer)

    def loss(self) -> DotProductLoss:
        """Of dialogues and the actions that follow."""
        options = self.options
        return DotProductLoss(
            negatives=options["number_of_negative_examples"],
            loss=options["loss_type"],
            similarity=options["similarity_type"],
            constrain=options["constrain_similarities"],
            scale=options["scale_loss"],
            mu_pos=options["maximum_positive_similarity"],
            mu_neg=options["maximum_negative_similarity"],
            use_max_sim_neg=options["use_maximum_negative_similarity"],
            neg_lambda=options["negative_margin_scale"],
        )


def _transformer(
    options: Mapping[str, Any], size: int, layers: int, rate: float, *, unidirectional: bool
) -> TransformerConfig:
    return TransformerConfig(
        units=size,
        layers=layers,
        heads=options["number_of_attention_heads"],
        rate=rate,
        attention_rate=options["drop_rate_attention"],
        density=options["connection_density"],
        l2=options["regularization_constant"],
        unidirectional=unidirectional,
        relative_keys=options["use_key_relative_attention"],
        relative_values=options["use_value_relative_attention"],
        max_relative_position=options["max_relative_position"],
    )
