"""``stories:`` and ``rules:`` of a data file -> Story values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    LoopStep,
    OrStep,
    SlotStep,
    Step,
    Story,
    StoryEntity,
    UserStep,
)
from rebake.assistant.nlu_data.annotations import AnnotationError, parse_annotations
from rebake.assistant.yaml.values import YamlMap, plain
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, DataErrors

STEP_KEYS = ("intent", "user", "or", "action", "bot", "checkpoint", "slot_was_set", "active_loop")


@dataclass
class StoryFile:
    """What one file says: stories and rules in file order, stories first (as Rasa reads them)."""

    stories: list[Story] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def is_test_file(path: str) -> bool:
    """Return whether a file contains test stories: its name starts with ``test_``. They are never trained on."""
    return PurePath(path).name.startswith("test_")


def read_stories(document: Document) -> StoryFile:
    """Read the keys ``stories:`` and ``rules:`` of a file, which fit the schema.

    Raises:
        DataError: for all that is wrong with texts and names of the file, each with its line.
    """
    reader = _StoryReader(document)
    for key, title in (("stories", "story"), ("rules", "rule")):
        if key in document.value:
            reader.items(document.value, key, title)
    reader.errors.finish()
    return reader.result


class _StoryReader:
    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.is_test = is_test_file(document.file)
        self.result = StoryFile()
        self.errors = DataErrors()

    def error(self, message: str, line: int, fix: str) -> DataError:
        return DataError(message, location=Location(self.file, line), fix=fix)

    def notice(self, message: str, line: int, kind: NoticeKind) -> None:
        self.result.notices.append(Notice(message, Location(self.file, line), kind))

    def items(self, content: YamlMap, key: str, title: str) -> None:
        if content[key] is None:
            self.notice(f"There is nothing under '{key}'.", content.line_of(key), NoticeKind.SKIPPED_DATA)
            return
        for item in content[key]:
            self.story(item, title)

    def story(self, item: YamlMap, title: str) -> None:
        name, line = item[title].strip(), item.line_of(title)
        if not item.get("steps"):
            self.notice(f"Skipped: the {title} '{name}' has no steps.", line, NoticeKind.SKIPPED_DATA)
            return
        steps: list[Step] = []
        for step_line, entry in item["steps"].numbered():
            with self.errors.collecting():
                steps += self.step(entry, step_line)
        is_rule = title == "rule"
        self.result.stories.append(
            Story(
                name,
                tuple(steps),
                is_rule=is_rule,
                condition=self.condition(item) if is_rule else (),
                conversation_start=bool(item.get("conversation_start")),
                wait_for_user_input=item.get("wait_for_user_input") is not False,
                metadata=plain(item.get("metadata")),
                location=Location(self.file, line),
            )
        )

    def condition(self, item: YamlMap) -> tuple[SlotStep | LoopStep, ...]:
        result: list[SlotStep | LoopStep] = []
        for entry in item.get("condition") or ():
            result += (self.loop(entry),) if "active_loop" in entry else self.slots(entry)
        return tuple(result)

    def step(self, entry: YamlMap, line: int) -> Sequence[Step]:
        key = next(key for key in STEP_KEYS if key in entry)
        readers: dict[str, Callable[[YamlMap], Sequence[Step]]] = {
            "intent": lambda entry: (self.user(entry),),
            "user": lambda entry: (self.user(entry),),
            "or": lambda entry: (self.alternatives(entry, line),),
            "action": lambda entry: (ActionStep(entry["action"].strip(), location=self.place(entry, "action")),),
            # The text as it is written, with its blanks: it is the name of an action.
            "bot": lambda entry: (ActionStep(None, entry["bot"], self.place(entry, "bot")),),
            "checkpoint": lambda entry: (self.checkpoint(entry),),
            "slot_was_set": self.slots,
            "active_loop": lambda entry: (self.loop(entry),),
        }
        return readers[key](entry)

    def place(self, entry: YamlMap, key: str) -> Location:
        return Location(self.file, entry.line_of(key))

    def loop(self, entry: YamlMap) -> LoopStep:
        name = entry["active_loop"]
        return LoopStep(None if name is None else name.strip(), self.place(entry, "active_loop"))

    def checkpoint(self, entry: YamlMap) -> CheckpointStep:
        conditions = self.slots(entry) if entry.get("slot_was_set") is not None else ()
        for condition in conditions:
            if not condition.has_value:
                message = f"The condition '{condition.name}' of a checkpoint has no value."
                raise DataError(message, location=condition.location, fix=f"Write '- {condition.name}: value'.")
        return CheckpointStep(entry["checkpoint"].strip(), conditions, self.place(entry, "checkpoint"))

    def user(self, entry: YamlMap) -> UserStep:
        intent = self.intent(entry) if "intent" in entry else None
        if "user" not in entry:
            place = self.place(entry, "intent")
            return UserStep(intent, entities=self.entities(entry), location=place)
        line = entry.line_of("user")
        text = entry["user"].strip()
        try:
            annotated = parse_annotations(text)
        except AnnotationError as error:
            raise DataError(
                str(error),
                location=Location(self.file, line),
                fix='Write [text](entity) or [text]{"entity": "name"}.',
                kind=NoticeKind.INVALID_ANNOTATION,
            ) from None
        if intent is not None and not self.is_test:
            message = "The text beside the intent is not read: the intent counts."
            self.notice(message, line, NoticeKind.TEXT_BESIDE_INTENT)
        for remark in annotated.remarks:
            self.notice(f"Odd annotation: {remark}.", line, NoticeKind.ODD_ANNOTATION)
        entities = tuple(StoryEntity(span.entity, span.value, span.role, span.group) for span in annotated.spans)
        return UserStep(intent, annotated.text, entities, annotated.spans, Location(self.file, line))

    def intent(self, entry: YamlMap) -> str:
        name: str = entry["intent"].strip()
        line = entry.line_of("intent")
        if name.startswith("/"):
            message = f"The '/' before the intent '{name[1:]}' is not needed."
            self.notice(message, line, NoticeKind.UNNEEDED_SLASH)
            name = name[1:]
        if name.count("/") > 1 or not name.split("/")[0]:
            raise self.error(f"'{name}' is not the name of an intent.", line, "Write the intent as in the domain.")
        if "/" in name and not self.is_test:
            base = name.split("/")[0]
            message = f"Stories know only the base of a retrieval intent: '{name}' counts as '{base}'."
            self.notice(message, line, NoticeKind.RETRIEVAL_INTENT_IN_STORY)
            return base
        return name

    def entities(self, entry: YamlMap) -> tuple[StoryEntity, ...]:
        return tuple(map(self.entity, entry.get("entities") or ()))

    def entity(self, item: str | YamlMap) -> StoryEntity:
        if isinstance(item, str):
            return StoryEntity(item)
        name = next(key for key in item if key not in ("role", "group"))
        return StoryEntity(name, plain(item[name]), item.get("role"), item.get("group"))

    def slots(self, entry: YamlMap) -> tuple[SlotStep, ...]:
        """Return the slots of one ``slot_was_set``, each as a separate step."""
        result: list[SlotStep] = []
        for line, item in entry["slot_was_set"].numbered():
            if isinstance(item, str):
                result.append(SlotStep(item, has_value=False, location=Location(self.file, line)))
                continue
            for name, value in item.items():
                result.append(SlotStep(name, plain(value), location=Location(self.file, item.line_of(name))))
        return tuple(result)

    def alternatives(self, entry: YamlMap, line: int) -> OrStep:
        result: list[UserStep | tuple[SlotStep, ...]] = []
        for item in entry["or"]:
            if "intent" in item:
                result.append(self.user(item))
            else:
                result += [(slot,) for slot in self.slots(item)]
        return OrStep(tuple(result), Location(self.file, line))
