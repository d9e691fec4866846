"""Checks across files: do stories, examples and the domain speak of the same things?

What would make Rasa's training fail is an error here, and so is an action or a form of a story that the domain lacks:
no model could act on it. What Rasa warns about is a notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebake.assistant.domain.names import DEFAULT_INTENTS, action_names, entity_names, intent_names
from rebake.assistant.model import (
    ActionStep,
    Assistant,
    CheckpointStep,
    Domain,
    Example,
    LoopStep,
    OrStep,
    SlotStep,
    Story,
    StoryEntity,
    UserStep,
)
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, DataErrors

_SLOTS_OF_KNOWLEDGE_BASES = (
    "knowledge_base_listed_objects",
    "knowledge_base_last_object",
    "knowledge_base_last_object_type",
)
_MOST_NAMES = 8
_RESPONSES_OF_DEFAULT_ACTIONS = ("utter_default", "utter_restart")
_FlatStep = UserStep | ActionStep | SlotStep | LoopStep


def validate(assistant: Assistant) -> tuple[Notice, ...]:
    """Check the whole assistant.

    Returns:
        What deserves attention but does not keep it from being trained, each name once.

    Raises:
        DataError: one for all mistakes, each on its own line with file, line and fix.
    """
    checks = _ConsistencyChecks(assistant.domain)
    if not assistant.domain.is_empty:
        checks.domain_itself(assistant.domain)
        for story in assistant.stories:
            checks.story(story)
        checks.examples(assistant)
        checks.unused(assistant)
        for story in assistant.test_stories:
            checks.story(story, is_test=True)
    checks.texts(assistant.nlu.examples)
    checks.errors.finish()
    return tuple(checks.notices)


def _flat(story: Story) -> Iterator[_FlatStep]:
    """Every step but checkpoints, with conditions and alternatives."""
    yield from story.condition
    for step in story.steps:
        if isinstance(step, CheckpointStep):
            continue
        if isinstance(step, OrStep):
            for alternative in step.alternatives:
                yield from alternative if isinstance(alternative, tuple) else (alternative,)
        else:
            yield step


def _automatic_slots(domain: Domain) -> Iterator[str]:
    """The slots that Rasa adds to a domain by itself."""
    yield "session_started_metadata"
    if domain.forms:
        yield "requested_slot"
    if "action_query_knowledge_base" in domain.actions:
        yield from _SLOTS_OF_KNOWLEDGE_BASES


class _ConsistencyChecks:
    def __init__(self, domain: Domain) -> None:
        self.intents = frozenset(intent_names(domain))
        self.actions = frozenset(action_names(domain))
        self.slots = frozenset([*(slot.name for slot in domain.slots), *_automatic_slots(domain)])
        self.forms = frozenset(form.name for form in domain.forms)
        self.entities = frozenset(entity_names(domain))
        self.labels = {entity.name: {*entity.roles, *entity.groups} for entity in domain.entities}
        self.notices: list[Notice] = []
        self.errors = DataErrors()
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
            self.errors.add(DataError(f"The domain has no {kind} '{name}' ({owner}).", location=place, fix=fix))

    def doubtful(self, kind: str, name: str, known: Iterable[str], place: Location | None, owner: str) -> None:
        if self.is_new(kind, name):
            message = f"The domain has no {kind} '{name}' ({owner}).{did_you_mean(name, known)}"
            self.notices.append(Notice(message, place, NoticeKind.UNKNOWN_NAME))

    def domain_itself(self, domain: Domain) -> None:
        for form in domain.forms:
            for name in form.required_slots:
                if name not in self.slots:
                    self.doubtful("slot", name, self.slots, form.location, f"required by the form '{form.name}'")
        for slot in domain.slots:
            for mapping in slot.mappings:
                owner = f"in a mapping of the slot '{slot.name}'"
                if mapping["type"] == "from_entity" and mapping["entity"] not in self.entities:
                    self.doubtful("entity", mapping["entity"], self.entities, slot.location, owner)
                for condition in mapping.get("conditions") or ():
                    loop = condition.get("active_loop")
                    if loop and loop not in self.forms:
                        self.doubtful("form", loop, self.forms, slot.location, owner)

    def story(self, story: Story, *, is_test: bool = False) -> None:
        """Check a story's names; unknown names in a test story do not prevent a training."""
        self.lenient = is_test
        owner = f"{'rule' if story.is_rule else 'test story' if is_test else 'story'} '{story.name}'"
        for checkpoint in story.steps:
            for condition in checkpoint.conditions if isinstance(checkpoint, CheckpointStep) else ():
                if condition.name not in self.slots:  # it is never met
                    self.doubtful("slot", condition.name, self.slots, condition.location, owner)
        for step in _flat(story):
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
        used = set()
        for example in assistant.nlu.examples:
            base = (example.intent or "").split("/")[0]
            used.add(base)
            if base and base not in self.intents:
                self.doubtful("intent", base, self.intents, example.location, "an intent of the NLU data")
            for span in example.entities:
                entity = StoryEntity(span.entity, span.value, span.role, span.group)
                self.entity(entity, example.location, "annotated in the NLU data")
        if assistant.nlu:
            for intent in assistant.domain.intents:
                if intent.name not in used and intent.name not in DEFAULT_INTENTS:
                    message = f"The intent '{intent.name}' has no examples."
                    self.notices.append(Notice(message, intent.location, NoticeKind.NO_EXAMPLES))

    def unused(self, assistant: Assistant) -> None:
        """Report intents and responses that no story or rule has, and responses of stories that are missing.

        Only where nothing else can use them: a form's intents fill its slots, and custom actions send responses.
        (`rasa data validate` reports those as well.)
        """
        if not assistant.stories:
            return
        steps = [step for story in assistant.stories for step in _flat(story)]
        intents = {step.intent for step in steps if isinstance(step, UserStep)}
        actions = {step.name for step in steps if isinstance(step, ActionStep) and step.name is not None}
        domain = assistant.domain
        fills_slots = domain.forms or any(slot.mappings for slot in domain.slots)
        if not fills_slots:
            idle = [i for i in domain.intents if i.name not in intents and i.name not in DEFAULT_INTENTS]
            self.listed("intent", [intent.name for intent in idle], idle[0].location if idle else None)
        if not fills_slots and not any(not name.startswith("utter_") for name in domain.actions):
            left = actions.union(_RESPONSES_OF_DEFAULT_ACTIONS)
            silent = [r for r in domain.responses if r.name not in left and "/" not in r.name]
            self.listed("response", [response.name for response in silent], silent[0].location if silent else None)
        known = {response.name.split("/")[0] for response in domain.responses}
        said = [step for step in steps if isinstance(step, ActionStep) and (step.name or "").startswith("utter_")]
        for step in said:
            if step.name in self.actions and step.name not in known and self.is_new("response", step.name):
                message = f"There is no text for the response '{step.name}'."
                self.notices.append(Notice(message, step.location, NoticeKind.MISSING_RESPONSE))

    def listed(self, kind: str, names: list[str], place: Location | None) -> None:
        if names:
            shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
            count = f"The {kind} is" if len(names) == 1 else f"{len(names)} {kind}s are"
            self.notices.append(Notice(f"{count} in no story and no rule: {shown}.", place))

    def texts(self, examples: Iterable[Example]) -> None:
        first: dict[str, Example] = {}
        for example in examples:
            other = first.setdefault(example.text, example)
            if other.intent != example.intent:
                message = (
                    f"'{_short(example.text)}' is an example of '{example.intent}' here and of '{other.intent}' at "
                    f"{other.location}."
                )
                self.notices.append(Notice(message, example.location, NoticeKind.AMBIGUOUS_EXAMPLE))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
