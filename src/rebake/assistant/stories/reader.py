"""``stories:`` and ``rules:`` of a data file -> Story values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

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
from rebake.assistant.reading import describe, did_you_mean
from rebake.assistant.yaml.values import YamlList, YamlMap, plain
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError

# Keys that may accompany a step's own key; Rasa refuses any other mixture.
_BESIDE = {"intent": ("user", "entities"), "user": ("entities",), "checkpoint": ("slot_was_set",)}
_NOT_IN_RULES = ("bot", "checkpoint")  # Rasa refuses them as well
STEP_KEYS = ("intent", "user", "or", "action", "bot", "checkpoint", "slot_was_set", "active_loop", "metadata")


@dataclass
class StoryFile:
    """What one file says: stories and rules in file order, stories first (as Rasa reads them)."""

    stories: list[Story] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def is_test_file(path: str) -> bool:
    """Return whether a file contains test stories: its name starts with ``test_``. They are never trained on."""
    return PurePath(path).name.startswith("test_")


def read_stories(document: Document) -> StoryFile:
    """Read the keys ``stories:`` and ``rules:`` of a file. Raises DataError with file and line."""
    reader = _StoryReader(document)
    for key, title in (("stories", "story"), ("rules", "rule")):
        if key in document.value:
            reader.items(document.value, key, title)
    return reader.result


class _StoryReader:
    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.is_test = is_test_file(document.file)
        self.result = StoryFile()

    def error(self, message: str, line: int, fix: str) -> DataError:
        return DataError(message, location=Location(self.file, line), fix=fix)

    def notice(self, message: str, line: int, kind: NoticeKind | None = None) -> None:
        self.result.notices.append(Notice(message, Location(self.file, line), kind))

    def listed(self, owner: YamlMap, key: str, example: str) -> YamlList:
        """Read ``owner[key]``, which must be a list."""
        value = owner[key]
        if not isinstance(value, YamlList):
            raise self.error(f"'{key}' is {describe(value)}, not a list.", owner.line_of(key), f"Write '- {example}'.")
        return value

    def name(self, owner: YamlMap, key: str) -> str:
        """Read ``owner[key]``, which must be text that is not blank."""
        value = owner[key]
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"'{key}' is {describe(value)}, not a name.", owner.line_of(key), "Write the name.")
        return value.strip()

    def items(self, content: YamlMap, key: str, title: str) -> None:
        if content[key] is None:
            self.notice(f"There is nothing under '{key}'.", content.line_of(key))
            return
        for line, item in self.listed(content, key, f"{title}: name").numbered():
            if not isinstance(item, YamlMap) or title not in item:
                found = ", ".join(map(str, item)) if isinstance(item, YamlMap) else describe(item)
                raise self.error(f"An item of '{key}' has no '{title}:' ({found}).", line, f"Add '{title}: name'.")
            self.story(item, title)

    def story(self, item: YamlMap, title: str) -> None:
        name, line = self.name(item, title), item.line_of(title)
        if not item.get("steps"):
            self.notice(f"Skipped: the {title} '{name}' has no steps.", line, NoticeKind.SKIPPED_DATA)
            return
        steps = [
            step
            for step_line, entry in self.listed(item, "steps", "intent: name").numbered()
            for step in self.step(entry, step_line, is_rule=title == "rule")
        ]
        is_rule = title == "rule"
        self.result.stories.append(
            Story(
                name,
                tuple(steps),
                is_rule=is_rule,
                condition=self.condition(item) if is_rule else (),
                conversation_start=is_rule and self.flag(item, "conversation_start", False),
                wait_for_user_input=not is_rule or self.flag(item, "wait_for_user_input", True),
                metadata=plain(item.get("metadata")),
                location=Location(self.file, line),
            )
        )

    def flag(self, item: YamlMap, key: str, default: bool) -> bool:
        value = item.get(key, default)
        if not isinstance(value, bool):
            raise self.error(f"'{key}' is {describe(value)}.", item.line_of(key), "Write true or false.")
        return value

    def condition(self, item: YamlMap) -> tuple[SlotStep | LoopStep, ...]:
        result: list[SlotStep | LoopStep] = []
        if item.get("condition") is None:
            return ()
        for line, entry in self.listed(item, "condition", "active_loop: name").numbered():
            for step in self.step(entry, line):
                if not isinstance(step, SlotStep | LoopStep):
                    raise self.error(
                        "A condition can name an active loop or slots.",
                        line,
                        "Write 'active_loop:' or 'slot_was_set:'.",
                    )
                result.append(step)
        return tuple(result)

    def step(self, entry: Any, line: int, *, is_rule: bool = False) -> Sequence[Step]:
        if not isinstance(entry, YamlMap):
            raise self.error(f"A step is {describe(entry)}.", line, "Write '- intent: name' or '- action: name'.")
        key = next((key for key in STEP_KEYS if key in entry), None)
        if key is None:
            keys = [str(key) for key in entry]
            hint = next((hint for key in keys if (hint := did_you_mean(key, STEP_KEYS))), "")
            message = f"This step is none of {', '.join(STEP_KEYS)} (it has {', '.join(keys)}).{hint}"
            raise self.error(message, line, "Fix the key.")
        if is_rule and key in _NOT_IN_RULES:
            fix = "Write a story instead." if key == "checkpoint" else "Write '- action: name', or a story instead."
            raise self.error(f"A rule cannot have a step '{key}'.", line, fix)
        self.refuse_beside(entry, key)
        readers: dict[str, Callable[[YamlMap], Sequence[Step]]] = {
            "intent": lambda entry: (self.user(entry),),
            "user": lambda entry: (self.user(entry),),
            "or": lambda entry: (self.alternatives(entry, line),),
            "action": lambda entry: (ActionStep(self.name(entry, "action"), location=self.place(entry, "action")),),
            "bot": lambda entry: (self.bot(entry),),
            "checkpoint": lambda entry: (self.checkpoint(entry),),
            "slot_was_set": self.slots,
            "active_loop": lambda entry: (self.loop(entry),),
            "metadata": lambda _entry: (),
        }
        return readers[key](entry)

    def refuse_beside(self, entry: YamlMap, key: str) -> None:
        """Refuse a step with two keys that each make a step."""
        others = [str(other) for other in entry if other != key and other not in _BESIDE.get(key, ())]
        if others:
            line = entry.line_of(others[0])
            raise self.error(f"'{others[0]}' and '{key}' cannot be in the same step.", line, "Split it into two steps.")

    def bot(self, entry: YamlMap) -> ActionStep:
        """Return the text as it is written, with its blanks: it is the name of an action."""
        self.name(entry, "bot")
        return ActionStep(None, entry["bot"], self.place(entry, "bot"))

    def place(self, entry: YamlMap, key: str) -> Location:
        return Location(self.file, entry.line_of(key))

    def loop(self, entry: YamlMap) -> LoopStep:
        name = None if entry["active_loop"] is None else self.name(entry, "active_loop")
        return LoopStep(name, self.place(entry, "active_loop"))

    def checkpoint(self, entry: YamlMap) -> CheckpointStep:
        conditions = self.slots(entry) if entry.get("slot_was_set") is not None else ()
        for condition in conditions:
            if not condition.has_value:
                message = f"The condition '{condition.name}' of a checkpoint has no value."
                raise DataError(message, location=condition.location, fix=f"Write '- {condition.name}: value'.")
        return CheckpointStep(self.name(entry, "checkpoint"), conditions, self.place(entry, "checkpoint"))

    def user(self, entry: YamlMap) -> UserStep:
        intent = self.intent(entry) if "intent" in entry else None
        if "user" not in entry:
            place = self.place(entry, "intent")
            return UserStep(intent, entities=self.entities(entry), location=place)
        line = entry.line_of("user")
        text = self.name(entry, "user")
        try:
            annotated = parse_annotations(text)
        except AnnotationError as error:
            raise self.error(str(error), line, 'Write [text](entity) or [text]{"entity": "name"}.') from None
        if intent is not None and not self.is_test:
            message = "The text beside the intent is not read: the intent counts."
            self.notice(message, line, NoticeKind.TEXT_BESIDE_INTENT)
        for remark in annotated.remarks:
            self.notice(f"Odd annotation: {remark}.", line, NoticeKind.ODD_ANNOTATION)
        entities = tuple(StoryEntity(span.entity, span.value, span.role, span.group) for span in annotated.spans)
        return UserStep(intent, annotated.text, entities, annotated.spans, Location(self.file, line))

    def intent(self, entry: YamlMap) -> str:
        name, line = self.name(entry, "intent"), entry.line_of("intent")
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
        if entry.get("entities") is None:
            return ()
        return tuple(self.entity(item, line) for line, item in self.listed(entry, "entities", "name: value").numbered())

    def entity(self, item: Any, line: int) -> StoryEntity:
        if isinstance(item, str):
            return StoryEntity(item)
        names = [key for key in item if key not in ("role", "group")] if isinstance(item, YamlMap) else []
        if len(names) != 1 or not isinstance(names[0], str):
            raise self.error(
                f"An entity is {describe(item)}, not one name with one value.",
                line,
                "Write '- name: value', with 'role:' or 'group:' below it where it has one.",
            )
        for key in ("role", "group"):
            if not isinstance(item.get(key), str | None):
                raise self.error(f"'{key}' is {describe(item[key])}.", item.line_of(key), "Put it in quotes.")
        return StoryEntity(names[0], plain(item[names[0]]), item.get("role"), item.get("group"))

    def slots(self, entry: YamlMap) -> tuple[SlotStep, ...]:
        """Return the slots of one ``slot_was_set``, each as a separate step."""
        result: list[SlotStep] = []
        for line, item in self.listed(entry, "slot_was_set", "slot: value").numbered():
            if isinstance(item, str):
                result.append(SlotStep(item, has_value=False, location=Location(self.file, line)))
                continue
            if not isinstance(item, YamlMap):
                raise self.error(f"A slot is {describe(item)}.", line, "Write '- slot: value'.")
            for name, value in item.items():
                if not isinstance(name, str):
                    raise self.error(f"The name of a slot is {describe(name)}.", line, "Put it in quotes.")
                result.append(SlotStep(name, plain(value), location=Location(self.file, item.line_of(name))))
        return tuple(result)

    def alternatives(self, entry: YamlMap, line: int) -> OrStep:
        result: list[UserStep | tuple[SlotStep, ...]] = []
        for item_line, item in self.listed(entry, "or", "intent: name").numbered():
            if isinstance(item, YamlMap) and "intent" in item:
                result.append(self.user(item))
            elif isinstance(item, YamlMap) and "slot_was_set" in item:
                result += [(slot,) for slot in self.slots(item)]
            else:
                raise self.error(
                    "An alternative of 'or' must name an intent or slots.",
                    item_line,
                    "Write '- intent: name' or '- slot_was_set:'; write a second story for anything else.",
                )
        if not result:
            raise self.error("'or' has no alternatives.", line, "List two or more, each with '- intent: name'.")
        return OrStep(tuple(result), Location(self.file, line))
