"""A form's turn: it takes what the user gave, and asks for the next slot that is empty, as Rasa's ``FormAction``.

``validate_FORM`` is an action of a server, so every value is taken as it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rebake.assistant.model import Form
from rebake.core.conversation.slot_extraction import REQUESTED_SLOT, SlotExtraction
from rebake.core.dialogue.events import ACTION_LISTEN, ActiveLoop, Event, Restarted, SlotSet, UserUttered
from rebake.core.dialogue.tracker import Tracker


@dataclass(frozen=True, slots=True)
class FormTurn:
    """What a form does.

    Attributes:
        events: to be applied; None where the form rejects its execution, as the user gave nothing of what it needs.
        asks: the action or response that asks for the next slot; None if the form is done or has none.
    """

    events: tuple[Event, ...] | None
    asks: str | None = None


def run_form(form: Form, tracker: Tracker, extraction: SlotExtraction, actions: Collection[str]) -> FormTurn:
    """Run a form. ``actions`` are all names of actions, among which it finds the one that asks for a slot."""
    now = tracker.now
    is_active = now.active_loop == form.name
    events: list[Event] = []
    given: list[SlotSet] = []
    if not is_active:
        events.append(ActiveLoop(form.name))
        given = extraction.slots(Tracker(tracker.builder, [*tracker.events, *events]))
        events += given
    was_answered = now.latest_action_name == ACTION_LISTEN and not now.loop_interrupted
    if is_active and was_answered and now.values.get(REQUESTED_SLOT) and not _was_given(form, tracker):
        return FormTurn(None)
    after = Tracker(tracker.builder, [*tracker.events, *events])
    wanted = next((slot for slot in form.required_slots if after.now.values.get(slot) is None), None)
    events.append(SlotSet(REQUESTED_SLOT, wanted))
    if wanted is None:
        return FormTurn((*events, ActiveLoop(None)))
    names = (
        f"action_ask_{form.name}_{wanted}",
        f"utter_ask_{form.name}_{wanted}",
        f"action_ask_{wanted}",
        f"utter_ask_{wanted}",
    )
    return FormTurn(tuple(events), next((name for name in names if name in actions), None))


def _was_given(form: Form, tracker: Tracker) -> bool:
    """Whether the latest user turn set a slot that the form needs, or the one that it asked for."""
    needed = {*form.required_slots, tracker.now.values.get(REQUESTED_SLOT)}
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered | Restarted):
            break
        if isinstance(event, SlotSet) and event.name in needed:
            return True
    return False
