"""Options of a component or policy as values of one type each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from rebake.errors import RETRAIN, ModelError

Choice = TypeVar("Choice", bound=str)


class OptionReader:
    """Reads options that are known to be valid, or that come from a model's file.

    Options of config.yml are checked before they get here, with the line at fault. So an error here says that the file
    of a model is broken.

    Args:
        options: name -> value, defaults included.
        source: names the options in messages: ``ted_policy.meta.json`` or ``DIETClassifier3``.
    """

    def __init__(self, options: Mapping[str, Any], source: str) -> None:
        self.options = options
        self.source = source

    def whole(self, name: str, *, least: int | None = None) -> int:
        """Return a whole number. Raises ModelError for anything else, or if it is below ``least``."""
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
            raise self._bad(name, value, "a whole number" if least is None else f"a whole number of {least} or more")
        return value

    def number(self, name: str) -> float:
        """Return a number. Raises ModelError for anything else."""
        value = self._value(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._bad(name, value, "a number")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return True or False; Rasa takes 1 and 0 for them as well. Raises ModelError for anything else."""
        value = self._value(name)
        if not isinstance(value, int):
            raise self._bad(name, value, "true or false")
        return bool(value)

    def one_of(self, name: str, choices: tuple[Choice, ...]) -> Choice:
        """Return one of some words. Raises ModelError for anything else."""
        value = self._value(name)
        for choice in choices:
            if value == choice:
                return choice
        raise self._bad(name, value, " or ".join(choices))

    def sizes(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers. Raises ModelError for anything else."""
        value = self._value(name)
        if not isinstance(value, list | tuple) or not all(
            isinstance(size, int) and not isinstance(size, bool) for size in value
        ):
            raise self._bad(name, value, "a list of whole numbers")
        return tuple(value)

    def size_or_sizes(self, name: str) -> int | tuple[int, int]:
        """Return a whole number, or two. Raises ModelError for anything else."""
        if isinstance(self._value(name), int):
            return self.whole(name)
        sizes = self.sizes(name)
        if len(sizes) != 2:
            raise self._bad(name, list(sizes), "a whole number or two")
        return sizes[0], sizes[1]

    def text_or_none(self, name: str) -> str | None:
        """Return a text; None where it is empty or null. Raises ModelError for anything else."""
        value = self._value(name) or None
        if value is not None and not isinstance(value, str):
            raise self._bad(name, value, "a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty where the option is null. Raises ModelError for anything else."""
        value = self._value(name) or ()
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise self._bad(name, value, "a list of texts")
        return tuple(value)

    def of(self, name: str) -> OptionReader:
        """Return the options that the option ``name`` maps attributes to. Raises ModelError if it is no mapping."""
        value = self._value(name)
        if not isinstance(value, Mapping):
            raise self._bad(name, value, "a mapping")
        return OptionReader(value, f"{name} in {self.source}")

    def is_set(self, name: str) -> bool:
        """Return whether the option is there and neither null nor 0 nor empty."""
        return bool(self.options.get(name))

    def is_null(self, name: str) -> bool:
        """Return whether the option is null. Raises ModelError if it is not there."""
        return self._value(name) is None

    def error(self, what: str) -> ModelError:
        """Return the error to raise where options do not go together."""
        return ModelError(f"In {self.source}, {what}.", fix=RETRAIN)

    def _value(self, name: str) -> object:
        if name not in self.options:
            raise ModelError(f"The option {name} is missing in {self.source}.", fix=RETRAIN)
        return self.options[name]

    def _bad(self, name: str, value: object, expected: str) -> ModelError:
        return ModelError(f"The option {name} in {self.source} is {value!r}, not {expected}.", fix=RETRAIN)
