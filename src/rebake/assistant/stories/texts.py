"""What stories say, turn by turn: names of intents and actions, and end to end the texts in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebake.assistant.domain.names import DEFAULT_ACTIONS
from rebake.assistant.model import ActionStep, OrStep, Story, UserStep

# Names that stand for an event where a story has ``action:``; no policy predicts them.
EVENT_NAMES = frozenset({"restart", "session_started", "reset_slots", "rewind", "undo"})


def turns(stories: Iterable[Story]) -> Iterator[UserStep | ActionStep]:
    """Every step of a user or of the bot, alternatives of ORs among them, in order."""
    for story in stories:
        for step in story.steps:
            if isinstance(step, OrStep):
                yield from (alternative for alternative in step.alternatives if isinstance(alternative, UserStep))
            elif isinstance(step, UserStep) or (isinstance(step, ActionStep) and step.name not in EVENT_NAMES):
                yield step


def learned_texts(stories: Iterable[Story]) -> list[tuple[str, str]]:
    """What end-to-end stories add to what featurizers learn from, as (attribute, value) (RASA36 section 6, Importer).

    Attributes are ``action_name``, ``action_text``, ``intent`` and ``text``. One pair for each action that Rasa itself
    has, and for each different action, bot text, intent and user text of the stories; a user turn counts once for each
    way in which its entities are labelled, so a pair may come again.
    """
    actions = {("action_name", name) for name in DEFAULT_ACTIONS}
    users: set[tuple[str, str, tuple[object, ...]]] = set()
    for step in turns(stories):
        if isinstance(step, ActionStep):
            actions.add(("action_name", step.name) if step.name else ("action_text", step.text or ""))
        elif step.intent is None:
            users.add(("text", step.text or "", tuple((bool(s.role), bool(s.group)) for s in step.spans)))
        else:
            labels = tuple((entity.entity, entity.role, entity.group, entity.value is None) for entity in step.entities)
            users.add(("intent", step.intent, labels))
    return [*sorted(actions), *((attribute, value) for attribute, value, _ in sorted(users, key=str))]
