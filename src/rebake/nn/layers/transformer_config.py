"""The configuration of a transformer encoder (Vaswani et al. 2017; Shaw et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransformerConfig:
    """Names of Rasa's options in brackets. Rates are the share of elements that dropout sets to 0.

    Attributes:
        units: width of the encoder (transformer_size).
        layers: how many encoder layers (number_of_transformer_layers). Each lets a row see what others saw before it.
        heads: how many mixtures of the other rows a row sees at once, each ``units / heads`` wide
            (number_of_attention_heads); must divide ``units``.
        rate: dropout behind the embedding, the attention and the feed-forward block (drop_rate).
        attention_rate: dropout of whole connections between two rows (drop_rate_attention).
        density: share of the connections of a kernel that exist (connection_density); the others stay 0, so that an
            encoder can be wide and still have few weights to learn from few examples.
        l2: weight of the sum of squares in the loss (regularization_constant). Rasa applies it to the embedding of the
            input alone.
        unidirectional: a row attends to itself and earlier rows only (unidirectional_encoder).
        relative_keys: how much a row attends to another depends on their distance too (use_key_relative_attention).
        relative_values: what it then takes from it as well (use_value_relative_attention).
        max_relative_position: in rows; distances beyond it count as it (max_relative_position).
    """

    units: int
    layers: int
    heads: int
    rate: float
    attention_rate: float
    density: float
    l2: float
    unidirectional: bool = False
    relative_keys: bool = False
    relative_values: bool = False
    max_relative_position: int = 5

    @property
    def depth(self) -> int:
        """Width of one head."""
        return self.units // self.heads
