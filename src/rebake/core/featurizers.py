"""From trackers to training examples and prediction inputs: windows of states with labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from rebake.archive.json_files import read_json, write_json
from rebake.assistant.domain.names import action_names, entity_states, intent_names
from rebake.assistant.model import Domain
from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, ActionExecuted, UserUttered
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import (
    LOOP,
    PREVIOUS_ACTION,
    SLOTS,
    USER,
    SlotFeaturizer,
    State,
    follows_listen,
    follows_unlikely_intent,
    freeze,
    intent_only,
)
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.errors import RETRAIN, ModelError
from rebake.registry.tracker_featurizers import FULL_DIALOGUE, MAX_HISTORY
from rebake.staleness.canonical_order import ordered_domain

FILE = "featurizer.json"


@dataclass(frozen=True, slots=True)
class FeatureStates:
    """Index of every name that a state may have, per attribute: the width and the columns of the one-hot inputs."""

    intent: dict[str, int]
    action_name: dict[str, int]
    entities: dict[str, int]
    slots: dict[str, int]
    active_loop: dict[str, int]
    action_texts: tuple[str, ...] = ()

    @staticmethod
    def of(domain: Domain) -> FeatureStates:
        """As the domain orders actions, by name all others; slots count one column per number, ``<slot>_<i>``."""
        ordered = ordered_domain(domain)
        slots = [SlotFeaturizer.of(slot) for slot in ordered.slots]
        return FeatureStates(
            _index(intent_names(domain)),
            _index(action_names(domain)),
            _index(entity_states(ordered)),
            _index(f"{slot.name}_{number}" for slot in slots for number in range(slot.width)),
            _index(form.name for form in ordered.forms),
            tuple(domain.e2e_actions),
        )

    def index(self, attribute: str) -> dict[str, int]:
        """name -> column of ``intent``, ``action_name``, ``entities``, ``slots`` or ``active_loop``."""
        table: dict[str, int] = getattr(self, attribute)
        return table

    def encode(self, state: State) -> dict[str, list[tuple[int, float]]]:
        """Encode a state as (column, value) pairs per attribute present; names that the domain lacks give no pair.

        What the user said counts only right after ``action_listen``. An attribute with unknown names alone is there
        with an empty list: Rasa gives it a row of zeros, which is not the same as no row.
        """
        encoded: dict[str, dict[str, float]] = {}
        if "action_name" in state.get(PREVIOUS_ACTION, {}):
            encoded["action_name"] = {state[PREVIOUS_ACTION]["action_name"]: 1.0}
        if USER in state and follows_listen(state):
            if "intent" in state[USER]:
                encoded["intent"] = {state[USER]["intent"]: 1.0}
            if "entities" in state[USER]:
                encoded["entities"] = dict.fromkeys(state[USER]["entities"], 1.0)
        if SLOTS in state:
            encoded["slots"] = {
                f"{slot}_{number}": value
                for slot, feature in state[SLOTS].items()
                for number, value in enumerate(feature)
            }
        if LOOP in state:
            encoded["active_loop"] = {state[LOOP]["name"]: 1.0}
        return {
            attribute: sorted(
                (self.index(attribute)[name], float(value))
                for name, value in names.items()
                if name in self.index(attribute)
            )
            for attribute, names in encoded.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """``state_featurizer`` of featurizer.json."""
        names = ("intent", "action_name", "entities", "slots", "active_loop")
        return {
            "action_texts": list(self.action_texts),
            "entity_tag_specs": [],
            "feature_states": {attribute: self.index(attribute) for attribute in names},
        }

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> FeatureStates:
        """Read what :meth:`as_dict` gives."""
        return FeatureStates(**content["feature_states"], action_texts=tuple(content["action_texts"]))


def _index(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


@dataclass(slots=True)
class Examples:
    """Training examples: ``labels[i]`` is the action (name or text) that follows the window ``states[i]``.

    ``messages[i]`` is the user turn of text that the window ends with, whose entities can be learned from; None where
    it ends with an intent or an action.
    """

    states: list[list[State]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    messages: list[UserUttered | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TrackerFeaturizer:
    """``featurizer.json``: how a policy cuts conversations into windows.

    Attributes:
        max_history: number of states in a window, None for all.
        remove_duplicates: keep one of equal (window, label) pairs.
        feature_states: None for policies that compare states by name.
        type: FullDialogue keeps no ``max_history``.
    """

    max_history: int | None = None
    remove_duplicates: bool = True
    feature_states: FeatureStates | None = None
    type: str = MAX_HISTORY

    def examples(
        self,
        trackers: Iterable[TrainingTracker],
        *,
        omit_unset_slots: bool = False,
        ignore_unlikely_intent: bool = False,
    ) -> Examples:
        """Return one example per predictable action of the trackers, in their order.

        Args:
            trackers: training trackers.
            omit_unset_slots: leave out slots that have only their initial value (rules do).
            ignore_unlikely_intent: leave out turns of ``action_unlikely_intent`` (policies that learn from stories do).
        """
        found = Examples()
        seen: set[tuple[Any, ...]] = set()
        numbers: dict[int, int] = {}
        intern: dict[Any, int] = {}

        def number(state: State) -> int:
            known = numbers.get(id(state))
            if known is None:
                known = numbers[id(state)] = intern.setdefault(freeze(state), len(intern))
            return known

        for tracker in trackers:
            states = tracker.past_states(omit_unset_slots=omit_unset_slots)
            actions = _actions(tracker)
            if ignore_unlikely_intent:
                states = [state for state in states if not follows_unlikely_intent(state)]
                actions = [(action, said) for action, said in actions if action.name != ACTION_UNLIKELY_INTENT]
            codes = [number(state) for state in states] if self.remove_duplicates else []
            if omit_unset_slots:
                numbers.clear()  # these states are not shared, so an id may come again
            for end, (action, said) in enumerate(actions, start=1):
                if action.unpredictable:
                    continue
                start = max(0, min(end, len(states)) - self.max_history) if self.max_history else 0
                if self.remove_duplicates:
                    key = (*codes[start:end], action.label)
                    if key in seen:
                        continue
                    seen.add(key)
                found.states.append([intent_only(state) for state in states[start:end]])
                found.labels.append(action.label)
                found.messages.append(said)
        return found

    def prediction_states(
        self,
        tracker: Tracker,
        *,
        use_text: bool = False,
        rule_only: RuleOnlyData | None = None,
    ) -> list[State]:
        """Return the window that ends with the current state.

        Args:
            tracker: the conversation so far.
            use_text: see the last user turn by its text instead of its intent.
            rule_only: given by policies that learn from stories alone: hidden rule turns, what it names and turns of
                ``action_unlikely_intent`` are left out; None for the RulePolicy.
        """
        if rule_only is None:
            states = tracker.past_states()
        else:
            states = [state for state in tracker.story_states(rule_only) if not follows_unlikely_intent(state)]
        if self.max_history and self.type != FULL_DIALOGUE:
            states = states[-self.max_history :]
        if states and follows_listen(states[-1]) and USER in states[-1]:
            states = _last_turn_settled(states, use_text=use_text, shared=rule_only is not None)
        return [intent_only(state) for state in states]

    def save(self, directory: Path) -> None:
        """Write ``featurizer.json``."""
        content: dict[str, Any] = {
            "type": self.type,
            "state_featurizer": None if self.feature_states is None else self.feature_states.as_dict(),
        }
        if self.type != FULL_DIALOGUE:
            content |= {"remove_duplicates": self.remove_duplicates, "max_history": self.max_history}
        write_json(directory / FILE, content)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read ``featurizer.json``. Raises ModelError."""
        content = read_json(directory / FILE)
        try:
            tables = content["state_featurizer"]
            return cls(
                content.get("max_history"),
                content.get("remove_duplicates", True),
                None if tables is None else FeatureStates.from_dict(tables),
                content["type"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{directory.name}/{FILE} lacks {error}.", fix=RETRAIN) from error


def _actions(tracker: Tracker) -> list[tuple[ActionExecuted, UserUttered | None]]:
    """The applied actions, each with the turn of text that the user had before it."""
    found: list[tuple[ActionExecuted, UserUttered | None]] = []
    said: UserUttered | None = None
    for event in tracker.applied_events():
        if isinstance(event, UserUttered):
            said = event if event.text and not event.intent else None
        elif isinstance(event, ActionExecuted):
            found.append((event, said))
            if not event.unpredictable:
                said = None
    return found


def _last_turn_settled(states: Sequence[State], *, use_text: bool, shared: bool) -> list[State]:
    """The last user turn seen by its text, or by its intent.

    ``shared``: states that were given the user part of the state before them (:meth:`Tracker.story_states`) share it
    with that state as one object in Rasa, so what is taken from the last state is taken from those before it as well.
    """
    unused = ("intent", "entities") if use_text else ("text",)
    last = states[-1][USER]
    settled = {key: value for key, value in last.items() if key not in unused}
    earlier = [{**state, USER: settled} if shared and state.get(USER) is last else state for state in states[:-1]]
    return [*earlier, {**states[-1], USER: settled}]
