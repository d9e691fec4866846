"""States: what a policy sees of a conversation before each action.

A state is a dict with the non-empty ones of these parts:
    user         {"intent": name | "text": text, "entities": sorted tuple of names}
    slots        {slot: tuple of floats, or "should_not_be_set" in rules}
    prev_action  {"action_name": name | "action_text": text}
    active_loop  {"name": name}
States are shared between trackers and never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebake.assistant.domain.names import used_entities
from rebake.assistant.model import Domain, Slot
from rebake.assistant.schemas.domain import SLOT_TYPES, slot_type
from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, SHOULD_NOT_BE_SET, UserUttered
from rebake.errors import UnsupportedError

State = dict[str, dict[str, Any]]
FrozenState = frozenset[tuple[str, frozenset[tuple[str, Any]]]]

USER = "user"
SLOTS = "slots"
PREVIOUS_ACTION = "prev_action"
LOOP = "active_loop"

OTHER_CATEGORY = "__other__"


def freeze(state: Mapping[str, Mapping[str, Any]]) -> FrozenState:
    """Return a hashable form: two states are the same training input if and only if these are equal."""
    return frozenset((part, frozenset(content.items())) for part, content in state.items())


def active_loop_of(state: State) -> str | None:
    """Return the name of the state's active loop; a rule's ``should_not_be_set`` is none."""
    name: str | None = state.get(LOOP, {}).get("name")
    return None if name == SHOULD_NOT_BE_SET else name


def follows_unlikely_intent(state: State) -> bool:
    """Return whether UnexpecTEDIntentPolicy marked the last user turn: other policies do not learn from this state."""
    return state.get(PREVIOUS_ACTION, {}).get("action_name") == ACTION_UNLIKELY_INTENT


def intent_only(state: State) -> State:
    """Drop the text of a turn with an intent: it is seen by one of them, never by both."""
    user = state.get(USER, {})
    if user.get("intent") and user.get("text"):
        return {**state, USER: {key: value for key, value in user.items() if key != "text"}}
    return state


def follows_listen(state: State) -> bool:
    """Return whether the state was taken right after ``action_listen``, when what the user said is news."""
    return state.get(PREVIOUS_ACTION, {}).get("action_name") == "action_listen"


@dataclass(frozen=True, slots=True)
class SlotFeaturizer:
    """Turns the values of one slot into numbers, as Rasa's class of that type does."""

    name: str
    type: str
    width: int
    categories: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = 1.0

    @staticmethod
    def of(slot: Slot) -> SlotFeaturizer:
        """Make the featurizer of a slot. Raises UnsupportedError for a custom class, as its code cannot be run."""
        kind = _slot_type(slot)
        categories: tuple[str, ...] = ()
        if kind == "categorical":
            categories = tuple(str(value).lower() for value in slot.values if value is not None)
            if OTHER_CATEGORY not in categories:
                categories = (*categories, OTHER_CATEGORY)
        widths = {"text": 1, "list": 1, "bool": 2, "float": 2, "categorical": len(categories), "any": 0}
        width = widths[kind] if slot.influence_conversation else 0
        return SlotFeaturizer(slot.name, kind, width, categories, slot.min_value, slot.max_value)

    def stored(self, value: Any) -> Any:
        """Return the value as the slot keeps it: a list slot wraps what is not a list."""
        return [value] if self.type == "list" and value and not isinstance(value, list) else value

    def feature(self, stored: Any) -> tuple[float, ...] | str | None:
        """Return numbers [width], or the marker of rules, or None where the slot counts as not set."""
        if self.width == 0:
            return None
        if isinstance(stored, str) and stored == SHOULD_NOT_BE_SET:
            return SHOULD_NOT_BE_SET
        numbers = self._numbers(stored)
        return numbers if any(numbers) else None

    def _numbers(self, value: Any) -> tuple[float, ...]:
        match self.type:
            case "text":
                return (0.0 if value is None else 1.0,)
            case "list":
                return (1.0 if value is not None and _length(value) > 0 else 0.0,)
            case "bool":
                flag = _as_bool(value)
                return (0.0, 0.0) if flag is None else (1.0, float(flag))
            case "float":
                return self._float_numbers(value)
        if value is None:
            return (0.0,) * self.width
        word = str(value).lower()
        hit = self.categories.index(word if word in self.categories else OTHER_CATEGORY)
        return tuple(float(index == hit) for index in range(self.width))

    def _float_numbers(self, value: Any) -> tuple[float, ...]:
        try:
            capped = max(self.minimum, min(self.maximum, float(value)))
        except (TypeError, ValueError):
            return (0.0, 0.0)
        return (1.0, (capped - self.minimum) / (abs(self.maximum - self.minimum) or 1))


def _slot_type(slot: Slot) -> str:
    """The type's short name; archives may have the dotted class of Rasa's own types."""
    kind = slot_type(slot.type)
    if kind is None:
        raise UnsupportedError(
            f"Slot '{slot.name}' has the custom type '{slot.type}', whose code rebake does not run.",
            location=slot.location,
            fix=f"Use one of the types {', '.join(SLOT_TYPES)}, or set influence_conversation: false with type any.",
        )
    return kind


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:
        return 0


def _as_bool(value: Any) -> bool | None:
    """None where the value is unset or no truth value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value == 1.0
    if isinstance(value, str):
        if value.isnumeric():  # also a text such as "½", of which float() makes nothing
            return float(value) == 1.0 if value.isdecimal() else None
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


class StateBuilder:
    """What of a domain is needed to turn events into states, worked out once; shared by all trackers of a run."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.slots = {slot.name: SlotFeaturizer.of(slot) for slot in domain.slots}
        self.initial_values = {slot.name: slot.initial_value for slot in domain.slots}
        for automatic in ("requested_slot", "session_started_metadata"):
            self.initial_values.setdefault(automatic, None)
        self.initial_slots = self._initial_slots()
        self._wanted: dict[str, frozenset[str] | None] = {}
        self._ids: dict[FrozenState, int] = {}
        self._states: list[State] = []

    def _initial_slots(self) -> dict[str, Any]:
        features = {name: slot.feature(self.initial_values[name]) for name, slot in self.slots.items()}
        return {name: feature for name, feature in features.items() if feature is not None}

    def user_part(self, message: UserUttered | None) -> dict[str, Any]:
        """Return the ``user`` part of states that follow the message."""
        if message is None:
            return {}
        part: dict[str, Any] = {}
        if message.text and message.use_text is not False:
            part["text"] = message.text
        if not message.use_text:
            if message.intent:
                part["intent"] = message.intent
            entities = self._entity_names(message)
            if entities:
                part["entities"] = entities
        return part

    def _entity_names(self, message: UserUttered) -> tuple[str, ...]:
        names: set[str] = set()
        for found in message.entities:
            names.add(found.entity)
            names.update(f"{found.entity}#{label}" for label in (found.role, found.group) if label is not None)
        wanted = self._wanted_entities(message.intent or "")
        return tuple(sorted(names if wanted is None else names & wanted))

    def _wanted_entities(self, intent: str) -> frozenset[str] | None:
        if intent not in self._wanted:
            self._wanted[intent] = used_entities(self.domain, intent)
        return self._wanted[intent]

    def intern(self, state: State) -> int:
        """Return a number that is the same for equal states, so that histories are compared as tuples of numbers."""
        key = freeze(state)
        number = self._ids.get(key)
        if number is None:
            number = self._ids[key] = len(self._states)
            self._states.append(state)
        return number

    def state(self, number: int) -> State:
        """Return the state behind a number of :meth:`intern`."""
        return self._states[number]
