"""The network of DIETClassifier or ResponseSelector, from the component's options.

Importing this module does not import TensorFlow; calling its function does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebake.nlu.diet.options import DietOptions
from rebake.nlu.network_options import combine_config, dot_product_loss, transformer_config

if TYPE_CHECKING:
    from rebake.nn.diet.config import DietConfig


def diet_config(options: DietOptions) -> DietConfig:
    """What the network is made of.

    Raises:
        ModelError: an option has a value that checks would have refused.
    """
    from rebake.nn.diet.config import DietConfig

    read = options.network
    hidden = read.of("hidden_layers_sizes")
    return DietConfig(
        text=combine_config(read, "text", drops_inputs=True),
        label=combine_config(read, "label", drops_inputs=False),
        hidden_text=hidden.sizes("text"),
        hidden_label=hidden.sizes("label"),
        transformer=transformer_config(
            read,
            read.whole("number_of_transformer_layers"),
            options.transformer_units,
            read.number("drop_rate"),
            unidirectional=read.flag("unidirectional_encoder"),
        ),
        embedding_units=read.whole("embedding_dimension"),
        loss=dot_product_loss(read, options.loss, options.similarity),
        softmax=options.softmax,
        masked_language_model=read.flag("use_masked_language_model"),
        text_labels=read.is_set("use_text_as_label"),  # DIETClassifier does not have it
        shared_layers=read.flag("share_hidden_layers"),
    )
