"""What the readers of all kinds of files share: locations, types of values, the version key, close matches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from rebake.assistant.yaml.values import YamlList, YamlMap
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location
from rebake.errors import DataError

LATEST_VERSION = (3, 1)  # of training data and domain files, in Rasa 3.6.21
OLDEST_VERSION = (2, 0)

_KINDS: dict[type, str] = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}


class FileSource:
    """Locates the values of a file; without a file (a domain from an archive) there are none."""

    def __init__(self, file: str | None) -> None:
        self.file = file

    def at(self, container: Any, key: Any = None) -> Location | None:
        """Return the line of a mapping's key or of a list's item; of the container itself without a key."""
        if self.file is None or not isinstance(container, YamlMap | YamlList):
            return None
        return Location(self.file, container.line if key is None else container.line_of(key))

    def below(self, content: Any, path: Sequence[Any]) -> Location | None:
        """Return the line of the value that keys and positions lead to; of what contains it where it is not there."""
        container: Any = content
        for key in path[:-1]:
            container = container[key]
        return self.at(container, *path[-1:])

    def error(self, message: str, container: Any, key: Any = None, fix: str | None = None) -> DataError:
        return DataError(message, location=self.at(container, key), fix=fix)

    def mapping(self, owner: Mapping[Any, Any], key: str) -> Mapping[str, Any]:
        """Read ``owner[key]`` as a mapping with text keys; empty where it is missing or null."""
        value = owner.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.error(
                f"'{key}' must be a mapping, not {describe(value)}.", owner, key, "Write 'name:' below it."
            )
        for name in value:
            if not isinstance(name, str):
                raise self.error(f"The name '{name}' under '{key}' is {describe(name)}.", value, name, "Quote it.")
        return value

    def sequence(self, owner: Mapping[Any, Any], key: str) -> list[Any]:
        """Read ``owner[key]`` as a list; empty where it is missing or null."""
        value = owner.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(
                f"'{key}' must be a list, not {describe(value)}.", owner, key, "Start each item with '- '."
            )
        return value

    def names(self, owner: Mapping[Any, Any], key: str) -> tuple[str, ...]:
        """Read ``owner[key]`` as a list of texts; a single text is a list of one."""
        value = owner.get(key)
        if isinstance(value, str):
            return (value,)
        items = self.sequence(owner, key)
        for item in items:
            if not isinstance(item, str):
                raise self.error(
                    f"'{key}' must list names, but contains {describe(item)}.", owner, key, "Quote the name."
                )
        return tuple(items)


def describe(value: Any) -> str:
    """Describe a value's kind in words, with the value where it is short."""
    if value is None:
        return "empty"
    kind = _KINDS.get(dict if isinstance(value, dict) else list if isinstance(value, list) else type(value), "a number")
    if isinstance(value, dict | list):
        return kind
    shown = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"{kind} ({shown if len(shown) < 60 else shown[:57] + '...'})"


def allow_variable(value: object) -> str | None:
    """Return the fix for a ``${NAME}`` of the environment that is kept as written; None for any other value."""
    found = re.search(r"\$\{([^}]+)\}", value) if isinstance(value, str) else None
    return None if found is None else f"Allow the variable with --env {found[1]}, or write the value."


def content_of(document: Document, name: str, fix: str) -> YamlMap:
    """Return what a file says, which must be a mapping. Raises DataError with the ``name`` of such files."""
    content = document.value
    if not isinstance(content, YamlMap):
        place = document.at(getattr(content, "line", 1))
        raise DataError(f"{name} must be a mapping, not {describe(content)}.", location=place, fix=fix)
    return content


def check_version(document: Document) -> None:
    """Refuse a ``version:`` that Rasa 3.6.21 does not read.

    Rasa skips files of a newer version with a warning, so their content would silently be missing from the model; here
    it is an error.
    """
    content = document.value
    if not isinstance(content, YamlMap) or "version" not in content:
        return
    version = content["version"]
    place = document.at(content.line_of("version"))
    fix = 'Write version: "3.1".'
    if not isinstance(version, str):
        raise DataError(f"'version' must be text, not {describe(version)}.", location=place, fix=fix)
    number = format_version(version)
    if number is None:
        raise DataError(f"'version' is '{version}', which is not a version number.", location=place, fix=fix)
    if number > LATEST_VERSION:
        raise DataError(f"The format version '{version}' is newer than 3.1, the last one.", location=place, fix=fix)
    if number < OLDEST_VERSION:
        raise DataError(f"The format version '{version}' is older than 2.0, the first one.", location=place, fix=fix)


def format_version(version: object) -> tuple[int, int] | None:
    """Return the number of a ``version:``; None for what is no version, or none at all."""
    text = str(version).strip("\"' ") if isinstance(version, str | int | float) else ""
    match = re.fullmatch(r"(\d{1,6})(?:\.(\d{1,6}))?(?:\.\d{1,6})?", text, re.ASCII)
    return (int(match[1]), int(match[2] or 0)) if match else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean 'x'?' where a known name is close; else nothing."""
    matches = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f" Did you mean '{matches[0]}'?" if matches else ""
