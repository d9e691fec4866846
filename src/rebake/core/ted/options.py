"""Options of TEDPolicy and UnexpecTEDIntentPolicy: checked as Rasa 3.6 does; refused where rebake cannot follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rebake.errors import DataError, UnsupportedError

SOFTMAX = "softmax"
CROSS_ENTROPY = "cross_entropy"
MARGIN = "margin"
AUTO = "auto"
INNER = "inner"
COSINE = "cosine"


_COUNTS = (
    "encoding_dimension",
    "number_of_attention_heads",
    "epochs",
    "embedding_dimension",
    "number_of_negative_examples",
    "max_relative_position",
)
_RATES = ("drop_rate", "drop_rate_dialogue", "drop_rate_attention")
_CHOICES = {
    "batch_strategy": ("balanced", "sequence"),
    "loss_type": (CROSS_ENTROPY, MARGIN),
    "similarity_type": (AUTO, INNER, COSINE),
    "model_confidence": (SOFTMAX, AUTO),
    "tensorboard_log_level": ("epoch", "batch"),
}


def resolve_options(options: Mapping[str, Any], node: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """Check the merged options and replace ``auto`` and -1 by what they stand for, as ``meta.json`` holds them.

    Without end-to-end stories the options of text encoders, entity tagging and ``e2e_confidence_threshold`` have
    nothing to act on.

    Args:
        options: merged with the defaults.
        node: names the policy in messages.
        warn: called with each thing about the options that a person should know.

    Raises:
        DataError: a value that Rasa refuses or cannot train with.
        UnsupportedError: valid for Rasa, but rebake does not do it.
    """
    resolved = dict(options)
    _refuse_unsupported(resolved, node)
    if resolved["loss_type"] == MARGIN:
        resolved["model_confidence"] = AUTO
    _check_values(resolved, node)
    _check_network(resolved, node)
    _check_confidence(resolved, node)
    if resolved["similarity_type"] == AUTO:
        resolved["similarity_type"] = INNER if resolved["loss_type"] == CROSS_ENTROPY else COSINE
    _settle_evaluation(resolved, node, warn)
    return resolved


def resolve_intent_options(options: Mapping[str, Any], node: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """The same for UnexpecTEDIntentPolicy, which knows one loss and one similarity.

    Raises:
        DataError, UnsupportedError: as :func:`resolve_options`.
    """
    forced = {"similarity_type": INNER, "loss_type": CROSS_ENTROPY, "entity_recognition": False, "BILOU_flag": False}
    resolved = {**options, **forced}
    _refuse_unsupported(resolved, node)
    _check_values(resolved, node)
    _check_network(resolved, node)
    tolerance = resolved["tolerance"]
    _require(_is_number(tolerance) and 0 <= tolerance <= 1, node, "tolerance", tolerance, "between 0 and 1")
    ignored = resolved["ignore_intents_list"]
    _require(isinstance(ignored, list), node, "ignore_intents_list", ignored, "a list of intents")
    _settle_evaluation(resolved, node, warn)
    return resolved


def _settle_evaluation(resolved: dict[str, Any], node: str, warn: Callable[[str], None]) -> None:
    if resolved["evaluate_every_number_of_epochs"] == -1:
        resolved["evaluate_every_number_of_epochs"] = resolved["epochs"]
    held_out, every = resolved["evaluate_on_number_of_examples"], resolved["evaluate_every_number_of_epochs"]
    if held_out > 0 and every > resolved["epochs"]:
        warn(
            f"{node}: there is no evaluation, as evaluate_every_number_of_epochs ({every}) is more than epochs "
            f"({resolved['epochs']})."
        )
    if resolved["checkpoint_model"] and held_out <= 0:
        warn(
            f"{node}: checkpoint_model has no effect, as evaluate_on_number_of_examples is {held_out}: the last "
            "weights are kept."
        )
        resolved["checkpoint_model"] = False


def _refuse_unsupported(options: Mapping[str, Any], node: str) -> None:
    if options.get("featurizers"):
        raise UnsupportedError(
            f"{node}: the option featurizers leaves no features of slots, loops and entities to train on.",
            fix="Remove the option.",
        )


def _check_values(options: Mapping[str, Any], node: str) -> None:
    for name in _COUNTS:
        _require(_is_int(options[name]) and options[name] >= 1, node, name, options[name], "a positive whole number")
    for name in _RATES:
        _require(_is_number(options[name]) and 0 <= options[name] < 1, node, name, options[name], "at least 0, below 1")
    for name, choices in _CHOICES.items():
        choice = options.get(name, choices[0])
        _require(choice in choices, node, name, choice, " or ".join(choices))
    density = options["connection_density"]
    _require(_is_number(density) and 0 <= density <= 1, node, "connection_density", density, "between 0 and 1")
    _require(_is_batch_size(options["batch_size"]), node, "batch_size", options["batch_size"], "a size or two sizes")
    history = options.get("max_history")
    _require(history is None or (_is_int(history) and history >= 1), node, "max_history", history, "1 or more, or null")
    held_out = options["evaluate_on_number_of_examples"]
    _require(_is_int(held_out) and held_out >= 0, node, "evaluate_on_number_of_examples", held_out, "0 or more")
    ranking = options["ranking_length"]
    _require(_is_int(ranking) and ranking >= 0, node, "ranking_length", ranking, "0 or more")
    every = options["evaluate_every_number_of_epochs"]
    _require(
        _is_int(every) and (every == -1 or every >= 1), node, "evaluate_every_number_of_epochs", every, "-1 or more"
    )


def _check_network(options: Mapping[str, Any], node: str) -> None:
    layers, size = (_of_dialogue(options, name, node) for name in ("number_of_transformer_layers", "transformer_size"))
    _require(_is_int(layers) and layers >= 0, node, "number_of_transformer_layers", layers, "0 or more for dialogue")
    heads = options["number_of_attention_heads"]
    if layers:
        _require(_is_int(size) and size >= 1, node, "transformer_size", size, "a positive number for dialogue")
        _require(size % heads == 0, node, "transformer_size", size, f"a multiple of {heads} attention heads")
    dense = options["dense_dimension"]
    _require(isinstance(dense, Mapping), node, "dense_dimension", dense, "a mapping of attributes to sizes")


def _of_dialogue(options: Mapping[str, Any], name: str, node: str) -> Any:
    value = options[name]
    _require(isinstance(value, Mapping) and "dialogue" in value, node, name, value, "a mapping with the key dialogue")
    return value["dialogue"]


def _check_confidence(options: Mapping[str, Any], node: str) -> None:
    if options["model_confidence"] == SOFTMAX:
        similarity = options["similarity_type"]
        _require(similarity in (INNER, AUTO), node, "similarity_type", similarity, "inner with cross_entropy")
    elif options["renormalize_confidences"] and options["ranking_length"]:
        _require(False, node, "renormalize_confidences", True, "false unless model_confidence is softmax")


def _require(condition: bool, node: str, name: str, value: Any, expected: str) -> None:
    if not condition:
        raise DataError(f"{node}: {name} is {value!r}.", fix=f"It must be {expected}.")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_batch_size(value: Any) -> bool:
    sizes = value if isinstance(value, list | tuple) else [value]
    return (not isinstance(value, list | tuple) or len(value) == 2) and all(_is_int(s) and s >= 1 for s in sizes)
