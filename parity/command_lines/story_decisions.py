"""What `rasa test core` would report for a model's decisions on stories, and conversations to be had from stories."""

from __future__ import annotations

from parity.command_lines.reports import figures
from rebake.assistant.model import Assistant
from rebake.core.agent import CoreModel
from rebake.core.dialogue.events import (
    ACTION_UNLIKELY_INTENT,
    ActionExecuted,
    ActionExecutionRejected,
    Event,
    UserUttered,
)
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ensemble import combine
from rebake.core.stories.generator import training_trackers


def stories_report(core: CoreModel, assistant: Assistant) -> tuple[dict[str, dict[str, float]], int, int]:
    """Figures by action, how many stories have all actions right, and how many there are.

    As the command: each story goes on as written whatever was predicted. After a surprise about an intent, and after
    an active form that ought to go on where the story says otherwise, the prediction that follows counts.
    """
    gold: list[str] = []
    chosen_actions: list[str] = []
    trackers = training_trackers(assistant.stories, assistant.domain, 0)
    right = 0
    for tracker in trackers:
        wanted, decided = _decisions(core, assistant, tracker.events)
        right += wanted == decided
        gold += wanted
        chosen_actions += decided
    return figures(gold, chosen_actions), right, len(trackers)


def _decisions(core: CoreModel, assistant: Assistant, events: list[Event]) -> tuple[list[str], list[str]]:
    tracker = Tracker(StateBuilder(assistant.domain), events[:1])
    wanted, decided = [], []
    for event in events[1:]:
        if isinstance(event, ActionExecuted):
            wanted.append(event.label)
            action = _decision(core, assistant, tracker, event.label)
            if action == ACTION_UNLIKELY_INTENT != event.label:
                tracker.update(ActionExecuted(ACTION_UNLIKELY_INTENT))
                action = _decision(core, assistant, tracker, event.label)
            decided.append(action)
        tracker.update(event)
    return wanted, decided


def _decision(core: CoreModel, assistant: Assistant, tracker: Tracker, wanted: str) -> str:
    action = _first(core, tracker)
    forms = {form.name for form in assistant.domain.forms}
    if action != wanted and action == tracker.now.active_loop and action in forms:
        tracker.update(ActionExecutionRejected(action))
        action = _first(core, tracker)
    return action


def _first(core: CoreModel, tracker: Tracker) -> str:
    if tracker.now.followup in core.actions:
        return str(tracker.now.followup)
    winner = combine(list(core.decisions(tracker).values()), tracker, core.actions)
    return core.actions[winner.probabilities.index(winner.confidence)]


def conversations(assistant: Assistant) -> list[list[str]]:
    """What users would say in the stories: their texts, or the first training example of each intent."""
    examples: dict[str | None, str] = {}
    for example in assistant.nlu.examples:
        examples.setdefault(example.intent, example.text)
    found = []
    for tracker in training_trackers(assistant.stories, assistant.domain, 0):
        turns = [event for event in tracker.events if isinstance(event, UserUttered)]
        texts = [turn.text or examples.get(turn.intent, f"/{turn.intent}") for turn in turns]
        if texts and texts not in found:
            found.append(texts)
    return sorted(found, key=len, reverse=True)  # the longest show most
