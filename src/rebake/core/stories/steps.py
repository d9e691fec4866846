"""Stories and rules cut into steps at their checkpoints and OR statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    Domain,
    LoopStep,
    OrStep,
    SlotStep,
    Step,
    Story,
    UserStep,
)
from rebake.assistant.stories.or_statements import STORY_START, alternatives
from rebake.core.dialogue.events import (
    RULE_SNIPPET,
    ActionExecuted,
    ActiveLoop,
    EntityValue,
    Event,
    SlotSet,
    UserUttered,
    plain_event,
    user_uttered,
)
from rebake.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rebake.nlu.message import TEXT, Message

GENERATED = "GENR_"
_FILLED = "filled"  # the value of a text slot that a story names without one


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where steps meet; at a start, ``conditions`` (slot, value) let only some trackers through."""

    name: str
    conditions: tuple[tuple[str, Any], ...] = ()


@dataclass(eq=False, slots=True)
class GraphStep:
    """A piece of a story. No ``ends`` means that the story ends here.

    Attributes:
        number: position among all steps made.
        starts: checkpoints it can follow; copies made for OR alternatives share the list.
    """

    number: int
    story: Story
    starts: list[Checkpoint]
    ends: list[Checkpoint] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What steps are sorted by; "_" sorts after digits, as it does in Rasa's ids."""
        return f"{self.number}_"

    def starts_conversation(self) -> bool:
        """Return whether a conversation can begin with it."""
        return any(start.name == STORY_START for start in self.starts)


def first_action_unpredictable(step: GraphStep) -> list[Event]:
    """The step's events; where a conversation starts with an action, that action is marked as no training example."""
    if step.starts_conversation():
        for index, event in enumerate(step.events):
            if isinstance(event, UserUttered):
                break
            if isinstance(event, ActionExecuted):
                return [*step.events[:index], replace(event, unpredictable=True), *step.events[index + 1 :]]
    return step.events


class StoryReader:
    """Cuts stories into steps; ``steps`` grows with every story that is read.

    Args:
        domain: its slots say what a slot without a value is set to.
        are_tests: user turns have intent and text, as in a conversation with a server.
    """

    def __init__(self, domain: Domain, *, are_tests: bool = False) -> None:
        self._user_event = _test_event if are_tests else _user_event
        self.steps: list[GraphStep] = []
        self._slot_types = {slot.name: slot.type for slot in domain.slots}
        self._made = 0
        self._joints: dict[str, Checkpoint] = {}

    def read(self, story: Story, places: Sequence[str]) -> None:
        """Add the steps of a story; ``places`` are those where the alternatives of its ORs meet."""
        builder = _StoryBuilder(story, self._number)
        joints = map(self._joint, places)
        for condition in story.condition:
            builder.add(self._event(condition))
        if story.is_rule and not story.conversation_start:
            builder.add(ActionExecuted(RULE_SNIPPET))
        for step in story.steps:
            self._read_step(step, builder, joints)
        if story.is_rule and not story.wait_for_user_input:
            builder.add(ActionExecuted(RULE_SNIPPET))
        self.steps.extend(builder.finish())

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _joint(self, place: str) -> Checkpoint:
        """Where the alternatives of an OR meet; numbered, since the names of stories must decide about no order."""
        return self._joints.setdefault(place, Checkpoint(f"{GENERATED}OR_{len(self._joints)}"))

    def _read_step(self, step: Step, builder: _StoryBuilder, joints: Iterator[Checkpoint]) -> None:
        if isinstance(step, CheckpointStep):
            conditions = tuple((slot.name, slot.value) for slot in step.conditions)
            builder.add_checkpoint(Checkpoint(step.name, conditions))
            return
        chosen = alternatives(step) if isinstance(step, OrStep) else [step]
        if len(chosen) == 1:
            builder.add(self._event(chosen[0]))
        elif chosen:
            builder.add_alternatives([self._event(alternative) for alternative in chosen], next(joints))

    def _event(self, step: UserStep | ActionStep | SlotStep | LoopStep) -> Event:
        match step:
            case UserStep():
                return self._user_event(step)
            case ActionStep():
                # "", not None, beside a text: so Rasa writes it, and takes it for an action that leads out of a form
                return plain_event(step.name or "") or ActionExecuted(step.name or "", step.text)
            case SlotStep():
                return SlotSet(step.name, step.value if step.has_value else self._default_value(step.name))
            case LoopStep():
                return ActiveLoop(step.name)

    def _default_value(self, slot: str) -> Any:
        return {"text": _FILLED, "list": [_FILLED]}.get(self._slot_types.get(slot, ""))


def _user_event(step: UserStep) -> UserUttered:
    """By its intent where it has one, as Rasa then ignores the text; else by its text, with the annotated entities."""
    if step.intent is None:
        spans = [EntityValue(s.entity, s.value, s.role, s.group, s.start, s.end) for s in step.spans]
        return user_uttered(None, tuple(spans), step.text)
    entities = [EntityValue(e.entity, "" if e.value is None else e.value, e.role, e.group) for e in step.entities]
    return user_uttered(step.intent.split("/", 1)[0], tuple(entities))


def _test_event(step: UserStep) -> UserUttered:
    """By intent and text, and with the annotated entities, or those of a text such as ``/order{"drink": "tea"}``."""
    entities = _user_event(step).entities
    if step.text is not None and step.text.startswith("/"):
        [message] = RegexMessageHandler().process([Message({TEXT: step.text})])
        entities = tuple(
            EntityValue(found["entity"], found["value"], start=found["start"], end=found["end"])
            for found in message.entities
        )
    elif step.text is not None:
        entities = tuple(EntityValue(s.entity, s.value, s.role, s.group, s.start, s.end) for s in step.spans)
    intent = None if step.intent is None else step.intent.split("/", 1)[0]
    return replace(user_uttered(intent, entities, step.text), step=step)


class _StoryBuilder:
    """The steps of one story; several are open at a time after an OR."""

    def __init__(self, story: Story, number: Callable[[], int]) -> None:
        self._story = story
        self._number = number
        self._done: list[GraphStep] = []
        self._open: list[GraphStep] = []
        self._starts: list[Checkpoint] = []

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        if not self._open:
            self._starts.append(checkpoint)
            return
        # Conditions count only at a story's start.
        plain = Checkpoint(checkpoint.name)
        further = [self._copy(step, ends=[plain]) for step in self._open if step.ends]
        for step in self._open:
            if not step.ends:
                step.ends = [plain]
        self._open.extend(further)

    def add(self, event: Event) -> None:
        self._ensure_open()
        for step in self._open:
            step.events.append(event)

    def add_alternatives(self, events: Sequence[Event], joint: Checkpoint) -> None:
        """The alternatives of an OR, which meet at a checkpoint."""
        self._ensure_open()
        copies = []
        for step in self._open:
            for event in events:
                copy = self._copy(step, ends=[joint])
                copy.events.append(event)
                copies.append(copy)
        self._open = copies

    def finish(self) -> list[GraphStep]:
        return self._done + self._open

    def _copy(self, step: GraphStep, ends: list[Checkpoint]) -> GraphStep:
        return replace(step, number=self._number(), ends=ends, events=step.events.copy())

    def _ensure_open(self) -> None:
        starts = list(dict.fromkeys(Checkpoint(end.name) for step in self._open for end in step.ends))
        self._done.extend(step for step in self._open if step.ends)
        unfinished = [step for step in self._open if not step.ends]
        if not unfinished:
            starts = starts or self._starts or [Checkpoint(STORY_START)]
            unfinished = [GraphStep(self._number(), self._story, starts)]
        self._open = unfinished
