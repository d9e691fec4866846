"""Exports of LUIS: ``luis_schema_version`` up to 7."""

from __future__ import annotations

from typing import Any

from rebake.assistant.model import RegexPattern
from rebake.assistant.nlu_data.json_formats.fields import JsonSource
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.yaml.values import YamlMap

MARK = "luis_schema_version"
_LATEST = 7  # that Rasa 3.6.21 was tried with
_MOST_DIGITS = 9  # of a version that is looked at; Python converts no more than 4,300
_NO_ROLE = "O"


def read_luis(content: YamlMap, file: str) -> NluFile:
    """Read utterances with entities (and their roles), and regexes. Raises DataError."""
    source = JsonSource(file)
    line = content.line_of(MARK)
    major = source.text(content, MARK, "the LUIS export", line).split(".")[0]
    if major.isdecimal() and (len(major) > _MOST_DIGITS or int(major) > _LATEST):
        source.notice(
            f"LUIS exports of version {major} may contain what is not read here; versions up to 7 are known.", line
        )
    for line, item in source.items(content, "utterances"):
        _example(source, item, line)
    for line, item in source.items(content, "regex_features"):
        if item.get("activated"):
            _regex(source, item, "pattern", line)
    for line, item in source.items(content, "regex_entities"):
        _regex(source, item, "regexPattern", line)
    return source.result


def _example(source: JsonSource, item: dict[str, Any], line: int) -> None:
    text = source.optional_text(item, "text", "an utterance", line) or ""
    spans = []
    for entity in source.listed(item, "entities", "an utterance", line):
        if not isinstance(entity, dict) or not isinstance(entity.get("endPos"), int):
            raise source.error(f"An entity in '{text}' has no endPos.", line, "Export the data again.")
        role = None if entity.get("role") == _NO_ROLE else entity.get("role")
        bounds = entity.get("startPos"), entity["endPos"] + 1  # LUIS counts up to the last character
        spans.append(source.span(text, {"entity": entity.get("entity"), "role": role}, bounds, line))
    source.example(text, source.optional_text(item, "intent", "an utterance", line), tuple(spans), line)


def _regex(source: JsonSource, item: dict[str, Any], key: str, line: int) -> None:
    name = source.text(item, "name", "a regex", line)
    source.result.regexes.append(
        RegexPattern(name, source.text(item, key, f"the regex '{name}'", line), source.at(line))
    )
