"""Training trackers from stories and rules, as Rasa's generator makes them.

Rounds over all steps let trackers grow from checkpoint to checkpoint until nothing new is reached. Augmentation then
concatenates finished conversations: some of them start further rounds, as if one user went through story after story.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from rebake.assistant.model import Domain, Story
from rebake.assistant.stories.or_statements import STORY_START
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.base.notices import Notices, NoticeSink
from rebake.core.dialogue.conversation_state import ConversationState
from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    SHOULD_NOT_BE_SET,
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rebake.core.dialogue.slot_filling import slots_from_entities
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import TrainingTracker
from rebake.core.stories.checkpoints import unreached as never_reached
from rebake.core.stories.graph import StoryGraph, build_graph
from rebake.core.stories.steps import GENERATED, Checkpoint, GraphStep, first_action_unpredictable
from rebake.registry.training_arguments import DEFAULT_AUGMENTATION

_AUGMENTATION_ROUNDS = 3
_REVERTING = (ActionReverted, UserUtteranceReverted, Restarted)
_AUGMENTED_PER_FACTOR = 10

Active = dict[str, list[TrainingTracker]]


def training_trackers(
    stories: Iterable[Story],
    domain: Domain,
    augmentation_factor: int = DEFAULT_AUGMENTATION,
    *,
    notices: NoticeSink | None = None,
    are_tests: bool = False,
) -> list[TrainingTracker]:
    """Trackers of all stories (augmented ones last), then of all rules; the same input gives the same list.

    Args:
        stories: stories and rules.
        domain: of the assistant.
        augmentation_factor: how many finished stories start each round of concatenation; 0 = none.
        notices: receives a warning for each checkpoint that leads nowhere.
        are_tests: they are test stories, whose user turns have intent and text.

    Raises:
        UnsupportedError: slots of a custom type.
    """
    generator = _Generator(domain, augmentation_factor, notices or Notices(), are_tests=are_tests)
    kinds: dict[bool, list[Story]] = {False: [], True: []}
    for story in stories:
        kinds[story.is_rule].append(story)
    return [tracker for is_rule, of_kind in kinds.items() for tracker in generator.generate(of_kind, is_rule=is_rule)]


class _Generator:
    def __init__(self, domain: Domain, augmentation_factor: int, notices: NoticeSink, *, are_tests: bool) -> None:
        self._are_tests = are_tests
        self._builder = StateBuilder(domain)
        self._domain = domain
        self._factor = augmentation_factor
        self._notices = notices
        self._random = Random(42)  # noqa: S311 (Rasa's own seed: it decides which stories are concatenated)
        self._finished_histories: set[tuple[bool, tuple[int, ...]]] = set()
        self._events: dict[tuple[bool, int], list[Event]] = {}

    def generate(self, stories: Iterable[Story], *, is_rule: bool) -> list[TrainingTracker]:
        """All trackers of stories, or of rules."""
        graph = build_graph(stories, self._domain, are_tests=self._are_tests)
        if not graph.steps:
            return []
        run = _Run(self, graph, TrainingTracker(self._builder, is_rule=is_rule))
        finished = run.rounds(0 if is_rule or self._factor <= 0 else _AUGMENTATION_ROUNDS)
        self._warn_about_unreached(graph.steps, run.unreached)
        if self._factor <= 0:
            return finished
        augmented = [tracker for tracker in finished if tracker.is_augmented]
        return [tracker for tracker in finished if not tracker.is_augmented] + self.sample(augmented)

    def sample(self, trackers: list[TrainingTracker]) -> list[TrainingTracker]:
        """At most ten times the augmentation factor of them, at random."""
        self._random.shuffle(trackers)
        return trackers[: self._factor * _AUGMENTED_PER_FACTOR]

    def starts_for_augmentation(self, ends: list[TrainingTracker]) -> Active:
        """Some finished conversations, their last listen undone, as beginnings of longer ones."""
        self._random.shuffle(ends)
        starts = []
        for end in ends[: max(0, self._factor)]:
            tracker = end.copy()
            tracker.is_augmented = True
            tracker.name = ""  # named by what is concatenated to it
            tracker.update(ActionReverted())
            starts.append(tracker)
        return defaultdict(list, {STORY_START: starts} if starts else {})

    def unique(self, trackers: Iterable[TrainingTracker]) -> list[TrainingTracker]:
        """One of those with equal states: what follows would be equal as well."""
        first: dict[tuple[int, ...], TrainingTracker] = {}
        for tracker in trackers:
            first.setdefault(tracker.state_numbers, tracker)
        return list(first.values())

    def unique_ends(self, trackers: Iterable[TrainingTracker]) -> list[TrainingTracker]:
        """Those whose states no finished tracker of any step has."""
        found = []
        for tracker in trackers:
            history = (tracker.is_rule, tracker.state_numbers)
            if history not in self._finished_histories:
                self._finished_histories.add(history)
                found.append(tracker)
        return found

    def process(
        self, step: GraphStep, incoming: Sequence[TrainingTracker]
    ) -> tuple[list[TrainingTracker], list[TrainingTracker]]:
        """Copies of the trackers after the step's events, and copies of them from before each reverting event."""
        events = self._explicit_events(step)
        trackers = [_continued(tracker, step.story) for tracker in incoming] if events else []
        ends: list[TrainingTracker] = []
        if not any(isinstance(event, _REVERTING) for event in events):
            known: dict[tuple[object, ...], tuple[list[int], ConversationState]] = {}
            for tracker in trackers:
                tracker.follow(events, known)
            return trackers, ends
        for event in events:
            for tracker in trackers:
                if isinstance(event, _REVERTING):
                    ends.append(tracker.copy())
                tracker.update(event)
        return trackers, ends

    def _explicit_events(self, step: GraphStep) -> list[Event]:
        """The step's events with what stories leave unsaid: listening, and slots filled from entities."""
        key = (step.story.is_rule, step.number)
        known = self._events.get(key)
        if known is not None:
            return known
        events: list[Event] = []
        for event in first_action_unpredictable(step):
            if isinstance(event, UserUttered):
                _listen(events)
                events.append(event)
                events.extend(slots_from_entities(self._domain, event.entities))
            else:
                events.append(event)
        if not step.ends:
            _listen(events)
        if step.story.is_rule:
            events = [_as_in_rule(event) for event in events]
        self._events[key] = events
        return events

    def _warn_about_unreached(self, steps: Sequence[GraphStep], unreached: set[str]) -> None:
        if STORY_START in unreached:
            message = "All stories start with a checkpoint, so none of them can be reached."
            self._notices.add(Notice(message, steps[0].story.location, NoticeKind.UNREACHED_CHECKPOINT))
        starts = {start.name for step in steps for start in step.starts}
        ends = {end.name for step in steps for end in step.ends}
        for step in steps:
            for checkpoints, known in ((step.starts, ends), (step.ends, starts)):
                for checkpoint in checkpoints:
                    name = checkpoint.name
                    if name in unreached and not name.startswith((GENERATED, STORY_START)):
                        self._notices.add(
                            never_reached(step.story, name, known - unreached, is_start=checkpoints is step.starts)
                        )


class _Run:
    """The rounds over all steps of a graph."""

    def __init__(self, generator: _Generator, graph: StoryGraph, first: TrainingTracker) -> None:
        self._generator = generator
        self._graph = graph
        self._active: Active = defaultdict(list, {STORY_START: [first]})
        self._used: set[str] = set()
        self._finished: list[TrainingTracker] = []
        self._ends: list[TrainingTracker] = []
        self.unreached: set[str] = set()

    def rounds(self, augmentation_rounds: int) -> list[TrainingTracker]:
        """Go on until no new checkpoint is reached, then augment."""
        all_reached = False
        count = 0
        before: set[str] = set()
        while (not all_reached or count < augmentation_rounds) and any(self._active.values()):
            unused = self._round(all_reached)
            count += 1
            if not all_reached:
                unused |= {name for name in self._active if name not in self._used}
                self._active = defaultdict(
                    list, {name: self._active.get(name, []) for name in sorted(unused) if name != STORY_START}
                )
                all_reached = unused == before or not any(self._active.values())
                before = unused
                if all_reached:
                    self.unreached = unused - self._used
                    for name in sorted(self.unreached):
                        self._finished.extend(self._active[name])
                    count = 0
            if all_reached:
                self._used = set()
                self._active = self._generator.starts_for_augmentation(self._ends)
        return self._finished + self._ends

    def _round(self, is_augmentation: bool) -> set[str]:
        """Process every step once; returns the checkpoints to come back to."""
        unused: set[str] = set()
        for step in self._graph.steps:
            incoming = self._incoming(step, unused)
            if not incoming:
                continue
            incoming = self._generator.unique(incoming)
            if is_augmentation:
                incoming = self._generator.sample(incoming)
            trackers, ends = self._generator.process(step, incoming)
            self._finished.extend(ends)
            for end in step.ends:
                name = self._graph.continuations.get(end.name, end.name)
                self._active[name].extend(trackers)
                if name in self._used:
                    unused.add(name)
            if not step.ends:
                self._ends.extend(self._generator.unique_ends(trackers))
        return unused

    def _incoming(self, step: GraphStep, unused: set[str]) -> list[TrainingTracker]:
        incoming: list[TrainingTracker] = []
        for start in step.starts:
            if self._active[start.name]:
                incoming.extend(_let_through(start, self._active[start.name]))
                self._used.add(start.name)
            elif start.name not in self._used:
                unused.add(start.name)
        return incoming


def _let_through(start: Checkpoint, trackers: Sequence[TrainingTracker]) -> list[TrainingTracker]:
    return [
        tracker
        for tracker in trackers
        if all(tracker.now.values.get(slot) == value for slot, value in start.conditions)
    ]


def _continued(tracker: TrainingTracker, story: Story) -> TrainingTracker:
    copy = tracker.copy()
    if not tracker.name:
        copy.name = story.name
    elif story.name not in tracker.name.split(" > "):
        copy.name = f"{tracker.name} > {story.name}"
    if not any(known is story for known in tracker.stories):
        copy.stories = (*tracker.stories, story)
    return copy


def _listen(events: list[Event]) -> None:
    if not events or not (isinstance(events[-1], ActionExecuted) and events[-1].name == ACTION_LISTEN):
        events.append(ActionExecuted(ACTION_LISTEN))


def _as_in_rule(event: Event) -> Event:
    """In a rule, ``null`` says that a slot or loop must not be set, which is more than not to mention it."""
    match event:
        case ActiveLoop(name=None):
            return ActiveLoop(SHOULD_NOT_BE_SET)
        case SlotSet(value=None):
            return replace(event, value=SHOULD_NOT_BE_SET)
    return event
