"""The network of TEDPolicy or UnexpecTEDIntentPolicy, from options as in ``meta.json`` (``auto`` resolved).

Importing this module does not import TensorFlow; calling its function does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebake.base.option_reader import OptionReader
from rebake.core.ted.data import StateWidths
from rebake.core.ted.labels import LabelRows
from rebake.nlu.network_options import combine_config, dot_product_loss, transformer_config
from rebake.registry.nlu.diet import DEFAULT_TRANSFORMER_SIZE

if TYPE_CHECKING:
    from rebake.nn.layers.losses import DotProductLoss
    from rebake.nn.ted.config import TedConfig, TextEncoderConfig

OF_LABELS = "label_action_text"


def ted_config(read: OptionReader, widths: StateWidths, labels: LabelRows, *, whole_dialogues: bool) -> TedConfig:
    """Build the network's configuration.

    Args:
        read: the options.
        widths: name the attributes of states that the network has layers for.
        labels: say whether labels have names, texts or both.
        whole_dialogues: trained on whole dialogues, an action per turn, instead of windows.

    Raises:
        ModelError: an option is missing or has a value that checks would have refused: ``meta.json`` is broken.
    """
    from rebake.nn.ted.config import TedConfig

    names = [*widths.names, *([labels.attribute] if labels.counted else [])]
    texts = [*widths.texts, *([OF_LABELS] if labels.texts is not None else [])]
    rate, dialogue_rate = read.number("drop_rate"), read.number("drop_rate_dialogue")
    hides_tokens = read.flag("use_masked_language_model")
    dense = read.of("dense_dimension")
    layers = read.of("number_of_transformer_layers").whole("dialogue")
    return TedConfig(
        whole_dialogues=whole_dialogues,
        dense_units={name: dense.whole(name, least=1) for name in names},
        texts={name: _text_encoder(read, name) for name in texts},
        encoding_units=read.whole("encoding_dimension", least=1),
        transformer=transformer_config(
            read,
            layers,
            read.of("transformer_size").whole("dialogue", least=1) if layers > 0 else 0,
            dialogue_rate,
            unidirectional=whole_dialogues,
        ),
        embedding_units=read.whole("embedding_dimension", least=1),
        loss=_loss(read, labels),
        density=read.number("connection_density"),
        l2=read.number("regularization_constant"),
        sparse_rate=rate if read.flag("use_sparse_input_dropout") else 0.0,
        dense_rate=rate if read.flag("use_dense_input_dropout") else 0.0,
        dialogue_rate=dialogue_rate,
        hides_tokens=hides_tokens,
        noisy_states=rate > 0 or read.number("drop_rate_attention") > 0 or hides_tokens,
        softmax=read.options.get("model_confidence") == "softmax",  # UnexpecTEDIntentPolicy does not have it
    )


def _text_encoder(read: OptionReader, attribute: str) -> TextEncoderConfig:
    from rebake.nn.ted.config import TextEncoderConfig

    layers = read.of("number_of_transformer_layers").whole(attribute)
    size = read.of("transformer_size")
    return TextEncoderConfig(
        combine_config(read, attribute, drops_inputs=attribute != OF_LABELS),
        read.of("hidden_layers_sizes").sizes(attribute),
        transformer_config(
            read,
            layers,
            size.whole(attribute) if size.is_set(attribute) else DEFAULT_TRANSFORMER_SIZE,
            read.number("drop_rate"),
            unidirectional=read.flag("unidirectional_encoder"),
        ),
    )


def _loss(read: OptionReader, labels: LabelRows) -> DotProductLoss:
    if labels.attribute == "label_intent":
        from rebake.nn.layers.losses import DotProductLoss

        return DotProductLoss(read.whole("number_of_negative_examples"), scale=read.flag("scale_loss"))
    return dot_product_loss(
        read,
        read.one_of("loss_type", ("cross_entropy", "margin")),
        read.one_of("similarity_type", ("inner", "cosine")),
    )
