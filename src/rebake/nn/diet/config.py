"""The configuration of DIET (Bunk et al. 2020); :mod:`rebake.nlu.diet.config` builds it from a component's options."""

from __future__ import annotations

from dataclasses import dataclass

from rebake.nn.layers.feature_combining import CombineConfig
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.transformer_config import TransformerConfig


@dataclass(frozen=True)
class DietConfig:
    """The network's shape and losses; names of Rasa's options in brackets. Widths are numbers of units.

    Attributes:
        text: how features of a text become one row per token and one for the whole text.
        label: the same for labels. Their inputs are never dropped, whatever ``text`` says: there are few labels, and
            each has the same features in every step.
        hidden_text: widths of the hidden layers between the features of a text and its transformer, in order
            (hidden_layers_sizes). None by default: the transformer does better without.
        hidden_label: the same for labels. Without a transformer on their side these are all their layers.
        transformer: of texts, and of labels that are texts. None = texts are bags of features, for which hidden layers
            are enough and far faster (number_of_transformer_layers: 0).
        embedding_units: width of the space in which texts and labels are compared (embedding_dimension). Small,
            as it only has to separate labels.
        loss: of labels; that of masked tokens is the same without ``scale``.
        softmax: confidences are shares that add up to 1; else they are the similarities themselves, as with the margin
            loss, which bounds those and knows no probabilities (model_confidence).
        masked_language_model: learn to find hidden tokens as well (use_masked_language_model). Needs a transformer, as
            a hidden token can only be found from its neighbours.
        text_labels: labels are texts and encoded like texts, so that a response's words count (use_text_as_label); see
            :mod:`rebake.nn.diet.response_selector`. Else a label is the bag of its features.
        shared_layers: one encoder for texts and for labels that are texts, which halves the weights where both are in
            the same language (share_hidden_layers).
    """

    text: CombineConfig
    label: CombineConfig
    hidden_text: tuple[int, ...]
    hidden_label: tuple[int, ...]
    transformer: TransformerConfig | None
    embedding_units: int
    loss: DotProductLoss
    softmax: bool = True
    masked_language_model: bool = False
    text_labels: bool = False
    shared_layers: bool = False
