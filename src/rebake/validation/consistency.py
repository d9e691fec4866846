"""Checks across files: do stories, examples and the domain speak of the same things?

What would make Rasa's training fail is an error here, and so is an action or a form of a story that the domain lacks:
no model could act on it. What Rasa warns about is a notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rebake.assistant.domain.names import action_names, entity_names, intent_names
from rebake.assistant.model import (
    ActionStep,
    Assistant,
    CheckpointStep,
    Domain,
    SlotStep,
    Story,
    StoryEntity,
    UserStep,
)
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.errors import DataError, DataErrors
from rebake.validation.steps import automatic_slots, flat_steps

_KINDS = {
    "intent": NoticeKind.UNKNOWN_INTENT,
    "entity": NoticeKind.UNKNOWN_ENTITY,
    "role or group": NoticeKind.UNKNOWN_LABEL,
    "slot": NoticeKind.UNKNOWN_SLOT,
    "action": NoticeKind.UNKNOWN_ACTION,
    "form": NoticeKind.UNKNOWN_FORM,
}


def check_names(assistant: Assistant, errors: DataErrors) -> tuple[Notice, ...]:
    """Check the names in the whole assistant.

    Args:
        assistant: as it was read.
        errors: receives each name without which it cannot be trained, once.

    Returns:
        What deserves attention but does not keep it from being trained, each name once.
    """
    if assistant.domain.is_empty:
        return ()
    names = _Names(assistant.domain, errors)
    names.domain_itself(assistant.domain)
    for story in assistant.stories:
        names.story(story)
    names.examples(assistant)
    for story in assistant.test_stories:
        names.story(story, is_test=True)
    return tuple(names.notices)


class _Names:
    def __init__(self, domain: Domain, errors: DataErrors) -> None:
        self.intents = frozenset(intent_names(domain))
        self.actions = frozenset(action_names(domain))
        self.slots = frozenset([*(slot.name for slot in domain.slots), *automatic_slots(domain)])
        self.forms = frozenset(form.name for form in domain.forms)
        self.entities = frozenset(entity_names(domain))
        self.labels = {entity.name: {*entity.roles, *entity.groups} for entity in domain.entities}
        self.notices: list[Notice] = []
        self.errors = errors
        self.seen: set[tuple[str, str]] = set()
        self.lenient = False

    def is_new(self, kind: str, name: str) -> bool:
        """Return whether an unknown name is seen for the first time: each is reported once."""
        if (kind, name) in self.seen:
            return False
        self.seen.add((kind, name))
        return True

    def unknown(self, kind: str, name: str, known: Iterable[str], place: Location | None, owner: str) -> None:
        if self.lenient:
            self.doubtful(kind, name, known, place, owner)
        elif self.is_new(f"needed {kind}", name):
            fix = did_you_mean(name, known).strip() or f"Add it to the domain's '{kind}s:', or correct the name."
            message = f"The domain has no {kind} '{name}' ({owner})."
            self.errors.add(DataError(message, location=place, fix=fix, kind=_KINDS[kind]))

    def doubtful(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        place: Location | None,
        owner: str,
        level: Severity = Severity.WARNING,
    ) -> None:
        if self.is_new(kind, name):
            message = f"The domain has no {kind} '{name}' ({owner}).{did_you_mean(name, known)}"
            self.notices.append(Notice(message, place, _KINDS[kind], level, name))

    def domain_itself(self, domain: Domain) -> None:
        """Check what entries of the domain say of each other. What a form needs at runtime is an error there."""
        for form in domain.forms:
            for name in form.required_slots:
                if name not in self.slots:
                    owner = f"required by the form '{form.name}'"
                    self.doubtful("slot", name, self.slots, form.location, owner, Severity.ERROR)
        for intent in domain.intents:
            written = intent.use_entities if isinstance(intent.use_entities, tuple) else ()
            for name in (*written, *(intent.ignore_entities or ())):
                if name not in self.entities:
                    self.doubtful("entity", name, self.entities, intent.location, f"of the intent '{intent.name}'")
        for slot in domain.slots:
            for mapping in slot.mappings:
                self.mapping(mapping, slot.location, f"in a mapping of the slot '{slot.name}'")

    def mapping(self, mapping: Mapping[str, Any], place: Location | None, owner: str) -> None:
        if mapping["type"] == "from_entity" and mapping["entity"] not in self.entities:
            self.doubtful("entity", mapping["entity"], self.entities, place, owner)
        for key in ("intent", "not_intent"):
            for name in _one_or_more(mapping.get(key)):
                if name.split("/")[0] not in self.intents:
                    self.doubtful("intent", name, self.intents, place, owner)
        for condition in mapping.get("conditions") or ():
            loop = condition.get("active_loop")
            if loop and loop not in self.forms:
                self.doubtful("form", loop, self.forms, place, owner, Severity.ERROR)

    def story(self, story: Story, *, is_test: bool = False) -> None:
        """Check a story's names; unknown names in a test story do not prevent a training."""
        self.lenient = is_test
        owner = f"{'rule' if story.is_rule else 'test story' if is_test else 'story'} '{story.name}'"
        for checkpoint in story.steps:
            for condition in checkpoint.conditions if isinstance(checkpoint, CheckpointStep) else ():
                if condition.name not in self.slots:  # it is never met
                    self.doubtful("slot", condition.name, self.slots, condition.location, owner)
        for step in flat_steps(story):
            if isinstance(step, UserStep):
                self.user(step, owner)
            elif isinstance(step, ActionStep):
                if step.name is not None and step.name not in self.actions:
                    self.unknown("action", step.name, self.actions, step.location, owner)
            elif isinstance(step, SlotStep):
                if step.name not in self.slots:
                    self.unknown("slot", step.name, self.slots, step.location, owner)
            elif step.name is not None and step.name not in self.forms | self.actions:
                self.unknown("form", step.name, self.forms, step.location, owner)

    def user(self, step: UserStep, owner: str) -> None:
        if step.intent is not None and (base := step.intent.split("/")[0]) not in self.intents:
            self.doubtful("intent", base, self.intents, step.location, owner)
        for entity in step.entities:
            self.entity(entity, step.location, owner)

    def entity(self, entity: StoryEntity, place: Location | None, owner: str) -> None:
        if entity.entity not in self.entities:
            self.doubtful("entity", entity.entity, self.entities, place, owner)
            return
        for label in (entity.role, entity.group):
            if label is not None and label not in self.labels[entity.entity]:
                known = self.labels[entity.entity]
                self.doubtful("role or group", label, known, place, f"of the entity '{entity.entity}', {owner}")

    def examples(self, assistant: Assistant) -> None:
        for example in assistant.nlu.examples:
            base = (example.intent or "").split("/")[0]
            if base and base not in self.intents:
                self.doubtful("intent", base, self.intents, example.location, "an intent of the NLU data")
            for span in example.entities:
                entity = StoryEntity(span.entity, span.value, span.role, span.group)
                self.entity(entity, example.location, "annotated in the NLU data")


def _one_or_more(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else [name for name in value or () if isinstance(name, str)]
