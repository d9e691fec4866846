"""Exports of Dialogflow: a file per intent or entity, and beside each a file of what is said in one language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rebake.assistant.model import EntitySpan, LookupTable, RegexPattern, Synonym
from rebake.assistant.nlu_data.json_formats.fields import JsonSource
from rebake.assistant.nlu_data.json_formats.positions import parse_json
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.yaml.values import YamlMap
from rebake.assistant.yaml.yaml12 import read_text

INTENT_MARK = "responses"
ENTITY_MARK = "isEnum"
AGENT_MARK = "supportedLanguages"
EXAMPLE_FILES = ("_usersays_", "_entries_")
_NOT_AN_ENTITY = "@sys.ignore"


def read_dialogflow_intent(content: YamlMap, file: str, language: str) -> NluFile:
    """Read the examples of an intent, of ``<file>_usersays_<language>.json``. Raises DataError."""
    source, examples = _beside(file, "usersays", language)
    if examples is None:
        return source.result
    name = JsonSource(file).optional_text(content, "name", "the intent", content.line)
    for line, item in source.objects(examples, "the file", 1):
        text, spans = "", []
        for chunk in source.listed(item, "data", "an example", line):
            written = source.text(chunk, "text", "a part of an example", line) if isinstance(chunk, dict) else ""
            entity = chunk.get("alias", chunk.get("meta")) if isinstance(chunk, dict) else None
            if entity is not None and entity != _NOT_AN_ENTITY and written:
                spans.append(EntitySpan(len(text), len(text) + len(written), str(entity), written))
            text += written
        source.example(text, name, tuple(spans), line)
    return source.result


def read_dialogflow_entity(content: YamlMap, file: str, language: str) -> NluFile:
    """Read the synonyms of an entity, of ``<file>_entries_<language>.json``: also its lookup table, or its regexes.

    Raises DataError.
    """
    source, entries = _beside(file, "entries", language)
    if entries is None:
        return source.result
    name = JsonSource(file).text(content, "name", "the entity", content.line)
    elements: list[str] = []
    for line, item in source.objects(entries, "the file", 1):
        surfaces: Any = item.get("synonyms") or []
        if not isinstance(surfaces, list) or not all(isinstance(surface, str) for surface in surfaces):
            raise source.error(f"The synonyms of an entry of '{name}' are not texts.", line, "Export the data again.")
        if "value" in item:
            value = str(item["value"])
            source.result.synonyms += [Synonym(surface, value, source.at(line)) for surface in surfaces]
        if content.get("isRegexp"):
            source.result.regexes += [RegexPattern(name, surface, source.at(line)) for surface in surfaces]
        else:
            elements += [surface for surface in surfaces if "@" not in surface]
    if elements:
        source.result.lookups.append(LookupTable(name, tuple(elements), source.at(1)))
    return source.result


def _beside(file: str, kind: str, language: str) -> tuple[JsonSource, Any]:
    """The file of examples that belongs to ``file``, and its content; None, and a notice, where there is none."""
    path = file.replace(".json", f"_{kind}_{language}.json")
    if not Path(path).is_file():
        source = JsonSource(file)
        source.notice(f"Skipped: Dialogflow's '{Path(path).name}' is not next to this file.", 1)
        return source, None
    return JsonSource(path), parse_json(read_text(path), path)
