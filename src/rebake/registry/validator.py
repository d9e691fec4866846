"""Whether the options of config.yml are what a component or policy takes, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rebake.assistant.model import ComponentSpec
from rebake.errors import DataError, UnsupportedError
from rebake.registry.entry import Constraint, Entry
from rebake.registry.options import Flag


def check_options(spec: ComponentSpec, entry: Entry) -> None:
    """Refuse values that cannot be trained with; options that are unknown or without effect are not looked at.

    Raises:
        DataError: a value of a wrong kind, or options that exclude each other, with the option's line in config.yml.
        UnsupportedError: what Rasa takes and rebake does not.
    """
    for name, value in spec.options.items():
        option = entry.options.get(name)
        problem = None if option is None else option.problem(value)
        if option is not None and problem is not None and entry.is_on(option.acts, spec.options):
            inner = [key for key in problem.path if isinstance(key, str)]
            what = f"{'.'.join(inner)} in the option" if _is_inside(problem.message, inner) else "The option"
            error = UnsupportedError if problem.is_unsupported else DataError
            raise error(
                f"{what} {name} of {entry.name} {problem.message}",
                location=spec.place(name, *problem.path),
                fix=problem.fix,
            )
    merged = entry.merged(spec.options)
    for constraint in entry.constraints:
        if constraint.is_broken(merged):
            raise _broken(constraint, spec, entry, merged)


def check_stored_options(spec: ComponentSpec, entry: Entry) -> None:
    """The same for the options of a model: Rasa, which checks few of them, takes 1 and 0 for true and false.

    Raises:
        DataError, UnsupportedError: as :func:`check_options`.
    """
    options = {
        name: bool(value) if isinstance(entry.options.get(name), Flag) and value in (0, 1) else value
        for name, value in spec.options.items()
    }
    check_options(replace(spec, options=options), entry)


def _is_inside(message: str, inner: list[str]) -> bool:
    """Whether the message is about the value of an inner key and not about the option as a whole."""
    return bool(inner) and message.startswith("is ")


def _broken(constraint: Constraint, spec: ComponentSpec, entry: Entry, merged: Mapping[str, Any]) -> DataError:
    written = next((name for name in constraint.options if name in spec.options), None)
    error = UnsupportedError if constraint.is_unsupported else DataError
    return error(
        f"{entry.name}: {constraint.message.format(**merged)}",
        location=spec.location if written is None else spec.place(written),
        fix=constraint.fix,
    )
