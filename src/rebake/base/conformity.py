"""Whether a value is what the annotations of its class say: for dataclasses that were built from a file's content."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def conforms(value: object, hint: Any) -> bool:
    """Return whether a value, and all that is in it, is of the annotated type.

    Args:
        value: to look at.
        hint: a class, dataclasses field by field; a union, Literal, Mapping, or tuple. An int is a float, but no bool;
            what is infinite, not a number, or too large for a float is none.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(conforms(value, option) for option in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and _conforms_tuple(value, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(map(conforms, [*value, *value.values()], _hints(value, arguments)))
    return hint is Any or _conforms_class(value, hint)


def _hints(value: Mapping[Any, Any], arguments: tuple[Any, ...]) -> list[Any]:
    """The annotation of each key, then of each value."""
    return [arguments[0]] * len(value) + [arguments[1]] * len(value)


def _conforms_class(value: object, kind: Any) -> bool:
    if kind in (int, float):
        is_number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
        return is_number and (kind is int or _is_finite(value))
    if not isinstance(value, type(None) if kind is None else kind):
        return False
    return not is_dataclass(value) or all(conforms(getattr(value, name), of) for name, of in _fields(kind))


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _conforms_tuple(value: tuple[object, ...], arguments: tuple[Any, ...]) -> bool:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return all(conforms(inner, arguments[0]) for inner in value)
    return len(value) == len(arguments) and all(map(conforms, value, arguments))


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))
