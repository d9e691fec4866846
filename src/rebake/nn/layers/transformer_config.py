"""What a transformer encoder is made of (Vaswani et al. 2017; Shaw et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes and rates; names of Rasa's options in brackets.

    Attributes:
        units: width of the encoder (transformer_size).
        layers: how many encoder layers (number_of_transformer_layers).
        heads: attention heads (number_of_attention_heads); must divide ``units``.
        rate: dropout (drop_rate).
        attention_rate: dropout on attention logits (drop_rate_attention).
        density: part of the connections that exist (connection_density).
        l2: regularisation; Rasa applies it to the input embedding alone (regularization_constant).
        unidirectional: a row attends to itself and earlier rows only (unidirectional_encoder).
        relative_keys, relative_values: relative attention (use_key_relative_attention, use_value_relative_attention).
        max_relative_position: distances beyond it count as it.
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
