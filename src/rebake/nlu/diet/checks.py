"""What is wrong with the options of DIETClassifier and ResponseSelector, as far as Rasa 3.6 or arithmetic says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, UnsupportedError
from rebake.nlu.message import TEXT, Message

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss_type": ("cross_entropy", "margin"),
    "similarity_type": ("auto", "inner", "cosine"),
    "batch_strategy": ("balanced", "sequence"),
    "model_confidence": ("softmax", "auto"),
    "tensorboard_log_level": ("epoch", "batch"),
}

_KINDS: Mapping[str, tuple[type, str]] = {  # of options without a default
    "random_seed": (int, "a whole number"),
    "tensorboard_log_directory": (str, "a directory"),
    "featurizers": (list, "a list of aliases"),
}


def check_diet_options(options: Mapping[str, Any], node: str, *, transformer_units: int) -> None:
    """Refuse options that exclude each other.

    Args:
        options: merged with the defaults.
        node: names the component in messages.
        transformer_units: of the transformer, if there is one.

    Raises:
        DataError: a value that Rasa refuses or cannot train with.
        UnsupportedError: ``share_hidden_layers``.
    """
    for option, allowed in _CHOICES.items():
        if options[option] not in allowed:
            fix = f"Set it to {' or '.join(allowed)}."
            raise DataError(f"{node}: option {option} is {options[option]!r}.", fix=fix)
    for option, (kind, expected) in _KINDS.items():
        value = options[option]
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise DataError(f"{node}: option {option} is {value!r}.", fix=f"It must be {expected}, or be left out.")
    tasks = [options.get(option, True) for option in ("intent_classification", "entity_recognition")]
    if not (any(tasks) or options["use_masked_language_model"]):
        raise DataError(
            f"{node}: intent_classification and entity_recognition are both false, so there is nothing to learn.",
            fix="Set one of them to true, or take the component out of the pipeline.",
        )
    _check_layers(options, node, transformer_units)
    _check_confidence(options, node)
    every = options["evaluate_every_number_of_epochs"]
    if every < 1 and every != -1:
        raise DataError(
            f"{node}: option evaluate_every_number_of_epochs is {every}.",
            fix="Set it to 1 or more, or to -1 for an evaluation after the last epoch.",
        )


def _check_layers(options: Mapping[str, Any], node: str, transformer_units: int) -> None:
    layers = options["number_of_transformer_layers"]
    if options["use_masked_language_model"] and layers <= 0:
        raise DataError(
            f"{node}: use_masked_language_model needs a transformer, and number_of_transformer_layers is 0.",
            fix="Set use_masked_language_model to false, or use a transformer layer.",
        )
    if options["share_hidden_layers"]:
        _check_shared_layers(options, node)
    heads = options["number_of_attention_heads"]
    relative = options["use_key_relative_attention"] or options["use_value_relative_attention"]
    if layers > 0 and relative and options["max_relative_position"] < 1:
        raise DataError(
            f"{node}: relative attention needs a max_relative_position of 1 or more.",
            fix="Set it, or use_key_relative_attention and use_value_relative_attention to false.",
        )
    if layers > 0 and transformer_units % heads:
        raise DataError(
            f"{node}: transformer_size {transformer_units} is not a multiple of number_of_attention_heads {heads}.",
            fix="Choose a transformer_size that is.",
        )


def _check_shared_layers(options: Mapping[str, Any], node: str) -> None:
    """Only a ResponseSelector that reads the responses' texts has hidden layers on both sides to share."""
    if not options.get("use_text_as_label"):
        raise UnsupportedError(
            f"{node}: option share_hidden_layers cannot be trained; Rasa 3.6.21 fails on it too, with any features.",
            fix="Set it to false.",
        )
    sizes = options["hidden_layers_sizes"]
    if sizes["text"] != sizes["label"]:
        raise DataError(
            f"{node}: with share_hidden_layers the hidden_layers_sizes of text and label must be the same.",
            fix="Give both the same sizes, or set share_hidden_layers to false.",
        )


def _check_confidence(options: Mapping[str, Any], node: str) -> None:
    margin = options["loss_type"] == "margin"
    softmax = options["model_confidence"] == "softmax" and not margin
    if softmax and options["similarity_type"] == "cosine":
        raise DataError(
            f"{node}: similarity_type cosine does not go with model_confidence softmax.",
            fix="Set similarity_type to inner or auto, or loss_type to margin.",
        )
    if options["renormalize_confidences"] and options["ranking_length"] and not softmax:
        why = "loss_type margin, whose confidences are similarities" if margin else "model_confidence auto"
        raise DataError(
            f"{node}: renormalize_confidences does not go with {why}.", fix="Set renormalize_confidences to false."
        )


def warn_about_featurizers(
    names: Sequence[str], node: str, messages: Sequence[Message], context: TrainingContext
) -> None:
    """Warn about ``featurizers`` that give no features to these messages; Rasa passes over them without a word."""
    origins = sorted({features.origin for message in messages for features in message.features.get(TEXT, [])})
    for name in names:
        if name not in origins:
            told = " and ".join(origins) or "nothing"
            context.warn(f"{node}: the option featurizers names {name!r}, and the features are of {told}.")


def warn_about_training(options: Mapping[str, Any], node: str, context: TrainingContext) -> None:
    """Warn as Rasa does when it trains with these options."""
    margin = options["loss_type"] == "margin"
    if margin:
        context.warn(f"{node}: with loss_type margin, confidences are similarities between -1 and 1.")
    if options["similarity_type"] == ("inner" if margin else "cosine"):
        context.warn(
            f"{node}: similarity_type {options['similarity_type']} is not made for loss_type {options['loss_type']}; "
            "auto takes the one that is."
        )
    held_out, every = options["evaluate_on_number_of_examples"], options["evaluate_every_number_of_epochs"]
    if held_out > 0 and every > options["epochs"]:
        context.warn(
            f"{node}: there is no evaluation, as evaluate_every_number_of_epochs ({every}) is more than epochs "
            f"({options['epochs']})."
        )
    if options["checkpoint_model"] and held_out <= 0:
        context.warn(
            f"{node}: checkpoint_model has no effect, as evaluate_on_number_of_examples is {held_out}: nothing is "
            "evaluated."
        )
