"""Entities written into an example's text: ``[text](entity)``, ``[text](entity:value)``, ``[text]{"entity": ...}`` and
``[text][{...}, {...}]``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from rebake.assistant.model import EntitySpan

_ANNOTATION = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<many>.*?)\])"
)
_OBJECT = re.compile(r"\{([^}]+?)\}")
_LEFTOVER = re.compile(r"\]\s?[({]|\]\[")
_KEYS = ("entity", "role", "group", "value")


class AnnotationError(ValueError):
    """An annotation that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """The text without annotations, its entities, and remarks on what looks odd."""

    text: str
    spans: tuple[EntitySpan, ...] = ()
    remarks: tuple[str, ...] = ()


def parse_annotations(text: str) -> AnnotatedText:
    """Take the annotations out of a text. Offsets are in characters of the resulting text. Raises AnnotationError."""
    if "]" not in text:
        return AnnotatedText(text)
    spans: list[EntitySpan] = []
    remarks: list[str] = []
    pieces: list[str] = []
    length = end = 0  # of the text so far; of the last annotation
    for match in _ANNOTATION.finditer(text):
        before = text[end : match.start()]
        surface = match["text"]
        start = length + len(before)
        length = start + len(surface)
        pieces += [before, surface]
        end = match.end()
        found = _spans_of(match, start)
        if not found:
            remarks.append(f"'{match[0]}' contains no entity")
        if len({span.entity for span in found}) > 1:
            remarks.append(f"'{surface}' is annotated as several entities, of which DIETClassifier learns one")
        if surface != surface.strip():
            remarks.append(f"the entity '{surface}' begins or ends with a blank")
        spans += found
    pieces.append(text[end:])
    result = "".join(pieces)
    if _LEFTOVER.search(result):
        remarks.append("brackets that look like an annotation stay in the text")
    return AnnotatedText(result, tuple(spans), tuple(remarks))


def _spans_of(match: re.Match[str], start: int) -> list[EntitySpan]:
    surface = match["text"]
    stop = start + len(surface)
    if match["entity"] is not None:
        return [EntitySpan(start, stop, match["entity"], match["value"] or surface)]
    if match["one"] is not None:
        return [_from_json(match["one"], surface, start, stop)]
    return [_from_json(inner[1], surface, start, stop) for inner in _OBJECT.finditer(match["many"])]


def _from_json(body: str, surface: str, start: int, stop: int) -> EntitySpan:
    shown = f"{{{body}}}"
    try:
        attributes: dict[str, Any] = json.loads(shown)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"The annotation {shown} of '{surface}' is not valid JSON: {error}.") from None
    if not attributes.get("entity"):
        raise AnnotationError(f"The annotation {shown} of '{surface}' names no \"entity\".")
    value = attributes.get("value", surface)
    if isinstance(value, int | float) and not isinstance(value, bool):
        attributes["value"] = value = str(value)
    for key in _KEYS:
        if key in attributes and not isinstance(attributes[key], str):
            raise AnnotationError(f"In the annotation {shown} of '{surface}', \"{key}\" must be text in quotes.")
        if any("\ud800" <= character <= "\udfff" for character in attributes.get(key) or ""):
            raise AnnotationError(f"In the annotation {shown} of '{surface}', \"{key}\" has half of a character.")
    return EntitySpan(
        start,
        stop,
        attributes["entity"],
        value,
        attributes.get("role"),
        attributes.get("group"),
    )
