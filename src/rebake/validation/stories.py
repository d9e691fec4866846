"""What is odd about stories although they can be trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rebake.assistant.model import ActionStep, LoopStep, OrStep, Story, UserStep
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.core.dialogue.applied_events import applied_events
from rebake.core.dialogue.events import ACTION_LISTEN, ActionExecuted, ActiveLoop, Event, UserUttered, plain_event

_Placed = tuple[Event, Location | None]


def check_stories(stories: Iterable[Story]) -> tuple[Notice, ...]:
    """Return a notice for each story that spells out the turns inside a form.

    Where a form's action comes again with nothing but the user's answers in between, Rasa 3.6 (and so rebake) drops
    those turns from the actions to be learned, but not from the states that are learned from: from there on, each
    action is learned for an earlier moment than the one it belongs to.
    """
    notices = []
    for story in stories:
        if not story.is_rule and (found := _repeated_form(story)) is not None:
            form, place = found
            notices.append(
                Notice(
                    f"The story '{story.name}' spells out turns inside the form '{form}': Rasa, and rebake with it, "
                    "learns all actions from here on for the wrong moments. Write a form's action and its active_loop "
                    "once, and then what happens when it is done or interrupted.",
                    place,
                    NoticeKind.REPEATED_FORM,
                )
            )
    return tuple(notices)


def _repeated_form(story: Story) -> tuple[str, Location | None] | None:
    """The form whose action is the first to be dropped, and its location."""
    placed = _events(story)
    if not any(isinstance(event, ActiveLoop) for event, _ in placed):
        return None
    events = [event for event, _ in placed]
    if _actions(applied_events(events)) == _actions(events):
        return None
    loops = [event for event in events if isinstance(event, ActiveLoop)]  # Rasa looks at those of all the story
    for end, (event, place) in enumerate(placed, start=1):
        before = [*loops, ActiveLoop(None), *events[:end]]
        if isinstance(event, ActionExecuted) and _actions(applied_events(before)) < _actions(events[:end]):
            return event.label, place
    return None


def _events(story: Story) -> list[_Placed]:
    """What counts for forms; the alternatives of an OR are one user turn."""
    events: list[_Placed] = []
    for step in story.steps:
        match step:
            case UserStep() | OrStep():
                events += [(ActionExecuted(ACTION_LISTEN), None), (UserUttered(None), step.location)]
            case ActionStep():
                event = plain_event(step.name or "")
                events.append((event or ActionExecuted(step.name or "", step.text), step.location))
            case LoopStep():
                events.append((ActiveLoop(step.name), step.location))
    return events


def _actions(events: Sequence[Event]) -> int:
    return sum(isinstance(event, ActionExecuted) for event in events)
