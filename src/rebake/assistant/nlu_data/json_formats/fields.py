"""What the readers of JSON training data share: typed fields of an item, with errors at the item's line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.model import EntitySpan, Example
from rebake.assistant.nlu_data.reader import NluFile, check_intent
from rebake.assistant.reading import describe
from rebake.assistant.yaml.values import YamlList, YamlMap
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError


class JsonSource:
    """One file, and what was read of it so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.result = NluFile()

    def at(self, line: int) -> Location:
        return Location(self.file, line)

    def error(self, message: str, line: int, fix: str) -> DataError:
        return DataError(message, location=self.at(line), fix=fix)

    def notice(self, message: str, line: int, kind: NoticeKind | None = None) -> None:
        self.result.notices.append(Notice(message, self.at(line), kind))

    def items(self, content: YamlMap, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line, object) of each item of a list of objects; none where the key is missing. Raises DataError."""
        if key not in content:
            return
        yield from self.objects(content[key], f"'{key}'", content.line_of(key))

    def objects(self, items: Any, what: str, line: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line, object) of each item. Raises DataError."""
        if not isinstance(items, YamlList):
            raise self.error(f"{what} is {describe(items)}.", line, "It must be a list of objects: [{...}, {...}].")
        for item_line, item in items.numbered():
            if not isinstance(item, dict):
                raise self.error(f"An item of {what} is {describe(item)}.", item_line, "It must be an object: {...}.")
            yield item_line, item

    def text(self, item: Mapping[str, Any], key: str, owner: str, line: int) -> str:
        """Return a field that must be there. Raises DataError."""
        value = item.get(key)
        if not isinstance(value, str):
            found = "is missing" if key not in item else f"is {describe(value)}"
            raise self.error(f'"{key}" of {owner} {found}.', line, f'Give it a "{key}" in quotes.')
        return value

    def listed(self, item: Mapping[str, Any], key: str, owner: str, line: int) -> list[Any]:
        """Return a field that is a list; empty where it is missing or null. Raises DataError."""
        value = item.get(key)
        if value is not None and not isinstance(value, list):
            raise self.error(f'"{key}" of {owner} is {describe(value)}.', line, "It must be a list: [...].")
        return value or []

    def optional_text(self, item: Mapping[str, Any], key: str, owner: str, line: int) -> str | None:
        """Return a field that may be missing, null or empty: None then. Raises DataError."""
        return self.text(item, key, owner, line) or None if item.get(key) is not None else None

    def example(
        self, text: str, intent: str | None, spans: tuple[EntitySpan, ...], line: int, metadata: Any = None
    ) -> None:
        """Keep one example; one without a text is left out, as everywhere."""
        intent = (intent or "").strip() or None
        check_intent(intent, self.at(line))
        if not text.strip():
            message = f"Skipped: an empty example{f' of the intent {intent!r}' if intent else ''}."
            self.notice(message, line, NoticeKind.SKIPPED_DATA)
            return
        self.result.examples.append(Example(text, intent, spans, metadata, self.at(line)))

    def span(
        self, text: str, item: Mapping[str, Any], bounds: tuple[Any, Any], line: int, *, value: Any = None
    ) -> EntitySpan:
        """An entity at ``bounds`` (end exclusive) of the text; without a value it stands for itself. Raises DataError.

        Rasa takes the word "None" for a missing value, so that each of these entities is found with that value; here it
        stands for itself.
        """
        start, end = bounds
        owner = f"an entity in '{text}'"
        entity = self.text(item, "entity", owner, line)
        fix = "Count in characters from 0; the end is that of the character after the entity."
        if not (_is_whole(start) and _is_whole(end)):
            raise self.error(f"{owner[0].upper()}{owner[1:]} has no whole numbers as start and end.", line, fix)
        if not 0 <= start < min(end, len(text)):
            raise self.error(f"The entity '{entity}' from {start} to {end} covers nothing of '{text}'.", line, fix)
        if end > len(text):
            message = f"The entity '{entity}' from {start} to {end} goes beyond the end of '{text}'."
            self.notice(message, line, NoticeKind.ODD_ANNOTATION)
            end = len(text)
        if value is None:
            value = text[start:end]
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.error(f'"value" of {owner} is {describe(value)}.', line, "Put it in quotes.")
        role, group = (self.optional_text(item, key, owner, line) for key in ("role", "group"))
        return EntitySpan(start, end, entity, str(value), role, group)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
