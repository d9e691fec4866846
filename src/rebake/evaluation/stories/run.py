"""Test stories run through a Core model, turn by turn, as ``rasa test core`` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rebake.assistant.domain.names import retrieval_intents
from rebake.assistant.model import Domain, Story
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.core.agent import CoreModel, NextAction
from rebake.core.dialogue.events import (
    ACTION_LISTEN,
    ACTION_SESSION_START,
    ACTION_UNLIKELY_INTENT,
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    EntityValue,
    Event,
    SlotSet,
    UserUttered,
    user_uttered,
)
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataError
from rebake.evaluation.conversations import (
    Conversation,
    GivenLoop,
    GivenSlot,
    GivenUser,
    StoryTest,
    TestedAction,
    TestedStep,
    TestedUser,
)
from rebake.evaluation.nlu.parsed_examples import DEFAULT_SELECTOR, Parse, TextParser, parse_all

MOST_ACTIONS = 10  # in a row, Rasa's default of MAX_NUMBER_OF_PREDICTIONS
TRIPPED = "circuit breaker tripped"  # what Rasa's report has in place of an action after so many
_UTTER = "utter_"


def evaluate_stories(
    core: CoreModel,
    parser: TextParser | None,
    domain: Domain,
    stories: Iterable[Story],
    progress: Progress,
    notices: NoticeSink,
) -> StoryTest:
    """Predict each turn of test stories and compare. A story goes on as it is written, whatever was predicted.

    Args:
        core: the policies.
        parser: of user texts; None: only actions are tested, and the intents of the stories are taken as they are.
        domain: of the model.
        stories: those of test files, or training stories; rules are left out, as in Rasa.
        progress: gets one task.
        notices: receives warnings about checkpoints.

    Raises:
        DataError: there is no story.
    """
    stories = [story for story in stories if not story.is_rule]
    trackers = training_trackers(stories, domain, 0, notices=notices, are_tests=parser is not None)
    if not trackers:
        raise DataError("There is no test story.", fix="Write some, or name the files that have them with --stories.")
    parses: dict[str, Parse] = {}
    if parser is not None:
        turns = (event for tracker in trackers for event in tracker.events if isinstance(event, UserUttered))
        texts = list(dict.fromkeys(turn.text for turn in turns if turn.text))
        parses = dict(zip(texts, parse_all(parser, texts, progress, "Test stories: user turns"), strict=True))
    builder = StateBuilder(domain)
    conversations = []
    with progress.task("Test stories", len(trackers), "conversation") as task:
        for tracker in trackers:
            run = _StoryRun(core, builder, domain, parses if parser is not None else None)
            conversations.append(run.conversation(tracker))
            task.advance()
    return StoryTest(tuple(conversations), parser is not None)


class _StoryRun:
    """One story on its way through the model."""

    def __init__(
        self, core: CoreModel, builder: StateBuilder, domain: Domain, parses: Mapping[str, Parse] | None
    ) -> None:
        self._core = core
        self._tracker = Tracker(builder)
        self._forms = {form.name for form in domain.forms}
        self._retrieval_actions = {f"{_UTTER}{intent}" for intent in retrieval_intents(domain)}
        self._parses = parses
        self._selections: Mapping[str, Any] = {}  # of the ResponseSelectors, for the last user turn

    def conversation(self, story: TrainingTracker) -> Conversation:
        """Predict every turn."""
        first, *rest = story.events
        self._tracker.update(first)
        steps = [step for event in rest if (step := self._step(event)) is not None]
        place = story.stories[0].location if story.stories else None
        return Conversation(story.name, tuple(steps), place)

    def _step(self, event: Event) -> TestedStep | None:
        match event:
            case ActionExecuted():
                return self._action(event)
            case UserUttered() if self._parses is not None:
                return self._user(event, self._parses)
        self._tracker.update(event)
        match event:
            case UserUttered():
                return GivenUser(event.intent or "", tuple(map(_as_entity, event.entities)), event.text)
            case SlotSet():
                return GivenSlot(event.name, event.value)
            case ActiveLoop():
                return GivenLoop(event.name)
        return None

    def _user(self, event: UserUttered, parses: Mapping[str, Parse]) -> TestedUser:
        """A turn that is parsed, if it has a text. Where the parse is wrong, roles and groups get lost, as in Rasa."""
        step = event.step
        wanted = (step.intent if step is not None else event.intent) or ""
        entities = tuple(_as_entity(entity) for entity in event.entities)
        parse = parses[event.text] if event.text else None
        predicted, found = wanted, entities
        if parse is not None:
            predicted = parse["intent"]["name"] or ""
            if predicted != wanted:
                predicted = _full_intent(parse)
            found = tuple(_as_entity(entity) for entity in parse["entities"])
        turn = TestedUser(event.text, wanted, predicted, entities, found, step.location if step else None)
        if turn.is_right:
            self._tracker.update(event)
            self._selections = {} if parse is None else parse.get("response_selector", {})
        else:
            plain = tuple(replace(entity, role=None, group=None) for entity in event.entities)
            self._tracker.update(user_uttered(wanted or None, plain, event.text))
            self._selections = {}
        return turn

    def _action(self, event: ActionExecuted) -> TestedAction:
        wanted = event.label
        decision = self._choice(wanted)
        unlikely = decision.action == ACTION_UNLIKELY_INTENT != wanted
        if unlikely:
            self._tracker.update(ActionExecuted(ACTION_UNLIKELY_INTENT, event.text))
            decision = self._choice(wanted)
        is_right = decision.action == wanted
        self._tracker.update(ActionExecuted(wanted) if is_right else ActionExecuted(event.name, event.text))
        return TestedAction(
            wanted, decision.action, decision.policy, decision.confidence, unlikely, is_text=not event.name
        )

    def _choice(self, wanted: str) -> NextAction:
        """Predict once, or a second time where a form that should have gone on may have been rejected."""
        if self._is_tripped():
            return NextAction(TRIPPED, 0.0, "")
        decision = self._named(self._core.decide(self._tracker), wanted)
        loop = self._tracker.now.active_loop
        if decision.action != wanted and decision.action == loop and loop in self._forms:
            self._tracker.update(ActionExecutionRejected(loop))
            decision = self._named(self._core.decide(self._tracker), wanted)
        return decision

    def _is_tripped(self) -> bool:
        count = 0
        for event in reversed(self._tracker.events):
            if isinstance(event, ActionExecuted):
                if event.name in (ACTION_LISTEN, ACTION_SESSION_START):
                    break
                count += 1
        return count >= MOST_ACTIONS

    def _named(self, decision: NextAction, wanted: str) -> NextAction:
        """An action that selects a response is named by the response, unless the story names the action alone."""
        if decision.action == wanted or decision.action not in self._retrieval_actions:
            return decision
        intent = decision.action.removeprefix(_UTTER)
        selected = self._selections.get(intent) or self._selections.get(DEFAULT_SELECTOR) or {}
        name = selected.get("response", {}).get("utter_action")
        return decision._replace(action=name) if name else decision


def _full_intent(parse: Parse) -> str:
    """The name of the selected response where the intent is a retrieval intent."""
    intent: str = parse["intent"]["name"] or ""
    selections = parse.get("response_selector", {})
    if intent not in selections.get("all_retrieval_intents", ()):
        return intent
    selected = selections.get(DEFAULT_SELECTOR, selections.get(intent, {}))
    key: str = selected.get("response", {}).get("intent_response_key") or ""
    return key or intent


def _as_entity(entity: EntityValue | Mapping[str, Any]) -> dict[str, Any]:
    """Start, end, entity and value, which are compared; the value of a found entity as text."""
    if isinstance(entity, EntityValue):
        fields = {"start": entity.start, "end": entity.end, "entity": entity.entity, "value": entity.value}
        return {key: value for key, value in fields.items() if value is not None}
    fields = {key: entity[key] for key in ("start", "end", "entity", "value") if key in entity}
    if "extractor" in entity and "value" in fields:
        fields["value"] = str(fields["value"])
    return fields
