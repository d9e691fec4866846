"""Conflicts of stories: equal histories that go on with different actions, of which a policy can learn but one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rebake.assistant.model import ActionStep, Story
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.core.dialogue.events import ACTION_LISTEN, ActionExecuted
from rebake.core.dialogue.states import PREVIOUS_ACTION, USER, State
from rebake.core.dialogue.tracker import TrainingTracker

_SHOWN = 3  # stories that a message names for each action


@dataclass
class _Followers:
    """The actions that follow one history, with the trackers in which they do; ``number`` stands for the history."""

    number: int
    state: State
    actions: dict[str, list[TrainingTracker]] = field(default_factory=lambda: defaultdict(list))


def story_conflicts(trackers: Iterable[TrainingTracker], max_history: int | None = None) -> Iterator[Notice]:
    """Yield a notice for each history after which stories go on with different actions.

    As in Rasa, rules are left out, which have their own check, and so is what a conversation starts with: users of a
    channel start it, or the bot does.

    Args:
        trackers: of stories and rules; augmented ones say nothing new.
        max_history: how many turns before an action decide about it; None = all of them.
    """
    histories: dict[tuple[int, ...], _Followers] = {}
    for tracker in trackers:
        if tracker.is_rule or tracker.is_augmented:
            continue
        numbers = tracker.state_numbers
        actions = [event for event in tracker.events if isinstance(event, ActionExecuted)]
        before = -1
        for index, action in enumerate(actions[: len(numbers)]):
            # A whole history is the one before it and a state, so that long ones need no long keys.
            window = numbers[max(0, index + 1 - max_history) : index + 1] if max_history else (before, numbers[index])
            known = histories.get(window)
            if known is None:
                known = histories[window] = _Followers(len(histories), tracker.builder.state(numbers[index]))
            known.actions[action.label].append(tracker)
            before = known.number
    for followers in histories.values():
        if len(followers.actions) > 1 and (what := _last_event(followers.state)) is not None:
            yield _conflict(what, followers.actions)


def _last_event(state: State) -> str | None:
    """Describe what came last before a state; None at the start of a conversation."""
    previous = state.get(PREVIOUS_ACTION, {})
    if previous.get("action_name", ACTION_LISTEN) != ACTION_LISTEN:
        name = previous["action_name"]
        return f"the action '{name}'"
    if "action_text" in previous:
        return f"the bot's text '{previous['action_text']}'"
    user = state.get(USER, {})
    if "intent" in user:
        return f"the intent '{user['intent']}'"
    return f"the text '{user['text']}'" if "text" in user else None


def _conflict(what: str, actions: dict[str, list[TrainingTracker]]) -> Notice:
    in_order = sorted(actions.items(), key=lambda way: _begin(way[1][0]))
    ways = "; ".join(f"'{action}' in {_stories(trackers)}" for action, trackers in in_order)
    action, trackers = in_order[-1]
    place = _place(trackers[0].stories, action)
    return Notice(
        f"After {what} and an equal history, the stories go on in different ways: {ways}.",
        place,
        NoticeKind.STORY_CONFLICT,
    )


def _begin(tracker: TrainingTracker) -> Location:
    """Where the last of a tracker's stories begins."""
    return (tracker.stories[-1].location if tracker.stories else None) or Location("", 0)


def _stories(trackers: Sequence[TrainingTracker]) -> str:
    names = list(dict.fromkeys(tracker.name for tracker in trackers))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more


def _place(stories: Sequence[Story], action: str) -> Location | None:
    """The step with the action, if only one is; else the last of the stories."""
    steps = [
        step
        for story in stories
        for step in story.steps
        if isinstance(step, ActionStep) and action in (step.name, step.text)
    ]
    if len(steps) == 1:
        return steps[0].location
    return stories[-1].location if stories else None
