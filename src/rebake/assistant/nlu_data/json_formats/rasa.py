"""Rasa's own JSON format: ``rasa_nlu_data`` with examples, synonyms, regexes and lookup tables."""

from __future__ import annotations

from typing import Any

from rebake.assistant.model import LookupTable, RegexPattern, Synonym
from rebake.assistant.nlu_data.json_formats.fields import JsonSource
from rebake.assistant.nlu_data.json_formats.lookups import read_lookup_file
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.reading import describe, did_you_mean
from rebake.assistant.yaml.values import YamlMap
from rebake.base.notice_kinds import NoticeKind

MARK = "rasa_nlu_data"
_SECTIONS = ("common_examples", "entity_synonyms", "regex_features", "lookup_tables")
_UNREAD_SECTIONS = ("intent_examples", "entity_examples")  # of the oldest releases; Rasa passes over them in silence
_FIELDS = ("text", "intent", "entities", "metadata", "intent_metadata", "example_metadata")


def read_rasa_json(content: YamlMap, file: str) -> NluFile:
    """Read a file with ``rasa_nlu_data``. Raises DataError, and StorageError for a missing lookup file."""
    return _RasaJsonReader(content, file).read()


class _RasaJsonReader(JsonSource):
    def __init__(self, content: YamlMap, file: str) -> None:
        super().__init__(file)
        self.content = content

    def read(self) -> NluFile:
        for key in self.content:
            if key != MARK:
                raise self.error(
                    f"The file has '{key}' beside '{MARK}'; Rasa refuses it.",
                    self.content.line_of(key),
                    "Remove it, or move it to a separate file.",
                )
        data = self.content[MARK]
        if not isinstance(data, YamlMap):
            line = self.content.line_of(MARK)
            raise self.error(f"'{MARK}' is {describe(data)}.", line, "It must be an object.")
        for key, line in data.key_lines.items():
            if key in _UNREAD_SECTIONS and data[key]:
                self.notice(f"'{key}' is not read; its examples belong under 'common_examples'.", line)
            elif key not in (*_SECTIONS, *_UNREAD_SECTIONS):
                self.notice(f"Unknown key '{key}' in '{MARK}'.{did_you_mean(key, _SECTIONS)}", line)
        for line, item in self.items(data, "common_examples"):
            self.common_example(item, line)
        for line, item in self.items(data, "entity_synonyms"):
            self.synonyms(item, line)
        for line, item in self.items(data, "regex_features"):
            name = self.text(item, "name", "a regex", line)
            self.result.regexes.append(
                RegexPattern(name, self.text(item, "pattern", f"the regex '{name}'", line), self.at(line))
            )
        for line, item in self.items(data, "lookup_tables"):
            self.lookup(item, line)
        return self.result

    def common_example(self, item: dict[str, Any], line: int) -> None:
        text = self.text(item, "text", "an example", line) if "text" in item else ""
        owner = f"the example '{text}'"
        entities = item.get("entities") or []
        if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
            raise self.error(f'"entities" of {owner} is not a list of objects.', line, 'Write "entities": [{...}].')
        spans = tuple(
            self.span(text, entity, (entity.get("start"), entity.get("end")), line, value=entity.get("value"))
            for entity in entities
        )
        if unknown := [key for key in item if key not in _FIELDS]:
            self.notice(f"Not read of an example: {', '.join(map(repr, unknown))}.", line, NoticeKind.UNKNOWN_KEY)
        self.example(text, self.optional_text(item, "intent", owner, line), spans, line, _metadata(item))

    def synonyms(self, item: dict[str, Any], line: int) -> None:
        value, surfaces = item.get("value"), item.get("synonyms")
        if value is None or surfaces is None:
            self.notice('Skipped: a synonym without "value" and "synonyms".', line, NoticeKind.SKIPPED_DATA)
            return
        if not isinstance(value, str | int | float) or not _are_texts(surfaces):
            raise self.error(
                f'"synonyms" of {describe(value)} is not a list of texts.',
                line,
                'Write "synonyms": ["first", "second"].',
            )
        self.result.synonyms += [Synonym(surface, str(value), self.at(line)) for surface in surfaces]

    def lookup(self, item: dict[str, Any], line: int) -> None:
        """The elements themselves, or the path of a file with one per line."""
        name = self.text(item, "name", "a lookup table", line)
        elements = item.get("elements")
        if isinstance(elements, str):
            path, elements = elements, read_lookup_file(elements, self.at(line))
            self.result.lookup_files.append(path)
        elif not _are_texts(elements):
            raise self.error(
                f"\"elements\" of the lookup table '{name}' is {describe(elements)}.",
                line,
                "It must be a list of texts, or the path of a file that has one per line.",
            )
        if elements:
            self.result.lookups.append(LookupTable(name, tuple(elements), self.at(line)))
        else:
            self.notice(f"The lookup '{name}' has no elements.", line, NoticeKind.NO_EXAMPLES)


def _metadata(item: dict[str, Any]) -> Any:
    """As Rasa keeps it: "metadata" as it is, or made of the two that its API knows."""
    if item.get("metadata") is not None:
        return item["metadata"]
    found = {kind: item[f"{kind}_metadata"] for kind in ("intent", "example") if item.get(f"{kind}_metadata")}
    return found or None


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
