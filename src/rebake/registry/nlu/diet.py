"""Options of DIETClassifier and ResponseSelector, and what they must be together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.registry.entry import Constraint
from rebake.registry.networks import (
    CONFIDENCE,
    CONFIDENCE_CONSTRAINTS,
    FEATURIZERS,
    LOSS,
    MARGIN_SCALE,
    SIMILARITY,
    SIZES,
    SPLIT_BY_COMMA,
    attention_options,
    dropout_options,
    evaluation_options,
    loss_options,
    margin_options,
    record_options,
    training_options,
)
from rebake.registry.options import Flag, ListOf, Option, Text, WholeNumber, drop_rate, per_attribute, share

DEFAULT_TRANSFORMER_SIZE = 256  # what Rasa takes where the option gives none


def _options() -> dict[str, Option]:
    return {
        "hidden_layers_sizes": _hidden(),
        "share_hidden_layers": Flag(default=False),
        "transformer_size": WholeNumber(default=256, nullable=True),
        "number_of_transformer_layers": WholeNumber(default=2),
        **attention_options(WholeNumber(default=5)),
        **training_options(epochs=300),
        "dense_dimension": _sizes(least=1),
        "concat_dimension": _sizes(),
        "number_of_negative_examples": WholeNumber(least=0, default=20),
        "similarity_type": SIMILARITY,
        "loss_type": LOSS,
        "ranking_length": WholeNumber(default=10),
        **margin_options(negative=-0.4),
        **loss_options(scale_loss=False, regularization=0.002),
        "negative_margin_scale": MARGIN_SCALE,
        "drop_rate": drop_rate(0.2),
        **dropout_options(attention=0, density=0.2, sparse=True, dense=True),
        **evaluation_options(WholeNumber(default=0)),
        "intent_classification": Flag(default=True),
        "entity_recognition": Flag(default=True),
        "use_masked_language_model": Flag(default=False),
        "BILOU_flag": Flag(default=True),
        **record_options(),
        "featurizers": FEATURIZERS,
        "split_entities_by_comma": SPLIT_BY_COMMA,
        "constrain_similarities": Flag(default=False),
        "model_confidence": CONFIDENCE,
        "renormalize_confidences": Flag(default=False),
        "run_eagerly": Flag(default=False, changes_model=False),
        "drop_small_last_batch": Flag(default=False),
    }


def _hidden(*sizes: int) -> Option:
    return per_attribute(ListOf, {"text": [*sizes], "label": [*sizes]}, item=SIZES.item, what=SIZES.what)


def _sizes(text: int = 128, label: int = 20, *, least: int | None = None) -> Option:
    return per_attribute(WholeNumber, {"text": text, "label": label}, least=least)


DIET_OPTIONS: Mapping[str, Option] = _options()

SELECTOR_OPTIONS: Mapping[str, Option] = {
    **DIET_OPTIONS,
    "hidden_layers_sizes": _hidden(256, 128),
    "transformer_size": WholeNumber(default=None),
    "number_of_transformer_layers": WholeNumber(default=0),
    "dense_dimension": _sizes(512, 512, least=1),
    "concat_dimension": _sizes(512, 512),
    "scale_loss": Flag(default=True),
    "connection_density": share(1.0),
    "use_sparse_input_dropout": Flag(default=False),
    "use_dense_input_dropout": Flag(default=False),
    "retrieval_intent": Text(default=None),
    "use_text_as_label": Flag(default=False),
}


def _learns_nothing(options: Mapping[str, Any]) -> bool:
    tasks = ("intent_classification", "entity_recognition", "use_masked_language_model")
    return not any(options[task] for task in tasks)


def _has_transformer(options: Mapping[str, Any]) -> bool:
    return bool(options["number_of_transformer_layers"] > 0)


def _has_uneven_heads(options: Mapping[str, Any]) -> bool:
    size = options["transformer_size"]
    units = DEFAULT_TRANSFORMER_SIZE if size is None or size < 1 else size
    return _has_transformer(options) and bool(units % options["number_of_attention_heads"])


def _has_no_positions(options: Mapping[str, Any]) -> bool:
    is_relative = options["use_key_relative_attention"] or options["use_value_relative_attention"]
    return _has_transformer(options) and is_relative and options["max_relative_position"] < 1


def _has_different_layers(options: Mapping[str, Any]) -> bool:
    sizes = options["hidden_layers_sizes"]
    return bool(options["share_hidden_layers"] and sizes["text"] != sizes["label"])


_NETWORK = (
    Constraint(
        ("use_masked_language_model", "number_of_transformer_layers"),
        lambda options: options["use_masked_language_model"] and not _has_transformer(options),
        "use_masked_language_model needs a transformer, and number_of_transformer_layers is "
        "{number_of_transformer_layers}.",
        "Set use_masked_language_model to false, or use a transformer layer.",
    ),
    Constraint(
        ("share_hidden_layers",),
        # Only a ResponseSelector that reads the responses' texts has hidden layers on both sides.
        lambda options: options["share_hidden_layers"] and not options.get("use_text_as_label"),
        "option share_hidden_layers cannot be trained; Rasa 3.6.21 fails on it too, with any features.",
        "Set it to false.",
        is_unsupported=True,
    ),
    Constraint(
        ("share_hidden_layers",),
        _has_different_layers,
        "with share_hidden_layers the hidden_layers_sizes of text and label must be the same.",
        "Give both the same sizes, or set share_hidden_layers to false.",
    ),
    Constraint(
        ("max_relative_position", "use_key_relative_attention", "use_value_relative_attention"),
        _has_no_positions,
        "relative attention needs a max_relative_position of 1 or more.",
        "Set it, or use_key_relative_attention and use_value_relative_attention to false.",
    ),
    Constraint(
        ("transformer_size", "number_of_attention_heads", "number_of_transformer_layers"),
        _has_uneven_heads,
        f"transformer_size {{transformer_size}} ({DEFAULT_TRANSFORMER_SIZE} if there is none) is not a multiple of "
        "number_of_attention_heads {number_of_attention_heads}.",
        "Choose a transformer_size that is.",
    ),
    *CONFIDENCE_CONSTRAINTS,
)

SELECTOR_CONSTRAINTS = _NETWORK
DIET_CONSTRAINTS = (
    Constraint(
        ("intent_classification", "entity_recognition"),
        _learns_nothing,
        "intent_classification and entity_recognition are both false, so there is nothing to learn.",
        "Set one of them to true, or take the component out of the pipeline.",
    ),
    *_NETWORK,
)
