"""Options that DIET and TED have in common, as what the networks and their training take.

Importing this module does not import TensorFlow; calling its functions does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from rebake.base.names import named
from rebake.base.option_reader import OptionReader

if TYPE_CHECKING:
    from rebake.nn.layers.feature_combining import CombineConfig
    from rebake.nn.layers.losses import DotProductLoss
    from rebake.nn.layers.transformer_config import TransformerConfig
    from rebake.nn.training.batching import Batching
    from rebake.nn.training.evaluation import EvaluationSettings
    from rebake.nn.training.fit import FitSettings


def combine_config(read: OptionReader, attribute: str, *, drops_inputs: bool) -> CombineConfig:
    """How the features of texts of an attribute are combined."""
    from rebake.nn.layers.feature_combining import CombineConfig

    return CombineConfig(
        dense_units=read.of("dense_dimension").whole(attribute),
        concat_units=read.of("concat_dimension").whole(attribute),
        rate=read.number("drop_rate"),
        sparse_dropout=drops_inputs and read.flag("use_sparse_input_dropout"),
        dense_dropout=drops_inputs and read.flag("use_dense_input_dropout"),
        density=read.number("connection_density"),
        l2=read.number("regularization_constant"),
    )


def transformer_config(
    read: OptionReader, layers: int, units: int, rate: float, *, unidirectional: bool
) -> TransformerConfig | None:
    """An encoder; None if it has no layers.

    Raises:
        ModelError: its units cannot be divided among its heads.
    """
    from rebake.nn.layers.transformer_config import TransformerConfig

    if layers <= 0:
        return None
    heads = read.whole("number_of_attention_heads", least=1)
    if units % heads:
        raise read.error(f"transformer_size {units} is not a multiple of number_of_attention_heads {heads}")
    return TransformerConfig(
        units=units,
        layers=layers,
        heads=heads,
        rate=rate,
        attention_rate=read.number("drop_rate_attention"),
        density=read.number("connection_density"),
        l2=read.number("regularization_constant"),
        unidirectional=unidirectional,
        relative_keys=read.flag("use_key_relative_attention"),
        relative_values=read.flag("use_value_relative_attention"),
        max_relative_position=read.whole("max_relative_position"),
    )


def dot_product_loss(
    read: OptionReader, loss: Literal["cross_entropy", "margin"], similarity: Literal["inner", "cosine"]
) -> DotProductLoss:
    """The loss of texts or dialogues and their labels; ``auto`` is resolved by the caller."""
    from rebake.nn.layers.losses import DotProductLoss

    return DotProductLoss(
        negatives=read.whole("number_of_negative_examples"),
        loss=loss,
        similarity=similarity,
        constrain=read.flag("constrain_similarities"),
        scale=read.flag("scale_loss"),
        mu_pos=read.number("maximum_positive_similarity"),
        mu_neg=read.number("maximum_negative_similarity"),
        use_max_sim_neg=read.flag("use_maximum_negative_similarity"),
        neg_lambda=read.number("negative_margin_scale"),
    )


def batching(read: OptionReader) -> Batching:
    """How batches are drawn."""
    from rebake.nn.training.batching import Batching

    return Batching(
        sizes=read.size_or_sizes("batch_size"),
        epochs=read.whole("epochs"),
        strategy=read.one_of("batch_strategy", ("balanced", "sequence")),
        drop_small_last=read.is_set("drop_small_last_batch"),  # policies do not have it
    )


def fit_settings(read: OptionReader, node: str, seed: int) -> FitSettings:
    """How the weights of ``node`` are fitted; ``seed`` counts where there is no random_seed."""
    from rebake.nn.training.fit import FitSettings

    return FitSettings(node, read.whole("epochs"), read.number("learning_rate"), seed_of(read, seed))


def evaluation_settings(read: OptionReader, seed: int) -> EvaluationSettings:
    """What is held out, kept and logged; ``seed`` counts where there is no random_seed."""
    from rebake.nn.training.evaluation import EvaluationSettings

    every = read.whole("evaluate_every_number_of_epochs")
    directory = read.text_or_none("tensorboard_log_directory")
    return EvaluationSettings(
        examples=read.whole("evaluate_on_number_of_examples"),
        every=read.whole("epochs") if every == -1 else every,
        keep_best=read.flag("checkpoint_model"),
        seed=seed_of(read, seed),
        log_directory=directory,
        log_level=read.one_of("tensorboard_log_level", ("epoch", "batch")) if directory else "epoch",
    )


def evaluation_warnings(read: OptionReader, node: str) -> Iterator[str]:
    """What Rasa says of evaluations that never come."""
    held_out, every = read.whole("evaluate_on_number_of_examples"), read.whole("evaluate_every_number_of_epochs")
    if held_out > 0 and every > read.whole("epochs"):
        yield (
            f"{named(node)}: there is no evaluation, as evaluate_every_number_of_epochs ({every}) is more than epochs "
            f"({read.whole('epochs')})."
        )
    if read.flag("checkpoint_model") and held_out <= 0:
        yield (
            f"{named(node)}: checkpoint_model has no effect, as evaluate_on_number_of_examples is {held_out}: nothing "
            "is evaluated, and the last weights are kept."
        )


def seed_of(read: OptionReader, seed: int) -> int:
    """random_seed, or where that is null the seed of the training."""
    return seed if read.is_null("random_seed") else read.whole("random_seed")
