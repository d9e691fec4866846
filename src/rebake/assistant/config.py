"""config.yml -> Config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rebake.assistant import default_config as defaults
from rebake.assistant.imports import read_importers
from rebake.assistant.model import ComponentSpec, Config
from rebake.assistant.reading import FileSource, check_version, content_of, describe, did_you_mean
from rebake.assistant.schemas.config import CONFIG
from rebake.assistant.schemas.kinds import check
from rebake.assistant.yaml.values import YamlList, YamlMap, plain
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, UnsupportedError

RECIPE = "default.v1"
PLACEHOLDER_ID = "placeholder_default"  # what `rasa init` writes
_KEYS = ("recipe", "language", "assistant_id", "pipeline", "policies", "importers", "imports", "version", "spaces")


def default_config(location: Location) -> Config:
    """Return the configuration of a project without config.yml: Rasa's defaults."""
    pipeline, policies = _default_specs(defaults.PIPELINE, location), _default_specs(defaults.POLICIES, location)
    return Config(RECIPE, None, None, pipeline, policies, True, True, location)


def _default_specs(entries: tuple[tuple[str, Mapping[str, Any]], ...], place: Location) -> tuple[ComponentSpec, ...]:
    return tuple(ComponentSpec(name, dict(options), place) for name, options in entries)


def read_config(document: Document) -> tuple[Config, tuple[Notice, ...]]:
    """Read config.yml.

    Missing or null ``pipeline:``/``policies:`` mean Rasa's defaults; an empty list means that there is none, so that
    the part is not trained. Raises DataError, or UnsupportedError for another recipe or a custom importer.
    """
    if document.value is None:
        raise DataError(
            "The configuration is empty.",
            location=document.at(1),
            fix="Write at least `language:` and `pipeline:`; a pipeline or policies left empty are Rasa's defaults.",
        )
    content = content_of(document, "A configuration", "Start it with 'recipe: default.v1'.")
    check_version(document)
    check(CONFIG, content, FileSource(document.file), "The configuration")
    _refuse_unsupported(document, content)
    notices = [
        Notice(
            f"Unknown key '{key}' in the configuration.{did_you_mean(str(key), _KEYS)}",
            document.at(line),
            NoticeKind.UNKNOWN_KEY,
            subject=str(key),
        )
        for key, line in content.key_lines.items()
        if key not in _KEYS
    ]
    if content.get("imports") and not any(read_importers(document, content)):
        message = "'imports' has no effect: Rasa reads it if MultiProjectImporter is under 'importers'."
        notices.append(Notice(message, document.at(content.line_of("imports")), NoticeKind.UNKNOWN_KEY))
    assistant_id = content.get("assistant_id")
    if assistant_id in (None, PLACEHOLDER_ID):
        place = document.at(content.line_of("assistant_id"))
        message = "The configuration has no 'assistant_id'. Set one that is unique."
        notices.append(Notice(message, place, NoticeKind.MISSING_KEY, subject="assistant_id"))
    if "language" not in content:
        message = "The configuration has no 'language'. Write the code of the assistant's language, such as en."
        notices.append(Notice(message, document.at(content.line), NoticeKind.MISSING_KEY, subject="language"))
    pipeline, pipeline_is_default = _components(document, content, "pipeline", defaults.PIPELINE)
    policies, policies_is_default = _components(document, content, "policies", defaults.POLICIES)
    return Config(
        recipe=RECIPE,
        language=content.get("language"),
        assistant_id=assistant_id,
        pipeline=pipeline,
        policies=policies,
        pipeline_is_default=pipeline_is_default,
        policies_is_default=policies_is_default,
        location=document.at(content.line),
    ), tuple(notices)


def _refuse_unsupported(document: Document, content: YamlMap) -> None:
    recipe = content.get("recipe")
    if recipe not in (None, RECIPE):
        raise UnsupportedError(
            f"The recipe is {describe(recipe)}; rebake reads '{RECIPE}' alone.",
            location=document.at(content.line_of("recipe")),
            fix=f"Write 'recipe: {RECIPE}' and list the components under 'pipeline:' and 'policies:'.",
        )
    read_importers(document, content)


def _components(
    document: Document, content: YamlMap, key: str, default: tuple[tuple[str, Mapping[str, Any]], ...]
) -> tuple[tuple[ComponentSpec, ...], bool]:
    entries = content.get(key)
    place = document.at(content.line_of(key))
    if entries is None:
        return _default_specs(default, place), True
    specs = []
    for line, entry in entries.numbered():
        options = {k: plain(v) for k, v in entry.items() if k != "name"}
        places = {path: document.at(at) for path, at in _lines(entry)}
        specs.append(ComponentSpec(entry["name"], options, document.at(line), places))
    return tuple(specs), False


def _lines(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """The line of everything below a value, by the keys and positions that lead there."""
    inner: Iterable[tuple[Any, int, Any]] = ()
    if isinstance(value, YamlMap):
        inner = ((key, value.line_of(key), item) for key, item in value.items())
    elif isinstance(value, YamlList):
        inner = ((place, line, item) for place, (line, item) in enumerate(value.numbered()))
    for key, line, item in inner:
        yield (*path, key), line
        yield from _lines(item, (*path, key))
