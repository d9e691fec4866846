"""Stories and rules as a graph of steps between checkpoints (RASA36 section 4.4).

A story is cut at its checkpoints and at its OR statements; the pieces that end where others start are glued together
by :mod:`rebake.core.generator`. Steps carry a number in the order in which they were made; Rasa sorts by that number
*as a string*, and since the order decides which trackers augmentation picks, so does this module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
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
from rebake.core.events import (
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
from rebake.errors import UnsupportedError

STORY_START = "STORY_START"
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
        """Whether a conversation can begin with it."""
        return any(start.name == STORY_START for start in self.starts)


@dataclass(frozen=True, slots=True)
class StoryGraph:
    """Steps in topological order, cycles cut.

    Attributes:
        steps: in the order in which they are to be processed.
        continuations: end checkpoint of a cut cycle -> the checkpoint where its trackers go on.
    """

    steps: tuple[GraphStep, ...]
    continuations: Mapping[str, str]


def build_graph(stories: Iterable[Story], domain: Domain) -> StoryGraph:
    """The graph of all stories and rules.

    Raises:
        UnsupportedError: an end-to-end story.
    """
    reader = _Reader(domain)
    for story in stories:
        reader.read(story)
    return _without_cycles(reader.steps)


class _Reader:
    """Cuts stories into steps."""

    def __init__(self, domain: Domain) -> None:
        self.steps: list[GraphStep] = []
        self._slot_types = {slot.name: slot.type for slot in domain.slots}
        self._made = 0

    def read(self, story: Story) -> None:
        if story.is_end_to_end:
            raise UnsupportedError(
                f"'{story.name}' is an end-to-end story (it holds user or bot text), which rebake does not train yet.",
                location=story.location,
                fix="Write intents and actions instead of texts.",
            )
        builder = _StoryBuilder(story, self._number)
        for condition in story.condition:
            builder.add([self._event(condition)])
        if story.is_rule and not story.conversation_start:
            builder.add([ActionExecuted(RULE_SNIPPET)])
        for step in story.steps:
            self._read_step(step, builder)
        if story.is_rule and not story.wait_for_user_input:
            builder.add([ActionExecuted(RULE_SNIPPET)])
        self.steps.extend(builder.finish())

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _read_step(self, step: Step, builder: _StoryBuilder) -> None:
        if isinstance(step, CheckpointStep):
            conditions = tuple((slot.name, slot.value) for slot in step.conditions)
            builder.add_checkpoint(Checkpoint(step.name, conditions))
        elif isinstance(step, OrStep):
            builder.add(list(self._alternatives(step)))
        else:
            builder.add([self._event(step)])

    def _alternatives(self, step: OrStep) -> Iterable[Event]:
        for alternative in step.alternatives:
            if isinstance(alternative, UserStep):
                yield self._event(alternative)
            else:
                yield from (self._event(slot) for slot in alternative)  # each slot is an alternative of its own

    def _event(self, step: UserStep | ActionStep | SlotStep | LoopStep) -> Event:
        match step:
            case UserStep():
                entities = tuple(
                    EntityValue(found.entity, "" if found.value is None else found.value, found.role, found.group)
                    for found in step.entities
                )
                return user_uttered((step.intent or "").split("/", 1)[0], entities)
            case ActionStep():
                return plain_event(step.name or "") or ActionExecuted(step.name)
            case SlotStep():
                return SlotSet(step.name, step.value if step.has_value else self._default_value(step.name))
            case LoopStep():
                return ActiveLoop(step.name)

    def _default_value(self, slot: str) -> Any:
        return {"text": _FILLED, "list": [_FILLED]}.get(self._slot_types.get(slot, ""))


class _StoryBuilder:
    """The steps of one story; several are open at a time after an OR."""

    def __init__(self, story: Story, number: Any) -> None:
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

    def add(self, alternatives: Sequence[Event]) -> None:
        """One event, or the alternatives of an OR."""
        self._ensure_open()
        if len(alternatives) == 1:
            for step in self._open:
                step.events.append(alternatives[0])
        elif alternatives:
            joint = Checkpoint(self._or_name(alternatives))
            copies = []
            for step in self._open:
                for event in alternatives:
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

    def _or_name(self, alternatives: Sequence[Event]) -> str:
        """The same for the same place in stories of the same name: such stories share what follows."""
        place = (
            self._story.name,
            [repr(event) for step in self._open for event in step.events],
            sorted({start.name for step in self._open for start in step.starts}),
            sorted(repr(event) for event in alternatives),
        )
        return f"{GENERATED}OR_{sha256(repr(place).encode()).hexdigest()[:16]}"


def _without_cycles(steps: Sequence[GraphStep]) -> StoryGraph:
    """Cut every edge that closes a cycle: the trackers that end there go on in a later round of the generator."""
    _, cyclic = _sorted_topologically(steps)
    continuations: dict[str, str] = {}
    cut: set[str] = set()
    table = {step.key: step for step in steps}
    for number, (source, target) in enumerate(cyclic):
        shared = {end.name for end in table[source].ends} & {start.name for start in table[target].starts}
        cut |= shared
        continuations[f"{GENERATED}CYCL_SINK_{number}"] = f"{GENERATED}CYCL_SRC_{number}"
        _cut_edge(table, source, target, sorted(shared), number)
    kept = _without_unused(list(table.values()), cut, continuations)
    ordered, _ = _sorted_topologically(kept)
    return StoryGraph(tuple(ordered), continuations)


def _cut_edge(table: dict[str, GraphStep], source: str, target: str, shared: Sequence[str], number: int) -> None:
    prefix = f"{GENERATED}CYCL_"
    kept_ends = [end for end in table[source].ends if end.name not in shared]
    start = table[source] = replace(table[source], ends=[*kept_ends, Checkpoint(f"{prefix}SINK_{number}")])
    needs_connector = False
    for key, step in list(table.items()):
        further = []
        for checkpoint in (checkpoint for name in shared for checkpoint in step.starts if checkpoint.name == name):
            kind = "SRC" if key == target else "CONN"
            needs_connector = needs_connector or key != target
            new = Checkpoint(f"{prefix}{kind}_{number}", checkpoint.conditions)
            if new not in step.starts:
                further.append(new)
        step.starts.extend(further)  # also for the copies of the step that share its starts
    if needs_connector:
        start.ends.append(Checkpoint(f"{prefix}CONN_{number}"))


def _without_unused(steps: Sequence[GraphStep], cut: set[str], continuations: Mapping[str, str]) -> list[GraphStep]:
    """Drop the generated and the cut checkpoints that lead nowhere, and the steps that had no others."""
    starts = {STORY_START} | {start.name for step in steps for start in step.starts}
    ends = {STORY_START} | {continuations.get(end.name, end.name) for step in steps for end in step.ends}
    unused = starts ^ ends
    kept = []
    for step in steps:
        new = replace(
            step,
            starts=[start for start in step.starts if start.name not in unused & cut],
            ends=[end for end in step.ends if not (end.name in unused and end.name.startswith(GENERATED))],
        )
        if bool(step.starts) == bool(new.starts) and bool(step.ends) == bool(new.ends):
            kept.append(new)
    return kept


def _sorted_topologically(steps: Sequence[GraphStep]) -> tuple[list[GraphStep], list[tuple[str, str]]]:
    """Steps so that each comes after those it can follow, and the (from, to) edges that make this impossible."""
    followers: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        for start in step.starts:
            followers[start.name].append(step.key)
    table = {step.key: step for step in steps}
    graph = {key: sorted({next_ for end in step.ends for next_ in followers[end.name]}) for key, step in table.items()}
    order: list[str] = []
    open_steps: set[str] = set()
    seen: set[str] = set()
    cyclic: set[tuple[str, str]] = set()
    for root in sorted(graph, reverse=True):
        if root in seen:
            continue
        seen.add(root)
        open_steps.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, rest = path[-1]
            child = next(rest, None)
            if child is None:
                path.pop()
                open_steps.discard(node)
                order.append(node)
            elif child in open_steps:
                cyclic.add((node, child))
            elif child not in seen:
                seen.add(child)
                open_steps.add(child)
                path.append((child, iter(graph[child])))
    return [table[key] for key in reversed(order)], sorted(cyclic)


def first_action_unpredictable(step: GraphStep) -> list[Event]:
    """The step's events; where a conversation starts with an action, that action is marked as no training example."""
    if step.starts_conversation():
        for index, event in enumerate(step.events):
            if isinstance(event, UserUttered):
                break
            if isinstance(event, ActionExecuted):
                return [*step.events[:index], replace(event, unpredictable=True), *step.events[index + 1 :]]
    return step.events
