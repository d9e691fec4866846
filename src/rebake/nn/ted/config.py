"""The configuration of TED (Vlasov et al. 2019); :mod:`rebake.core.ted.config` builds it from a policy's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rebake.nn.layers.feature_combining import CombineConfig
from rebake.nn.layers.losses import DotProductLoss
from rebake.nn.layers.transformer_config import TransformerConfig


@dataclass(frozen=True)
class TextEncoderConfig:
    """The sequence layer of one kind of text; names of Rasa's options in brackets.

    Attributes:
        combine: how features of a text become one row per token and one for the whole text. Those of labels drop no
            inputs: each label has the same features in every step.
        hidden: widths of the hidden layers in front of the transformer, in units, in order (hidden_layers_sizes).
        transformer: over the tokens of a text; None = the features of whole texts alone count
            (number_of_transformer_layers: 0).
    """

    combine: CombineConfig
    hidden: tuple[int, ...]
    transformer: TransformerConfig | None


@dataclass(frozen=True)
class TedConfig:
    """The network's shape and losses; names of Rasa's options in brackets. Widths are numbers of units, rates are the
    share of elements that dropout sets to 0.

    Attributes:
        whole_dialogues: trained on whole dialogues, an action per turn, by an encoder that looks back only
            (FullDialogueTrackerFeaturizer); else on windows of turns, of which the newest is acted on.
        dense_units: attribute -> width that its one-hot features are mapped to (dense_dimension). Small, so that names
            which play the same part come near each other.
        texts: ``text``, ``action_text``, ``label_action_text`` -> their encoders; empty without end-to-end stories.
        encoding_units: width that user input, action and label are brought to before they meet (encoding_dimension), so
            that a turn counts the same whether it is known by name or by text.
        transformer: over the turns of a dialogue; None = the newest turn alone is looked at.
        embedding_units: width of the space in which dialogues and labels are compared (embedding_dimension).
        loss: of dialogues and labels. UnexpecTEDIntentPolicy, which knows several right labels, has its number of
            negatives and its scaling alone.
        density: share of the connections that exist in encoding layers (connection_density); the others are 0, which
            keeps wide layers from learning few stories by heart.
        l2: weight of the sum of squares of kernels in the loss (regularization_constant).
        sparse_rate: dropout on one-hot features (drop_rate; 0 unless use_sparse_input_dropout).
        dense_rate: dropout behind the layers that map them (drop_rate; 0 unless use_dense_input_dropout).
        dialogue_rate: dropout behind the encoding layers, drawn for every turn in training (drop_rate_dialogue).
        hides_tokens: hide words of user texts while training; they are not to be found again, so this is noise alone
            (use_masked_language_model).
        noisy_states: training draws noise (dropout of inputs or attention, hidden tokens) before states are joined to
            dialogues. Then each turn needs its own encoding; else a state that comes often is encoded once.
        softmax: confidences are shares that add up to 1; else they are the similarities themselves (model_confidence).
    """

    whole_dialogues: bool
    dense_units: Mapping[str, int]
    texts: Mapping[str, TextEncoderConfig]
    encoding_units: int
    transformer: TransformerConfig | None
    embedding_units: int
    loss: DotProductLoss
    density: float
    l2: float
    sparse_rate: float
    dense_rate: float
    dialogue_rate: float
    hides_tokens: bool
    noisy_states: bool
    softmax: bool
