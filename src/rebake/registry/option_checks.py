"""Whether the options of config.yml are of the kind that a component's defaults have, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.assistant.model import ComponentSpec
from rebake.assistant.reading import describe
from rebake.errors import DataError
from rebake.registry.component_type import ComponentType

_FRACTIONS = frozenset({"min_df", "drop_rate_attention", "timeout"})  # a whole number by default, but need not be one
_AT_LEAST_ONE = frozenset({"epochs", "embedding_dimension", "dense_dimension", "number_of_attention_heads"})
_AT_LEAST_ZERO = frozenset({"number_of_negative_examples"})
_SEEDS = frozenset({"random_seed", "random_state"})
_LISTS_OF_NAMES_OR_NULL = frozenset({"dimensions", "featurizers"})
_LARGEST_SEED = 2**32 - 1  # that numpy takes, and with it Rasa
_SHARES_OR_COUNTS = frozenset({"min_df", "max_df"})  # a number with a point is a share, without it a count
_TEXTS_OR_NULL = frozenset(
    {"alias", "OOV_token", "token_pattern", "prefix_separator_symbol", "retrieval_intent", "url", "locale", "timezone"}
)
_SHARES = frozenset({"drop_rate", "drop_rate_attention", "drop_rate_dialogue", "drop_rate_label", "connection_density"})
_MAY_BE_NULL = frozenset({"random_state", "transformer_size"})  # null: any, or none (of a transformer Rasa's default)


def check_options(spec: ComponentSpec, entry: ComponentType) -> None:
    """Refuse values of a wrong kind; options that the component does not know are not looked at.

    Raises:
        DataError: with the line of the component in config.yml.
    """
    for name, value in spec.options.items():
        default = entry.defaults.get(name)
        if name not in entry.defaults or (value is None and (default is None or name in _MAY_BE_NULL)):
            continue
        expected = _expected_instead_of_null(name, value) if default is None else _expected(name, value, default)
        if expected is not None:
            example = "" if default is None else f", such as {default}"
            raise DataError(
                f"The option {name} of {entry.name} is {describe(value)}.",
                location=spec.location,
                fix=f"It must be {expected}{example}.",
            )
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            _check_inner(spec, entry, name, value, default)


def _check_inner(
    spec: ComponentSpec, entry: ComponentType, name: str, value: Mapping[str, Any], default: Mapping[str, Any]
) -> None:
    for key, inner in value.items():
        if key not in default:
            raise DataError(
                f"The option {name} of {entry.name} has the unknown key {describe(key)}.",
                location=spec.location,
                fix=f"It may have {', '.join(default)}.",
            )
        expected = _expected(name, inner, default[key])
        if expected is not None:
            raise DataError(
                f"{key} in the option {name} of {entry.name} is {describe(inner)}.",
                location=spec.location,
                fix=f"It must be {expected}.",
            )


def _expected_instead_of_null(name: str, value: Any) -> str | None:
    """As :func:`_expected`, for options that are null by default; what they may be else, most components say."""
    if name in _TEXTS_OR_NULL:
        return None if isinstance(value, str) else "text"
    if name in _SEEDS:
        return _expected_of_seed(value)
    if name in _LISTS_OF_NAMES_OR_NULL:
        return None if _is_list_of_names(value) else "a list of names"
    if name == "max_features":
        return None if _is_whole(value) and value >= 0 else "a whole number of 0 or more"
    return None


def _expected(name: str, value: Any, default: Any) -> str | None:
    """What the value should be instead; None where it will do."""
    if name in _SEEDS:
        return _expected_of_seed(value)
    if isinstance(default, int | float) and not isinstance(default, bool):
        return _expected_number(name, value, default)
    fits, expected = True, ""
    if name == "split_entities_by_comma":
        fits, expected = isinstance(value, bool | Mapping), "true, false, or a mapping of entities to these"
    elif name == "batch_size":
        sizes = value if isinstance(value, list) and len(value) == 2 else [value]
        fits, expected = all(_is_size(size) for size in sizes), "a whole number, or a list of two"
    elif isinstance(default, bool):
        fits, expected = isinstance(value, bool), "true or false"
    elif name == "hidden_layers_sizes" and isinstance(default, list):
        fits, expected = isinstance(value, list) and all(map(_is_size, value)), "a list of whole numbers"
    elif name in _LISTS_OF_NAMES_OR_NULL:
        fits, expected = value is None or _is_list_of_names(value), "a list of names"
    elif isinstance(default, Mapping):
        fits, expected = isinstance(value, Mapping), "a mapping"
    elif isinstance(default, str):
        fits, expected = isinstance(value, str | None), "text"
    return None if fits else expected


def _expected_of_seed(value: Any) -> str | None:
    fits = _is_whole(value) and 0 <= value <= _LARGEST_SEED
    return None if fits else f"a whole number from 0 to {_LARGEST_SEED}"


def _expected_number(name: str, value: Any, default: float) -> str | None:
    if isinstance(default, int) and name not in _FRACTIONS:
        return _expected_whole(name, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "a number"
    if name in _SHARES_OR_COUNTS and (value < 0 or (isinstance(value, float) and value > 1)):
        return "a whole number of 0 or more, or a share between 0.0 and 1.0"
    if name in _SHARES and not 0 <= value <= 1:
        return "between 0 and 1"
    if name == "regularization_constant" and value < 0:
        return "0 or more"
    return None if value > 0 or name != "learning_rate" else "more than 0"


def _expected_whole(name: str, value: Any) -> str | None:
    if not _is_whole(value):
        return "a whole number"
    least = 1 if name in _AT_LEAST_ONE else 0
    is_bound = name in _AT_LEAST_ONE | _AT_LEAST_ZERO
    return f"{least} or more" if is_bound and value < least else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_size(value: Any) -> bool:
    return _is_whole(value) and value >= 1
