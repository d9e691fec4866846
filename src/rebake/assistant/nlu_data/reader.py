"""``nlu:`` of a data file -> examples, synonyms, regexes and lookup tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rebake.assistant.model import Example, LookupTable, NluData, RegexPattern, Synonym
from rebake.assistant.nlu_data.annotations import AnnotationError, parse_annotations
from rebake.assistant.yaml.values import YamlList, YamlMap, plain
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, DataErrors

_KINDS = ("intent", "synonym", "regex", "lookup")
_BLANKS = "\n\r "
_ANNOTATION_FIX = 'Write [text](entity) or [text]{"entity": "name", "role": "name", "value": "text"}.'


@dataclass
class NluFile:
    """What one file says; ``lookup_files`` are further files that were read for it."""

    examples: list[Example] = field(default_factory=list)
    synonyms: list[Synonym] = field(default_factory=list)
    regexes: list[RegexPattern] = field(default_factory=list)
    lookups: list[LookupTable] = field(default_factory=list)
    lookup_files: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def read_nlu(document: Document) -> NluFile:
    """Read the ``nlu:`` key of a file, which fits the schema.

    Raises:
        DataError: for all annotations and names of the file that cannot be read, each with its line.
    """
    return _NluReader(document).read()


class _NluReader:
    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.content: YamlMap = document.value
        self.result = NluFile()

    def notice(self, message: str, line: int, kind: NoticeKind) -> None:
        self.result.notices.append(Notice(message, Location(self.file, line), kind))

    def read(self) -> NluFile:
        items = self.content["nlu"]
        if items is None:
            self.notice("There is nothing under 'nlu'.", self.content.line_of("nlu"), NoticeKind.SKIPPED_DATA)
            return self.result
        errors = DataErrors()
        for line, item in items.numbered():
            with errors.collecting():
                self.item(item, line, errors)
        errors.finish()
        return self.result

    def item(self, item: YamlMap, line: int, errors: DataErrors) -> None:
        kind = next((kind for kind in _KINDS if kind in item), None)
        if kind is None:
            message = f"Skipped: this item is none of {', '.join(_KINDS)}."
            self.notice(message, line, NoticeKind.SKIPPED_DATA)
            return
        name = item[kind] or ""
        name = name.strip() if kind == "intent" else name
        if not name:
            self.notice(f"Skipped: the {kind} has no name.", item.line_of(kind), NoticeKind.SKIPPED_DATA)
            return
        if not item.get("examples"):
            self.notice(f"The {kind} '{name}' has no examples.", item.line_of("examples"), NoticeKind.NO_EXAMPLES)
            return
        if kind == "intent":
            self.intent(item, name, errors)
            return
        lines = list(self.lines(item, f"{kind} '{name}'"))
        if kind == "synonym":
            self.result.synonyms += [Synonym(text, name, place) for text, place in lines]
        elif kind == "regex":
            self.result.regexes += [RegexPattern(name, text, place) for text, place in lines]
        elif lines:
            self.lookup(name, [text for text, _ in lines], Location(self.file, item.line_of(kind)))

    def lookup(self, name: str, elements: list[str], place: Location) -> None:
        """One file's elements of one name make one table."""
        for index, table in enumerate(self.result.lookups):
            if table.name == name:
                self.result.lookups[index] = LookupTable(name, (*table.elements, *elements), table.location)
                return
        self.result.lookups.append(LookupTable(name, tuple(elements), place))

    def lines(self, item: YamlMap, owner: str) -> Iterator[tuple[str, Location]]:
        """Yield the ``- text`` lines of a block, each with its place."""
        block: str = item["examples"]
        for index, row in enumerate(block.split("\n")):
            for text in row.splitlines():
                place = Location(self.file, item.text_line("examples", index))
                if text.startswith("-"):
                    if stripped := text[1:].strip(_BLANKS):
                        yield stripped, place
                    else:
                        message = f"Skipped: an empty example of the {owner}."
                        self.result.notices.append(Notice(message, place, NoticeKind.SKIPPED_DATA))
                elif text.strip():
                    message = f"Skipped: an example of the {owner} does not start with '- '."
                    self.result.notices.append(Notice(message, place, NoticeKind.SKIPPED_DATA))

    def intent(self, item: YamlMap, intent: str, errors: DataErrors) -> None:
        check_intent(intent, Location(self.file, item.line_of("intent")))
        shared = plain(item.get("metadata"))
        if isinstance(item["examples"], YamlList):
            for text, place, metadata in self.listed(item["examples"], intent):
                with errors.collecting():
                    self.example(text, place, intent, shared, metadata)
            return
        for text, place in self.lines(item, f"intent '{intent}'"):
            with errors.collecting():
                self.example(text, place, intent, shared, None)

    def listed(self, examples: YamlList, intent: str) -> Iterator[tuple[str, Location, Any]]:
        """Examples of the form ``- text: ...`` with ``metadata: ...``."""
        for line, entry in examples.numbered():
            place = Location(self.file, entry.text_line("text"))
            if text := entry["text"].strip(_BLANKS):
                yield text, place, plain(entry.get("metadata"))
            else:
                self.notice(f"Skipped: an empty example of the intent '{intent}'.", line, NoticeKind.SKIPPED_DATA)

    def example(self, written: str, place: Location, intent: str, shared: Any, own: Any) -> None:
        try:
            annotated = parse_annotations(written)
        except AnnotationError as error:
            kind = NoticeKind.INVALID_ANNOTATION
            raise DataError(str(error), location=place, fix=_ANNOTATION_FIX, kind=kind) from None
        for remark in annotated.remarks:
            self.result.notices.append(Notice(f"Odd annotation: {remark}.", place, NoticeKind.ODD_ANNOTATION))
        metadata = {}
        if shared is not None:
            metadata["intent"] = shared
        if own is not None:
            metadata["example"] = own
        self.result.examples.append(Example(annotated.text, intent, annotated.spans, metadata or None, place))
        for span in annotated.spans:
            surface = annotated.text[span.start : span.end]
            if surface != span.value:
                self.result.synonyms.append(Synonym(surface, span.value, place))


def check_intent(intent: str | None, place: Location) -> None:
    """Raise DataError for a name with more than the one slash of a retrieval intent."""
    if intent is not None and intent.count("/") > 1:
        raise DataError(
            f"The intent '{intent}' has more than one '/'.", location=place, fix="Write intent/response key."
        )


def combine_nlu(files: Iterable[NluFile]) -> tuple[NluData, tuple[Notice, ...]]:
    """Combine all files' data in order, without exact duplicates; a notice names each duplicate example."""
    examples: dict[tuple[Any, ...], Example] = {}
    synonyms: dict[str, Synonym] = {}  # as Rasa's: the last value of a surface, at the place of the first
    regexes: list[RegexPattern] = []
    lookups: list[LookupTable] = []
    notices: list[Notice] = []
    for file in files:
        notices += file.notices
        for example in file.examples:
            key = (example.text, example.intent, example.entities, repr(example.metadata))
            if (first := examples.setdefault(key, example)) is not example:
                message = f"Left out: a duplicate of the example of '{example.intent}' at {first.location}."
                notices.append(Notice(message, example.location, NoticeKind.DUPLICATE_EXAMPLE, subject=example.text))
        for synonym in file.synonyms:
            known = synonyms.get(synonym.surface)
            if known is not None and known.value != synonym.value:
                message = (
                    f"'{synonym.surface}' now stands for '{synonym.value}'; at {known.location} it is '{known.value}'."
                )
                notices.append(Notice(message, synonym.location, NoticeKind.SYNONYM_CONFLICT, subject=synonym.surface))
            if known is None or known.value != synonym.value:
                synonyms[synonym.surface] = synonym
        regexes += file.regexes
        lookups += file.lookups
    data = NluData(tuple(examples.values()), tuple(synonyms.values()), tuple(regexes), tuple(lookups))
    return data, tuple(notices)
