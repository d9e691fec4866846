"""What happens in a conversation, as values: the events that stories are made of and that a tracker replays.

Only events that change what a policy sees are here; a server's bookkeeping (reminders, pauses, bot messages) is
skipped when events are read from JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rebake.assistant.model import UserStep
from rebake.errors import UsageError

ACTION_LISTEN = "action_listen"
ACTION_SESSION_START = "action_session_start"
ACTION_UNLIKELY_INTENT = "action_unlikely_intent"
RULE_SNIPPET = "..."
SHOULD_NOT_BE_SET = "should_not_be_set"


@dataclass(frozen=True, slots=True)
class EntityValue:
    """An entity of a user message; ``role`` and ``group`` are None where the message has none.

    It is text[start:end] of a message that has a text, end exclusive; both are None where only an intent is known.
    """

    entity: str
    value: Any = ""
    role: str | None = None
    group: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class ActionExecuted:
    """An action by ``name``, or end to end by ``text``.

    ``unpredictable`` marks the first action of a story that starts without a user turn: nothing could have led to
    it, so it is no training example. ``hide_rule_turn`` marks a turn that only rules know.
    """

    name: str | None
    text: str | None = None
    unpredictable: bool = False
    hide_rule_turn: bool = False

    @property
    def label(self) -> str:
        """What a policy would have predicted."""
        return self.name or self.text or ""


@dataclass(frozen=True, slots=True)
class UserUttered:
    """A user turn. ``use_text``: featurize the text (True), the intent (False), or undecided (None).

    ``step`` is that of the test story which it was read from.
    """

    intent: str | None
    entities: tuple[EntityValue, ...] = ()
    text: str | None = None
    confidence: float = 1.0
    use_text: bool | None = None
    step: UserStep | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SlotSet:
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class ActiveLoop:
    """``name`` None ends the loop; rules say ``should_not_be_set`` instead."""

    name: str | None


@dataclass(frozen=True, slots=True)
class LoopInterrupted:
    is_interrupted: bool


@dataclass(frozen=True, slots=True)
class ActionExecutionRejected:
    name: str


@dataclass(frozen=True, slots=True)
class FollowupAction:
    name: str


@dataclass(frozen=True, slots=True)
class UserFeaturization:
    """The policy that won used the text (True) or the intent (False) of the last user message."""

    use_text: bool


@dataclass(frozen=True, slots=True)
class EntitiesAdded:
    """Entities that a policy found in the last user message."""

    entities: tuple[EntityValue, ...]


@dataclass(frozen=True, slots=True)
class Restarted:
    """Everything before is forgotten."""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """Everything before is forgotten, slots that carry over are set again afterwards."""


@dataclass(frozen=True, slots=True)
class AllSlotsReset:
    pass


@dataclass(frozen=True, slots=True)
class UserUtteranceReverted:
    """The last user turn and all that followed it did not happen."""


@dataclass(frozen=True, slots=True)
class ActionReverted:
    """The last action and all that followed it did not happen."""


Event = (
    ActionExecuted
    | UserUttered
    | SlotSet
    | ActiveLoop
    | LoopInterrupted
    | ActionExecutionRejected
    | FollowupAction
    | UserFeaturization
    | EntitiesAdded
    | Restarted
    | SessionStarted
    | AllSlotsReset
    | UserUtteranceReverted
    | ActionReverted
)

_PLAIN: dict[str, Event] = {  # the names are those of rebake.assistant.stories.texts
    "restart": Restarted(),
    "session_started": SessionStarted(),
    "reset_slots": AllSlotsReset(),
    "rewind": UserUtteranceReverted(),
    "undo": ActionReverted(),
}
_EXAMPLE = "{'event': 'user', 'intent': 'greet'}"
_WITHOUT_EFFECT = frozenset({"bot", "agent", "pause", "resume", "reminder", "cancel_reminder", "export"})


def plain_event(name: str) -> Event | None:
    """The event without parameters of that type name, which a story may name where an action stands."""
    return _PLAIN.get(name)


def events_from_json(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Events in the JSON form of a tracker dump, or in its short form (``name``, ``intent``, ``entities``).

    Raises:
        TypeError: an entry is no mapping.
        UsageError: an entry has no known ``event`` or lacks its name.
    """
    return [event for entry in events if (event := _event_from_json(entry)) is not None]


def _event_from_json(entry: Mapping[str, Any]) -> Event | None:  # noqa: PLR0911 (one return per kind of event)
    kind = _kind(entry)
    name = entry.get("name")
    match kind:
        case "action":
            return ActionExecuted(name, entry.get("action_text"), hide_rule_turn=bool(entry.get("hide_rule_turn")))
        case "user":
            return _user_from_json(entry)
        case "slot":
            return SlotSet(_required(name, entry), entry.get("value"))
        case "active_loop" | "form":
            return ActiveLoop(name)
        case "loop_interrupted":
            return LoopInterrupted(bool(entry.get("is_interrupted")))
        case "form_validation":  # how older trackers say it
            return LoopInterrupted(not entry.get("validate", True))
        case "action_execution_rejected":
            return ActionExecutionRejected(_required(name, entry))
        case "followup":
            return FollowupAction(_required(name, entry))
        case "user_featurization":
            return UserFeaturization(bool(entry.get("use_text_for_featurization")))
        case "entities":
            return EntitiesAdded(_entities_from_json(entry.get("entities")))
    if isinstance(kind, str) and (kind in _PLAIN or kind in _WITHOUT_EFFECT):
        return _PLAIN.get(kind)
    raise UsageError(f"'{kind}' is not an event that a conversation has.", fix="Name one as a tracker dump does.")


def _kind(entry: Mapping[str, Any]) -> Any:
    if not isinstance(entry, Mapping):
        raise TypeError(f"An event is a mapping, such as {_EXAMPLE}, not {type(entry).__name__}.")
    if "event" not in entry:
        raise UsageError(f"The event {dict(entry)!r} has no key 'event'.", fix=f"Write it as {_EXAMPLE}.")
    return entry["event"]


def _required(name: Any, entry: Mapping[str, Any]) -> str:
    if not isinstance(name, str):
        raise UsageError(f"The event {dict(entry)!r} has no name.", fix="Add the key 'name'.")
    return name


def _user_from_json(entry: Mapping[str, Any]) -> UserUttered:
    parsed: Mapping[str, Any] = {**(entry.get("parse_data") or {}), **entry}
    intent = parsed.get("intent")
    confidence = parsed.get("confidence", 1.0)
    if isinstance(intent, Mapping):
        confidence = intent.get("confidence", 1.0)
        intent = intent.get("name")
    return user_uttered(intent, _entities_from_json(parsed.get("entities")), parsed.get("text"), float(confidence))


def user_uttered(
    intent: str | None, entities: tuple[EntityValue, ...] = (), text: str | None = None, confidence: float = 1.0
) -> UserUttered:
    """A user turn that is featurized by what it has: with intent and text the winner's choice is awaited."""
    use_text = None if intent and text else True if text else False if intent else None
    return UserUttered(intent, entities, text, confidence, use_text)


def _entities_from_json(entities: Iterable[Mapping[str, Any]] | None) -> tuple[EntityValue, ...]:
    return tuple(
        EntityValue(entity["entity"], *(entity.get(key) for key in ("value", "role", "group", "start", "end")))
        for entity in entities or ()
        if "entity" in entity
    )
