"""Exports of wit.ai: ``utterances`` whose entities are named ``name:role``."""

from __future__ import annotations

from typing import Any

from rebake.assistant.nlu_data.json_formats.fields import JsonSource
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.yaml.values import YamlMap
from rebake.base.notice_kinds import NoticeKind

MARK = "utterances"
_NO_INTENT = "out_of_scope"  # wit omits the intent of these utterances


def read_wit(content: YamlMap, file: str) -> NluFile:
    """Read utterances with their entities; one without a list of entities is left out, as in Rasa. Raises DataError."""
    source = JsonSource(file)
    for line, item in source.items(content, MARK):
        text = source.optional_text(item, "text", "an utterance", line) or ""
        if item.get("entities") is None:
            message = f"Skipped: the utterance '{text}' has no list of entities."
            source.notice(message, line, NoticeKind.SKIPPED_DATA)
            continue
        intent = source.optional_text(item, "intent", "an utterance", line) if "intent" in item else _NO_INTENT
        spans = tuple(
            _span(source, text, entity, line) for entity in source.listed(item, "entities", "an utterance", line)
        )
        source.example(text, intent, spans, line)
    return source.result


def _span(source: JsonSource, text: str, entity: Any, line: int) -> Any:
    if not isinstance(entity, dict):
        raise source.error(f"An entity in '{text}' is not an object.", line, "Export the data again.")
    bounds = entity.get("start"), entity.get("end")
    name, colon, role = source.text(entity, "entity", f"an entity in '{text}'", line).rpartition(":")
    if not colon:  # not annotated by wit.ai itself
        return source.span(text, entity, bounds, line, value=entity.get("value"))
    named = {"entity": name, "role": role, "group": entity.get("group")}
    return source.span(text, named, bounds, line, value=entity.get("body"))
